//! [`Desk`]: the control plane's own records, and the wait until they are on disk and in the store.
//!
//! Whatever changes money or state outside an auction goes through here: catalogs, returns, balances,
//! erasures. The desk writes one batch after another, so that two decisions about one sale never cross.

use core::time::Duration;
use std::sync::Arc;

use exchange_journal::{AppendError, State, WriterHandle};
use exchange_protocol::{Record, RecordBatch, encode_record};
use tokio::sync::{Mutex, Notify};
use tokio::time::timeout;

use crate::following::Following;

/// How long an operator waits for the disk; it has failed or hangs then.
const DISK_WAIT_MAX: Duration = Duration::from_secs(10);
/// How long an operator waits for the store; the record is on disk by then, and takes effect later.
const STORE_WAIT_MAX: Duration = Duration::from_secs(10);

/// The control plane's own records.
#[derive(Debug)]
pub(crate) struct Desk {
    journal: WriterHandle,
    /// The desk's number among the journal's sources.
    source: u16,
    /// Rings when records of the desk are acknowledged.
    bell: Arc<Notify>,
    following: Following,
    /// The number of the desk's last record. Held over a decision and its record: one at a time.
    written: Mutex<u64>,
}

/// Why records were not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeskError {
    /// The journal takes nothing.
    #[error("the journal takes no record: {0}")]
    Journal(#[from] AppendError),
    /// The disk does not answer.
    #[error("the disk has not answered within {} s; look at the journal before trying again", DISK_WAIT_MAX.as_secs())]
    Disk,
    /// The record is on disk and the store has not followed.
    #[error("written, but the store has not followed within {} s; it takes effect when it has", STORE_WAIT_MAX.as_secs())]
    Store,
}

impl Desk {
    /// Returns the desk that writes as this source.
    pub(crate) fn new(journal: WriterHandle, source: u16, bell: Arc<Notify>, following: Following) -> Self {
        Self { journal, source, bell, following, written: Mutex::new(0) }
    }

    /// Begins a decision: nobody else decides until the turn is dropped.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        Turn { desk: self, written: self.written.lock().await }
    }
}

/// One decision at the desk.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    desk: &'a Desk,
    written: tokio::sync::MutexGuard<'a, u64>,
}

impl Turn<'_> {
    /// Writes records and waits until they are on disk.
    ///
    /// # Errors
    ///
    /// Says why they are not.
    ///
    /// # Cancel safety
    ///
    /// Not cancel-safe: records that were handed over are written whether anybody waits or not.
    pub(crate) async fn write(&mut self, records: &[Record]) -> Result<(), DeskError> {
        if records.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        for record in records {
            encode_record(record, &mut bytes);
        }
        let count = u64::try_from(records.len()).unwrap_or(u64::MAX);
        let first = self.written.saturating_add(1);
        let batch = RecordBatch { first, count, bytes: &bytes, sealed: &[] };
        self.desk.journal.append(self.desk.source, batch)?;
        *self.written = self.written.saturating_add(count);
        let last = *self.written;
        let durable = async {
            while self.desk.journal.durable(self.desk.source) < last {
                if matches!(self.desk.journal.state(), State::Failed(_) | State::Stopped) {
                    return Err(DeskError::Journal(AppendError::Closed));
                }
                self.desk.bell.notified().await;
            }
            Ok(())
        };
        timeout(DISK_WAIT_MAX, durable).await.map_err(|_| DeskError::Disk)?
    }

    /// Waits until the store holds every record that is on disk now.
    ///
    /// # Errors
    ///
    /// Says that it takes too long.
    pub(crate) async fn settled(&mut self) -> Result<(), DeskError> {
        if self.desk.following.caught_up(STORE_WAIT_MAX).await { Ok(()) } else { Err(DeskError::Store) }
    }
}
