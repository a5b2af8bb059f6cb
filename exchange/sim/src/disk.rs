//! [`Disk`]: the journal of the process, its own code over a [`SimStorage`]; what is appended is on disk after a
//! while, in order, or lost when the process stops before.

use std::collections::BTreeMap;

use exchange_journal::{Journal, JournalConfig, JournalId, Opening, Part, Reader};
use exchange_protocol::{Record, RecordBatch, decode_record, encode_record};
use exchange_types::{Nanos, ShardIndex, UtcMicros};

use crate::draws::Draw;
use crate::storage::{Failing, SimStorage};

/// Where the records of the control plane come from.
pub(crate) const DESK: ShardIndex = ShardIndex(u16::MAX);
/// The most bytes of a batch. Small, so that one sync may need several and segments are often rolled.
const BATCH_BYTES_MAX: usize = 16 << 10;
const CONFIG: JournalConfig = JournalConfig {
    segment_bytes: 40 << 10,
    batch_bytes_max: BATCH_BYTES_MAX,
    durability: exchange_journal::Durability::Sync,
    ballast_bytes: 0,
    free_bytes_min: 0,
};

/// How far a record has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It waits to be written.
    Waits,
    /// It was being written when the process stopped: the disk may have it.
    Written(u64),
    /// The journal has said that the disk has it.
    Durable(u64),
    /// It is gone.
    Lost,
}

/// A record, over all lives of the process.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) record: Record,
    pub(crate) fate: Fate,
}

impl Entry {
    pub(crate) fn is_durable(&self) -> bool {
        matches!(self.fate, Fate::Durable(_))
    }
}

/// Records of one place that wait to be written.
#[derive(Debug)]
struct Batch {
    place: ShardIndex,
    entries: core::ops::Range<usize>,
    bytes: Vec<u8>,
    sealed: Vec<u8>,
}

/// What one place has appended since the process started.
#[derive(Debug, Default)]
struct Source {
    /// Where each record stands among all.
    entries: Vec<usize>,
    /// When the last batch will be on disk.
    busy_until: Nanos,
}

/// A record as a start reads it.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) sequence: u64,
    pub(crate) record: Record,
    pub(crate) sealed: Vec<u8>,
}

/// The journal of the process.
pub(crate) struct Disk {
    storage: SimStorage,
    journal: Option<Journal<SimStorage>>,
    pub(crate) entries: Vec<Entry>,
    waiting: Vec<Batch>,
    sources: BTreeMap<ShardIndex, Source>,
}

impl core::fmt::Debug for Disk {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Disk").field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}

impl Disk {
    pub(crate) fn new(lies: bool) -> Self {
        Self {
            storage: SimStorage::new(lies),
            journal: None,
            entries: Vec::new(),
            waiting: Vec::new(),
            sources: BTreeMap::new(),
        }
    }

    /// Opens the journal as a start does, and returns every record that is there.
    ///
    /// # Errors
    ///
    /// Says why it cannot be opened or read.
    pub(crate) fn open(&mut self, at: UtcMicros, draw: &mut Draw) -> Result<Vec<Found>, String> {
        let opening = Opening { id: JournalId([7; 16]), at, verify_from: 0 };
        if draw.percent(20) {
            // The start is interrupted as well.
            self.storage.fail_at(draw.between(0, 8), Failing::Stopped);
            drop(Journal::open(self.storage.clone(), CONFIG, &opening));
            if draw.percent(50) { self.storage.power_cut(draw) } else { self.storage.stop() }
        }
        let opened = Journal::open(self.storage.clone(), CONFIG, &opening);
        let (journal, opened) = opened.map_err(|error| format!("the journal does not open: {error}"))?;
        self.journal = Some(journal);
        let mut reader = Reader::new(self.storage.clone(), 1).map_err(|error| error.to_string())?;
        let mut found = Vec::new();
        while let Some(frame) = reader.next(opened.last_sequence).map_err(|error| error.to_string())? {
            let (mut bytes, mut sealed) = (frame.bytes, frame.sealed.unwrap_or_default());
            for sequence in frame.first..=frame.last() {
                let (record, rest) = decode_record(bytes).map_err(|error| error.to_string())?;
                bytes = rest;
                let own = sealed.split_at_checked(record.sealed_length());
                let (own, others) = own.ok_or("a ciphertext is cut")?;
                sealed = others;
                found.push(Found { sequence, record, sealed: own.to_vec() });
            }
        }
        Ok(found)
    }

    /// Takes a batch and returns where its records stand; nothing where the batch is damaged.
    pub(crate) fn append(&mut self, place: ShardIndex, batch: RecordBatch<'_>) -> Option<Vec<usize>> {
        let source = self.sources.entry(place).or_default();
        let begin = self.entries.len();
        let mut rest = batch.bytes;
        let mut sealed = batch.sealed.len();
        for _ in 0..batch.count {
            let (record, after) = decode_record(rest).ok()?;
            rest = after;
            sealed = sealed.checked_sub(record.sealed_length())?;
            source.entries.push(self.entries.len());
            self.entries.push(Entry { record, fate: Fate::Waits });
        }
        let written = u64::try_from(source.entries.len()).unwrap_or(u64::MAX);
        let in_order = batch.first.saturating_add(batch.count).saturating_sub(1) == written;
        let entries = begin..self.entries.len();
        let (bytes, sealed_bytes) = (batch.bytes.to_vec(), batch.sealed.to_vec());
        self.waiting.push(Batch { place, entries: entries.clone(), bytes, sealed: sealed_bytes });
        (rest.is_empty() && sealed == 0 && in_order).then(|| entries.collect())
    }

