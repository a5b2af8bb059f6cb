//! Suppression lists that take everything, and one entry of each asked for.

use exchange_control::{
    ListError, Listed, ListedPerson, Page, Scope, SuppressError, SuppressionEntry, Suppressions,
    WantedSuppression,
};
use exchange_protocol::SuppressionList;

use super::deals::AT;
use super::{MadeUp, Seen};

impl Suppressions for MadeUp {
    async fn suppress(&self, wanted: WantedSuppression) -> Result<usize, SuppressError> {
        self.answers().map_err(|_| SuppressError::Unavailable)?;
        if let Some(error) = &self.fails.suppress {
            return Err(error.clone());
        }
        let WantedSuppression { list, buyer, on, entries, by } = wanted;
        let words = entries.into_iter().map(|entry| match entry {
            ListedPerson::Phone(phone) => format!("phone {}", phone.reveal()),
            ListedPerson::Email(email) => format!("email {}", email.reveal()),
            ListedPerson::Digest(digest) => format!("digest {:?}", digest.first()),
        });
        let entries: Vec<String> = words.collect();
        let count = entries.len();
        self.note(Seen::Suppress((list, buyer, on), entries, by));
        Ok(count)
    }

    async fn suppressions(
        &self,
        scope: &Scope,
        list: Option<SuppressionList>,
        _: Page,
    ) -> Result<Listed<SuppressionEntry>, ListError> {
        self.answers()?;
        let list = list.unwrap_or(SuppressionList::Erased);
        let entry = SuppressionEntry { list, digest: 7, by: scope.owner(), at: AT };
        Ok(Listed { items: vec![entry], next: None })
    }
}
