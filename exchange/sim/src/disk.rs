//! [`Disk`]: the journal of each shard; what is appended is on disk after a while, in order.

use exchange_protocol::{Record, RecordBatch, decode_record};
use exchange_types::{Nanos, ShardIndex};

use crate::draws::Draw;

/// The journal of one shard.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    pub(crate) records: Vec<Record>,
    /// The number of the last record that is on disk.
    synced: u64,
    /// When the last batch will be on disk.
    busy_until: Nanos,
}

/// The journals of all shards.
#[derive(Debug)]
pub(crate) struct Disk {
    journals: Vec<Journal>,
}

impl Disk {
    pub(crate) fn new(shards: u16) -> Self {
        Self { journals: (0..shards).map(|_| Journal::default()).collect() }
    }

    /// Takes a batch and returns its records, each with its number; nothing where the batch is damaged.
    pub(crate) fn append(&mut self, place: ShardIndex, batch: RecordBatch<'_>) -> Option<Vec<(u64, Record)>> {
        let journal = self.journals.get_mut(place.at())?;
        let mut numbered = Vec::new();
        let mut rest = batch.bytes;
        for number in batch.first..batch.first.saturating_add(batch.count) {
            let (record, after) = decode_record(rest).ok()?;
            rest = after;
            journal.records.push(record.clone());
            numbered.push((number, record));
        }
        let written = u64::try_from(journal.records.len()).unwrap_or(u64::MAX);
        let in_order = batch.first.saturating_add(batch.count).saturating_sub(1) == written;
        (rest.is_empty() && in_order).then_some(numbered)
    }

    /// Returns when a batch of now will be on disk: after those before it.
    pub(crate) fn sync_at(&mut self, place: ShardIndex, now: Nanos, draw: &mut Draw) -> Nanos {
        let delay = match draw.weighted([70, 22, 8]) {
            0 => draw.micros(50, 2_000),
            1 => draw.micros(2_000, 40_000),
            // The disk stalls.
            _ => draw.micros(100_000, 3_000_000),
        };
        let Some(journal) = self.journals.get_mut(place.at()) else { return now };
        journal.busy_until = journal.busy_until.max(now.saturating_add(delay));
        journal.busy_until
    }

    pub(crate) fn synced(&mut self, place: ShardIndex, up_to: u64) {
        if let Some(journal) = self.journals.get_mut(place.at()) {
            journal.synced = journal.synced.max(up_to);
        }
    }

    /// Returns whether a record is truly on disk.
    pub(crate) fn is_on_disk(&self, place: ShardIndex, number: u64) -> bool {
        self.journals.get(place.at()).is_some_and(|journal| number <= journal.synced)
    }

    /// Returns every record of every shard.
    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.journals.iter().flat_map(|journal| &journal.records)
    }
}
