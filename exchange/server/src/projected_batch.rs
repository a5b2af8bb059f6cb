//! Records of the journal on their way into the store.

use exchange_journal::{FileStorage, Reader};
use exchange_store::Projected;

use crate::journal_files;

/// Records of one transaction: some megabytes.
const RECORDS_MAX: usize = 2_000;

/// Records of one transaction.
#[derive(Debug)]
pub(crate) struct ProjectedBatch {
    /// In their order; none where nothing was left.
    pub(crate) records: Vec<Projected>,
    /// Whether there are as many as a transaction takes.
    pub(crate) whole: bool,
}

/// Reads as many records up to `up_to` as one transaction takes.
///
/// # Errors
///
/// Says what cannot be read.
pub(crate) fn next_batch(reader: &mut Reader<FileStorage>, up_to: u64) -> anyhow::Result<ProjectedBatch> {
    let mut records = Vec::new();
    while records.len() < RECORDS_MAX {
        let more = journal_files::read_batch(reader, up_to, |written| {
            let sealed = written.sealed.map(Into::into);
            records.push(Projected { sequence: written.sequence, record: written.record, sealed });
            Ok(())
        })?;
        if !more {
            return Ok(ProjectedBatch { records, whole: false });
        }
    }
    Ok(ProjectedBatch { records, whole: true })
}