    /// Writes a record of the control plane and returns when the disk has it.
    ///
    /// # Errors
    ///
    /// Says that the journal has failed.
    pub(crate) fn write(&mut self, record: Record, at: UtcMicros) -> Result<(), String> {
        let mut bytes = Vec::new();
        encode_record(&record, &mut bytes);
        let begin = self.entries.len();
        self.entries.push(Entry { record, fate: Fate::Waits });
        let entries = begin..begin.saturating_add(1);
        self.waiting.push(Batch { place: DESK, entries, bytes, sealed: Vec::new() });
        self.commit(Some(DESK), at)
    }

    /// Returns when a batch of now will be on disk: after those before it.
    pub(crate) fn sync_at(&mut self, place: ShardIndex, now: Nanos, draw: &mut Draw) -> Nanos {
        let delay = match draw.weighted([70, 22, 8]) {
            0 => draw.micros(50, 2_000),
            1 => draw.micros(2_000, 40_000),
            // The disk stalls.
            _ => draw.micros(100_000, 3_000_000),
        };
        let source = self.sources.entry(place).or_default();
        source.busy_until = source.busy_until.max(now.saturating_add(delay));
        source.busy_until
    }

    /// Commits what waits, of one place or of all, in as many batches as it takes.
    ///
    /// # Errors
    ///
    /// Says that the journal has failed; then nothing more is ever written in this life.
    pub(crate) fn commit(&mut self, of: Option<ShardIndex>, at: UtcMicros) -> Result<(), String> {
        // The writer takes what was appended up to some moment.
        let latest = self.waiting.iter().rposition(|batch| of.is_none_or(|place| batch.place == place));
        let mut chosen: Vec<Batch> =
            self.waiting.drain(..latest.map_or(0, |latest| latest.saturating_add(1))).collect();
        while !chosen.is_empty() {
            let mut bytes = 0_usize;
            let fits = chosen.iter().take_while(|batch| {
                bytes = bytes.saturating_add(batch.bytes.len()).saturating_add(batch.sealed.len());
                bytes <= BATCH_BYTES_MAX
            });
            let count = fits.count().max(1);
            let frame: Vec<Batch> = chosen.drain(..count.min(chosen.len())).collect();
            self.commit_frame(&frame, at)?;
        }
        Ok(())
    }

    fn commit_frame(&mut self, frame: &[Batch], at: UtcMicros) -> Result<(), String> {
        let journal = self.journal.as_mut().ok_or("the journal is closed")?;
        let count = |batch: &Batch| u64::try_from(batch.entries.len()).unwrap_or(u64::MAX);
        let parts: Vec<Part<'_>> = frame
            .iter()
            .map(|batch| Part { count: count(batch), bytes: &batch.bytes, sealed: &batch.sealed })
            .collect();
        let first = journal.last_sequence().saturating_add(1);
        let committed = journal.commit(&parts, at);
        let places = frame.iter().flat_map(|batch| batch.entries.clone());
        for (sequence, place) in (first..).zip(places) {
            if let Some(entry) = self.entries.get_mut(place) {
                entry.fate =
                    if committed.is_ok() { Fate::Durable(sequence) } else { Fate::Written(sequence) };
            }
        }
        match committed {
            Ok(committed) if committed.first == first => Ok(()),
            Ok(committed) => Err(format!("batch {} begins at {}", committed.batch, committed.first)),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Returns whether the journal has failed: nothing is written any more before the next start.
    pub(crate) fn has_failed(&self) -> bool {
        self.journal.as_ref().is_none_or(|journal| journal.failure().is_some())
    }

    /// Has the n-th call of the disk fail from now on.
    pub(crate) fn fail_at(&self, n: u64, how: Failing) {
        self.storage.fail_at(n, how);
    }

    /// The process stops: what waits is lost, and by a power cut any part of what was not synced.
    pub(crate) fn stop(&mut self, at: UtcMicros, draw: &mut Draw) {
        if draw.percent(50) {
            // In the middle of a commit, at any of its calls.
            self.storage.fail_at(draw.between(0, 3), Failing::Stopped);
            drop(self.commit(None, at));
        }
        self.journal = None;
        self.waiting.clear();
        self.sources.clear();
        if draw.percent(60) { self.storage.power_cut(draw) } else { self.storage.stop() }
    }

    /// Returns whether a record is truly on disk.
    pub(crate) fn is_on_disk(&self, entry: usize) -> bool {
        self.entries.get(entry).is_some_and(Entry::is_durable)
    }

    /// Returns where the records of a place stand, by their numbers.
    pub(crate) fn of_place(&self, place: ShardIndex) -> &[usize] {
        self.sources.get(&place).map(|source| source.entries.as_slice()).unwrap_or_default()
    }

    /// Returns every record that is not lost.
    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.entries.iter().filter(|entry| entry.fate != Fate::Lost).map(|entry| &entry.record)
    }
}
