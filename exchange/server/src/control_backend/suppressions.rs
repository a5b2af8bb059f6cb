//! Suppression lists.
//!
//! Who comes onto a list stands on it before that is on disk, who leaves one only afterwards: whatever fails, nobody is
//! sold who was not to be.

use exchange_control::{
    ListError, Listed, ListedPerson, Page, Scope, SuppressError, SuppressionEntry, Suppressions, Unavailable,
    WantedSuppression,
};
use exchange_protocol::{Suppression, SuppressionList};
use exchange_store::SuppressionView;

use super::failures::unwritten;
use super::{ControlBackend, listed, store_page};
use crate::desk::{DeskError, Turn};
use crate::wall_clock;

impl Suppressions for ControlBackend {
    async fn suppress(&self, wanted: WantedSuppression) -> Result<usize, SuppressError> {
        let WantedSuppression { list, buyer, on, entries, by } = wanted;
        let mut change = Suppression {
            list,
            buyer,
            on,
            digests: self.digests_of(entries)?,
            by,
            at: wall_clock::utc_now(),
        };
        change.digests.sort_unstable();
        change.digests.dedup();
        let mut turn = self.desk.turn().await;
        let is_new = |digest: &&u128| !self.shared.is_listed(**digest, list, &change.buyer);
        let new = change.digests.iter().filter(is_new).count();
        let left = self.suppressions_max.saturating_sub(self.shared.suppressions());
        if on && new > left {
            return Err(SuppressError::TooMany { left });
        }
        let changed = self.write_suppression(&mut turn, change).await;
        changed.map_err(|Unavailable| SuppressError::Unavailable)
    }

    async fn suppressions(
        &self,
        scope: &Scope,
        list: Option<SuppressionList>,
        page: Page,
    ) -> Result<Listed<SuppressionEntry>, ListError> {
        let page = store_page(page);
        let store = self.fresh_store().await;
        let found = match scope.buyer() {
            Some(buyer) => store.as_buyer(buyer).suppressions(&page).await,
            None => store.as_operator().suppressions(list, &page).await,
        };
        listed(found, |SuppressionView { list, digest, by, at }| SuppressionEntry { list, digest, by, at })
    }
}

impl ControlBackend {
    /// Changes a list, for every lead from now on and for good, and returns for how many entries that changed
    /// something.
    pub(super) async fn write_suppression(
        &self,
        turn: &mut Turn<'_>,
        change: Suppression,
    ) -> Result<usize, Unavailable> {
        if change.digests.is_empty() {
            return Ok(0);
        }
        let added = if change.on { self.shared.take_suppression(&change) } else { Vec::new() };
        // A repeat is written again: nobody knows whether the first one has reached the disk.
        if let Err(error) = turn.write(&[change.clone().into()]).await {
            // Of a disk that does not answer nobody knows, and they stay on the list; else nothing was handed over.
            if matches!(error, DeskError::Journal(_)) && !added.is_empty() {
                self.shared.take_suppression(&Suppression { on: false, digests: added, ..change });
            }
            return Err(unwritten(&error));
        }
        if change.on {
            return Ok(added.len());
        }
        Ok(self.shared.take_suppression(&change).len())
    }

    fn digests_of(&self, entries: Vec<ListedPerson>) -> Result<Vec<u128>, SuppressError> {
        let mut bad = Vec::new();
        let mut digests = Vec::with_capacity(entries.len());
        for (place, entry) in entries.into_iter().enumerate() {
            let digest = match entry {
                ListedPerson::Phone(phone) => self.phone_digest(&phone.reveal()),
                ListedPerson::Email(email) => self.email_digest(&email.reveal()),
                ListedPerson::Digest(digest) => Some(self.fingerprints.of_sha256(&digest).number()),
            };
            match digest {
                Some(digest) => digests.push(digest),
                None => bad.push(place),
            }
        }
        if bad.is_empty() { Ok(digests) } else { Err(SuppressError::Entries(bad)) }
    }
}
