//! What a shard keeps: records, keys of personal data, and what it asks of the store.

use exchange_node::{Disk, Past, Question, Seed, Vault};
use exchange_protocol::{RecordBatch, SealClass, Sealed, SealedText};
use exchange_types::Uuid7;

use super::Outbound;
use crate::past::Asked;

impl Disk for Outbound {
    fn append(&mut self, batch: RecordBatch<'_>) {
        self.journal.append(self.place, batch);
    }
}

impl Seed for Outbound {
    fn entropy(&mut self) -> u128 {
        self.entropy.bits()
    }
}

impl Outbound {
    /// Returns a text of a buyer's reply as it is written down: it may name the person. Nothing where no key is
    /// ready.
    pub(crate) fn seal_text(&mut self, lead: Uuid7, text: &str) -> Option<String> {
        let mut ciphertext = Vec::new();
        match self.drawer.seal(SealClass::Lead, lead, text.as_bytes(), &mut ciphertext) {
            Ok(sealed) => Some(SealedText { sealed, ciphertext }.to_text()),
            Err(error) => {
                tracing::warn!(%error, "where a person is to be sent is left out: it cannot be kept as ciphertext");
                None
            }
        }
    }
}

impl Vault for Outbound {
    fn seal(&mut self, lead: Uuid7, class: SealClass, plain: &[u8], out: &mut Vec<u8>) -> Option<Sealed> {
        match self.drawer.seal(class, lead, plain, out) {
            Ok(sealed) => Some(sealed),
            Err(error) => {
                tracing::warn!(%error, "a lead is refused: it cannot be kept as ciphertext");
                None
            }
        }
    }

    fn unseal(&mut self, lead: Uuid7, sealed: &Sealed, ciphertext: &[u8]) -> Option<Vec<u8>> {
        let plain = self.vault.unseal(lead, sealed, ciphertext).ok()?;
        Some(plain.to_vec())
    }
}

impl Past for Outbound {
    fn look_up(&mut self, token: u64, question: Question) {
        self.past.ask(Asked { place: self.place, token, question });
    }
}
