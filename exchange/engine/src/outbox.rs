//! [`Outbox`]: what a shard hands out: effects, encoded records, and who waits for their sync.

use std::collections::VecDeque;

use exchange_protocol::{Effect, Record, RecordBatch, SlotKey, encode_record};
use exchange_types::{Now, Submission};

/// Effects and records of a shard, in the order in which they came about.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// The moment of the input that is being handled.
    now: Now,
    effects: VecDeque<Effect>,
    bytes: Vec<u8>,
    /// The ciphertexts of the records in `bytes`, in their order.
    sealed: Vec<u8>,
    /// The number of the last record that was handed out.
    taken: u64,
    /// The number of the last record that was written.
    written: u64,
    /// The number of the last record on disk.
    durable: u64,
    /// Auctions that wait for a record, in the order of the records.
    waiting: VecDeque<(u64, SlotKey)>,
    /// Submissions of auctions that are over, whose buffers the next leads may use.
    #[expect(clippy::vec_box, reason = "a submission is moved about boxed; unboxing it would copy it")]
    spare: Vec<Box<Submission>>,
}

/// Spare submissions that are kept; more would only hold memory after a burst.
const SPARE_MAX: usize = 1_024;

impl Outbox {
    /// Begins to handle an input.
    pub(crate) fn begin(&mut self, now: Now) {
        self.now = now;
    }

    /// Returns the moment of the input that is being handled.
    pub(crate) fn now(&self) -> Now {
        self.now
    }

    pub(crate) fn push(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    pub(crate) fn pop(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// Writes a record and returns its number.
    pub(crate) fn append(&mut self, record: &Record) -> u64 {
        encode_record(record, &mut self.bytes);
        self.number()
    }

    /// Writes a record by its own encoder and returns its number.
    pub(crate) fn append_with(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> u64 {
        encode(&mut self.bytes);
        self.number()
    }

    /// Writes a record that is encoded already and returns its number.
    pub(crate) fn append_encoded(&mut self, record: &[u8]) -> u64 {
        self.bytes.extend_from_slice(record);
        self.number()
    }

    /// Writes a record with the ciphertexts that it owns and returns its number.
    pub(crate) fn append_sealed(&mut self, record: &Record, sealed: &[u8]) -> u64 {
        self.sealed.extend_from_slice(sealed);
        self.append(record)
    }

    fn number(&mut self) -> u64 {
        self.written = self.written.saturating_add(1);
        self.push(Effect::Append(self.written));
        self.written
    }

    /// Has an auction looked at when the record of this number is on disk.
    pub(crate) fn wait_for(&mut self, record: u64, auction: SlotKey) {
        self.waiting.push_back((record, auction));
    }

    pub(crate) fn is_durable(&self, record: u64) -> bool {
        record <= self.durable
    }

    /// Notes that records up to this number are on disk.
    pub(crate) fn set_durable(&mut self, up_to: u64) {
        self.durable = self.durable.max(up_to);
    }

    /// Takes the next auction whose record is on disk.
    pub(crate) fn pop_durable(&mut self) -> Option<SlotKey> {
        let (record, auction) = *self.waiting.front()?;
        if !self.is_durable(record) {
            return None;
        }
        self.waiting.pop_front();
        Some(auction)
    }

    pub(crate) fn keep_spare(&mut self, submission: Box<Submission>) {
        if self.spare.len() < SPARE_MAX {
            self.spare.push(submission);
        }
    }

    pub(crate) fn take_spare(&mut self) -> Option<Box<Submission>> {
        self.spare.pop()
    }

    /// Hands the records that were written since the last call to `batch`, if there are any.
    pub(crate) fn take_batch(&mut self, batch: impl FnOnce(RecordBatch<'_>)) {
        let count = self.written.saturating_sub(self.taken);
        if count > 0 {
            let first = self.taken.saturating_add(1);
            batch(RecordBatch { first, count, bytes: &self.bytes, sealed: &self.sealed });
            self.taken = self.written;
            self.bytes.clear();
            self.sealed.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spare_buffers_are_kept_up_to_a_number() {
        let mut outbox = Outbox::default();
        for _ in 0..=SPARE_MAX {
            outbox.keep_spare(Box::default());
        }
        let kept = core::iter::from_fn(|| outbox.take_spare()).count();
        assert_eq!(kept, SPARE_MAX);
    }
}
