//! The start's look back: the newest checkpoint, and every record after it.

use std::time::Instant;

use anyhow::Context as _;
use exchange_journal::{FileStorage, Journal, Reader};
use exchange_node::{Recovery, RecoveryLimits};

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::journal_files;

/// What the start found.
pub(crate) struct Found {
    pub(crate) journal: Journal<FileStorage>,
    pub(crate) storage: FileStorage,
    pub(crate) recovery: Recovery,
}

/// Opens the journal and folds its records.
///
/// # Errors
///
/// Says what is damaged; then nothing was changed.
pub(crate) fn recover(config: &Config, dir: &DataDir, limits: RecoveryLimits) -> anyhow::Result<Found> {
    let began = Instant::now();
    let mut recovery = newest_checkpoint(dir, limits)?.unwrap_or_else(|| Recovery::new(limits));
    let from = recovery.applied();
    let (journal, opened, storage) = journal_files::open(&dir.journal(), &config.journal, from)?;
    anyhow::ensure!(
        from <= opened.last_sequence,
        "the checkpoint holds records up to {from} and the journal ends with {}: they do not belong together. If \
         records were dropped by a repair, remove the folder of the checkpoints",
        opened.last_sequence
    );
    if let Some(cut) = &opened.cut {
        tracing::warn!(segment = cut.segment, bytes = cut.bytes, "a torn end of the journal was cut off");
    }
    replay(&storage, &mut recovery, opened.last_sequence)?;
    let took_ms = began.elapsed().as_millis();
    let records = opened.last_sequence.saturating_sub(from);
    tracing::info!(records, took_ms, last = opened.last_sequence, "the journal has been read");
    Ok(Found { journal, storage, recovery })
}

/// Reads the newest checkpoint that is whole.
///
/// # Errors
///
/// Says why the folder cannot be read.
pub(crate) fn newest_checkpoint(dir: &DataDir, limits: RecoveryLimits) -> anyhow::Result<Option<Recovery>> {
    let newest = dir.checkpoints().newest(|sequence, bytes| {
        let recovery = Recovery::from_checkpoint(limits, bytes);
        if let Err(error) = &recovery {
            tracing::warn!(sequence, %error, "a checkpoint cannot be read; an earlier one is taken");
        }
        recovery.ok()
    });
    newest.context("cannot read the checkpoints")
}

/// Folds the records that a recovery does not hold yet, up to `up_to`.
///
/// # Errors
///
/// Says what cannot be read.
pub(crate) fn replay(storage: &FileStorage, recovery: &mut Recovery, up_to: u64) -> anyhow::Result<()> {
    let next = recovery.applied().saturating_add(1);
    if next > up_to {
        return Ok(());
    }
    let mut reader = Reader::new(storage.clone(), next).context("cannot read the journal")?;
    loop {
        let more = journal_files::read_batch(&mut reader, up_to, |written| {
            recovery.apply(written.sequence, &written.record, written.sealed);
            Ok(())
        })?;
        if !more {
            return Ok(());
        }
    }
}
