//! Under which fingerprints a person is known, and when memory forgets it.

use exchange_types::{Person, Prints, UtcMicros, Uuid7};

use crate::Shared;

impl Shared {
    /// Returns the fingerprints of a person in a vertical: duplicates are those of one vertical.
    pub fn person_prints(&self, person: &Person, vertical: &str) -> Prints {
        let of_vertical = self.person_key.hasher().text("person").text(vertical);
        person.digests().map(|digest| Some(of_vertical.bytes(&digest?.to_be_bytes()).finish()))
    }

    /// Returns the number that stands for a buyer of this name in every catalog.
    pub(crate) fn buyer_key(&self, name: &str) -> u64 {
        self.tie_keys().number(name)
    }

    /// Forgets a person, if the fingerprint is still this sale's; from now on only the store knows.
    pub(crate) fn retire_person(&self, print: u128, id: Uuid7, now: UtcMicros) {
        self.seen_persons.insert(print, now);
        self.fingerprints.forget(print, id);
        if !self.fingerprints.knows(print) {
            self.had_by.forget(print);
        }
    }
}
