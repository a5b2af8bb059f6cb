//! [`JournalHandle`]: a shard's way into the journal.

use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use exchange_journal::WriterHandle;
use exchange_protocol::RecordBatch;
use exchange_types::ShardIndex;

/// A shard's way into the journal.
#[derive(Clone, Debug)]
pub struct JournalHandle {
    writer: WriterHandle,
    /// Whether it was said that nothing is taken any more; once is enough.
    said: Arc<AtomicBool>,
}

impl JournalHandle {
    /// Returns the way into a journal.
    pub fn new(writer: WriterHandle) -> Self {
        Self { writer, said: Arc::default() }
    }

    /// Hands records over; the shard's bell rings when they are acknowledged.
    ///
    /// Where the journal takes nothing any more nothing is acknowledged either, so nothing is sold; the process is
    /// about to stop then, and says why.
    pub fn append(&self, shard: ShardIndex, batch: RecordBatch<'_>) {
        if let Err(error) = self.writer.append(shard.0, batch)
            && !self.said.swap(true, Ordering::Relaxed)
        {
            tracing::error!(shard = shard.0, %error, "records are not taken by the journal");
        }
    }

    /// Returns up to which record a shard's records are acknowledged.
    pub fn durable(&self, shard: ShardIndex) -> u64 {
        self.writer.durable(shard.0)
    }
}
