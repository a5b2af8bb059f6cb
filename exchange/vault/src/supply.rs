//! [`Supply`]: the keys of a class that are ready to be drawn, between the keeper and the drawers.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crossbeam_queue::ArrayQueue;

use crate::keeper::Keeper;
use crate::slot_key::SlotKey;

/// Slots that a drawer takes at once. More of them waste slots at a restart, fewer meet the queue more often.
pub(crate) const CHUNK_SLOTS: u32 = 64;
/// Slots that are ready at most: a tenth of a second at 20,000 leads a second.
pub(crate) const READY_SLOTS: u32 = 2_048;
const READY_CHUNKS: usize = (READY_SLOTS / CHUNK_SLOTS) as usize;

/// Keys of one file in the order opposite to that in which they are drawn.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    pub(crate) file: u32,
    pub(crate) keys: Vec<(u32, SlotKey)>,
}

/// The keys of a class that are ready to be drawn.
#[derive(Debug)]
pub(crate) struct Supply {
    ready: ArrayQueue<Chunk>,
    /// The lowest number of a file that may be drawn from.
    oldest: AtomicU64,
    /// Protects the making and feeding of files; drawers never take it.
    keeper: Mutex<Keeper>,
}

impl Supply {
    /// Returns an empty supply whose first file will be `next_file`.
    pub(crate) fn new(next_file: u64) -> Self {
        Self {
            ready: ArrayQueue::new(READY_CHUNKS),
            oldest: AtomicU64::new(next_file),
            keeper: Mutex::new(Keeper::new(next_file)),
        }
    }

    pub(crate) fn keeper(&self) -> MutexGuard<'_, Keeper> {
        // A keeper that panicked has at worst skipped a number.
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn oldest(&self) -> u64 {
        self.oldest.load(Ordering::Acquire)
    }

    /// Stops the drawing from files below a number.
    pub(crate) fn close_below(&self, file: u64) {
        self.oldest.store(file, Ordering::Release);
    }

    pub(crate) fn is_full(&self) -> bool {
        self.ready.is_full()
    }

    pub(crate) fn chunks(&self) -> usize {
        self.ready.len()
    }

    /// Offers a chunk. The caller holds the keeper and has seen that there is room.
    pub(crate) fn offer(&self, chunk: Chunk) {
        // A full queue loses slots, which costs disk and nothing else.
        drop(self.ready.push(chunk));
    }

    /// Takes a chunk of a file that may be drawn from.
    pub(crate) fn take(&self) -> Option<Chunk> {
        loop {
            let chunk = self.ready.pop()?;
            if self.may_be_drawn(&chunk) {
                return Some(chunk);
            }
        }
    }

    pub(crate) fn may_be_drawn(&self, chunk: &Chunk) -> bool {
        u64::from(chunk.file) >= self.oldest()
    }

    /// Throws away the chunks of files that may no longer be drawn from.
    pub(crate) fn drop_closed(&self) {
        for _ in 0..self.ready.len() {
            let Some(chunk) = self.ready.pop() else { return };
            if self.may_be_drawn(&chunk) {
                self.offer(chunk);
            }
        }
    }
}
