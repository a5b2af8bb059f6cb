//! Records to write, and what a journal gives back.

use exchange_journal::{
    Committed, Durability, Journal, JournalConfig, JournalError, JournalId, OpenError, Opened, Opening, Part,
    Reader, Storage,
};
use exchange_types::UtcMicros;

pub(crate) const AT: UtcMicros = UtcMicros(1_795_132_800_000_000);
pub(crate) const ID: JournalId = JournalId([0x5a; 16]);

/// A configuration whose segments take a few batches.
pub(crate) const SMALL: JournalConfig = JournalConfig {
    segment_bytes: 8_192,
    batch_bytes_max: 6_000,
    durability: Durability::Sync,
    ballast_bytes: 8_192,
    free_bytes_min: 1_024,
};

/// One that is damaged byte by byte.
pub(crate) const TINY: JournalConfig =
    JournalConfig { segment_bytes: 1_792, batch_bytes_max: 1_500, ballast_bytes: 0, ..SMALL };

/// One record and its ciphertext, told apart from all others by its number.
pub(crate) fn record(number: u64, length: usize) -> (Vec<u8>, Vec<u8>) {
    let size = u32::try_from(14 + length).expect("a small record");
    let mut bytes = size.to_le_bytes().to_vec();
    bytes.extend([1, 1]);
    bytes.extend(number.to_le_bytes());
    bytes.extend((0..length).map(|at| noise(number, at)));
    let sealed = (0..length / 3).map(|at| noise(!number, at)).collect();
    (bytes, sealed)
}

fn noise(number: u64, at: usize) -> u8 {
    let mixed = (number ^ (at as u64).rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed.to_le_bytes()[6]
}

/// Several records as one part of a batch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    pub(crate) count: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) sealed: Vec<u8>,
}

impl Batch {
    /// Returns records of these lengths, numbered from `first`.
    pub(crate) fn new(first: u64, lengths: &[usize]) -> Self {
        let mut batch = Self::default();
        for (number, length) in (first..).zip(lengths) {
            let (bytes, sealed) = record(number, *length);
            batch.count += 1;
            batch.bytes.extend(bytes);
            batch.sealed.extend(sealed);
        }
        batch
    }

    pub(crate) fn part(&self) -> Part<'_> {
        Part { count: self.count, bytes: &self.bytes, sealed: &self.sealed }
    }
}

pub(crate) fn opening() -> Opening {
    Opening { id: ID, at: AT, verify_from: 0 }
}

pub(crate) fn open<S: Storage>(storage: &S) -> Result<(Journal<S>, Opened), OpenError> {
    Journal::open(storage.clone(), SMALL, &opening())
}

pub(crate) fn open_tiny<S: Storage>(storage: &S) -> Result<(Journal<S>, Opened), OpenError> {
    Journal::open(storage.clone(), TINY, &opening())
}

/// Opens a journal that has to be good.
pub(crate) fn opened<S: Storage>(storage: &S) -> (Journal<S>, Opened) {
    open(storage).expect("a good journal")
}

/// Commits records of these lengths, which go on numbering the log.
pub(crate) fn commit<S: Storage>(
    journal: &mut Journal<S>,
    lengths: &[usize],
) -> Result<Committed, JournalError> {
    let batch = Batch::new(journal.last_sequence() + 1, lengths);
    journal.commit(&[batch.part()], AT)
}

/// Every batch as it was read: its records, each with its sequence, and its ciphertexts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReadBatch {
    pub(crate) records: Vec<(u64, Vec<u8>)>,
    pub(crate) sealed: Option<Vec<u8>>,
}

/// Reads a journal to its end, which has to be good.
pub(crate) fn read_all<S: Storage>(storage: &S) -> Vec<ReadBatch> {
    let mut reader = Reader::new(storage.clone(), 0).expect("the journal begins at 1");
    let mut batches = Vec::new();
    while let Some(frame) = reader.next(u64::MAX).expect("a good journal") {
        let records = frame.records().map(|(sequence, bytes)| (sequence, bytes.to_vec())).collect();
        batches.push(ReadBatch { records, sealed: frame.sealed.map(<[u8]>::to_vec) });
    }
    batches
}

/// Returns all records of batches in order.
pub(crate) fn records(batches: &[ReadBatch]) -> Vec<(u64, Vec<u8>)> {
    batches.iter().flat_map(|batch| batch.records.clone()).collect()
}
