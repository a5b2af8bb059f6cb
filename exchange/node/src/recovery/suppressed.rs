//! [`Suppressed`]: who stands on which suppression list, and its bytes in a checkpoint.

use std::collections::BTreeSet;

use exchange_protocol::{Suppression, SuppressionList};

use super::CheckpointError;
use super::bytes::{Reader, Writer};
use super::names::{NameId, Names};

/// Who stands on which suppression list. One entry takes some 50 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Suppressed(BTreeSet<(SuppressionList, NameId, u128)>);

impl Suppressed {
    pub(super) fn take(&mut self, change: &Suppression, names: &mut Names) {
        let buyer = if change.buyer.is_empty() { NameId::NONE } else { names.intern(&change.buyer) };
        for digest in &change.digests {
            let entry = (change.list, buyer, *digest);
            if change.on {
                self.0.insert(entry)
            } else {
                self.0.remove(&entry)
            };
        }
    }

    /// Returns every entry with the buyer whose list it is.
    pub(super) fn iter<'a>(
        &'a self,
        names: &'a Names,
    ) -> impl Iterator<Item = (SuppressionList, &'a str, u128)> + 'a {
        self.0.iter().map(|(list, buyer, digest)| (*list, names.name(*buyer).unwrap_or_default(), *digest))
    }

    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.count(self.0.len());
        for (list, buyer, digest) in &self.0 {
            to.u8(list.code());
            to.u32(buyer.0);
            to.u128(*digest);
        }
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, CheckpointError> {
        let count = from.count()?;
        let one = |_| {
            let list = SuppressionList::from_code(from.u8()?).ok_or_else(|| from.damaged())?;
            Ok((list, NameId(from.u32()?), from.u128()?))
        };
        (0..count).map(one).collect::<Result<_, _>>().map(Self)
    }
}
