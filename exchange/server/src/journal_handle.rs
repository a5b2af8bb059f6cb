//! [`JournalHandle`]: a shard's way into the journal.

use std::sync::Arc;
use std::thread::Thread;

use exchange_protocol::RecordBatch;
use exchange_types::ShardIndex;

use crate::memory_journal::MemoryJournal;

/// A shard's way into the journal.
#[derive(Clone, Debug)]
pub struct JournalHandle {
    journal: Arc<MemoryJournal>,
    writer: Thread,
}

impl JournalHandle {
    /// Returns the way into a journal whose writer is this thread.
    pub fn new(journal: Arc<MemoryJournal>, writer: Thread) -> Self {
        Self { journal, writer }
    }

    /// Hands records over; the shard's bell rings when they are acknowledged.
    pub fn append(&self, shard: ShardIndex, batch: RecordBatch<'_>) {
        let last = batch.first.saturating_add(batch.count).saturating_sub(1);
        if self.journal.written(shard, last) {
            self.writer.unpark();
        }
    }

    /// Returns up to which record a shard's records are acknowledged.
    pub fn durable(&self, shard: ShardIndex) -> u64 {
        self.journal.durable(shard)
    }
}
