//! The files of the journal: opened at the start, read by the recovery, the store and the command line.

use std::path::Path;

use anyhow::Context as _;
use exchange_journal::{FileStorage, Journal, JournalConfig, JournalId, Opened, Opening, ReadError, Reader};
use exchange_protocol::{Record, decode_record};

use crate::config;
use crate::wall_clock;

/// A record as it is read from the journal.
#[derive(Debug)]
pub(crate) struct Written<'a> {
    /// Its number among all records.
    pub(crate) sequence: u64,
    /// The record.
    pub(crate) record: Record,
    /// The ciphertexts that it owns, one after another; nothing where an archive has dropped them.
    pub(crate) sealed: Option<&'a [u8]>,
}

/// Opens the journal of a data directory for writing, or creates it.
///
/// # Errors
///
/// Says what is damaged and what an operator can do.
pub(crate) fn open(
    folder: &Path,
    config: &config::Journal,
    verify_from: u64,
) -> anyhow::Result<(Journal<FileStorage>, Opened, FileStorage)> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(std::io::Error::other)?;
    let storage = FileStorage::exclusive(folder)
        .with_context(|| format!("cannot use the journal in {}", folder.display()))?;
    let opening = Opening { id: JournalId(id), at: wall_clock::utc_now(), verify_from };
    let (journal, opened) = Journal::open(storage.clone(), journal_config(config), &opening)
        .with_context(|| format!("cannot open the journal in {}", folder.display()))?;
    Ok((journal, opened, storage))
}

fn journal_config(config: &config::Journal) -> JournalConfig {
    let durability = match config.durability {
        config::Durability::Sync => exchange_journal::Durability::Sync,
        config::Durability::Os => exchange_journal::Durability::Os,
    };
    let defaults = JournalConfig::default();
    // A batch fits into the smallest segment with room to spare.
    let batch = usize::try_from(config.segment_bytes.0 / 2).unwrap_or(usize::MAX);
    JournalConfig {
        durability,
        segment_bytes: config.segment_bytes.0,
        ballast_bytes: config.ballast_bytes.0,
        free_bytes_min: config.free_bytes_min.0,
        batch_bytes_max: defaults.batch_bytes_max.min(batch),
    }
}

/// Reads the records of the next batch up to `up_to`, in their order; returns whether there was one.
///
/// # Errors
///
/// Says what cannot be read, or what `take` says.
pub(crate) fn read_batch(
    reader: &mut Reader<FileStorage>,
    up_to: u64,
    mut take: impl FnMut(Written<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<bool> {
    let Some(frame) = reader.next(up_to).map_err(|error| named(&error))? else { return Ok(false) };
    let mut sealed_rest = frame.sealed;
    for (sequence, bytes) in frame.records() {
        let (record, _) =
            decode_record(bytes).with_context(|| format!("record {sequence} of the journal"))?;
        let length = record.sealed_length();
        let sealed = match sealed_rest {
            None => None,
            Some(rest) => {
                let (own, after) = rest
                    .split_at_checked(length)
                    .with_context(|| format!("record {sequence} names more ciphertext than its batch has"))?;
                sealed_rest = Some(after);
                Some(own)
            }
        };
        take(Written { sequence, record, sealed })?;
    }
    Ok(true)
}

fn named(error: &ReadError) -> anyhow::Error {
    anyhow::anyhow!("cannot read the journal: {error}")
}
