//! [`Inlet`]: what one source has appended and the writer has not taken yet.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crossbeam_utils::CachePadded;
use exchange_protocol::RecordBatch;

/// Why records were not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// There is no such source.
    #[error("there is no source {source_index}; the writer was started for {sources}")]
    NoSource {
        /// As given.
        source_index: u16,
        /// How many there are.
        sources: u16,
    },
    /// The numbers of a source are without gaps and repeats.
    #[error("the batch begins with record {first} of its source; expected {expected}")]
    OutOfOrder {
        /// As given.
        first: u64,
        /// What comes next.
        expected: u64,
    },
    /// The source's inlet is full. Admission has to stop well before (`backlog_bytes`); the batch may be
    /// handed over again.
    #[error("the inlet holds {held} bytes of at most {max}, and the batch has {bytes}")]
    Full {
        /// Bytes that wait.
        held: usize,
        /// Bytes of the batch.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// A batch that would not fit into a frame.
    #[error("the batch has {bytes} bytes; at most {max} (batch_bytes_max)")]
    TooLarge {
        /// Bytes of the batch.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// The journal has failed or was stopped; nothing is taken and nothing acknowledged any more.
    #[error("the journal takes nothing any more")]
    Closed,
}

/// One batch of a source within its inlet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    /// Its place among the batches of all sources.
    pub(crate) stamp: u64,
    /// The source's number of the last record.
    pub(crate) last: u64,
    pub(crate) count: u64,
    pub(crate) bytes: usize,
    pub(crate) sealed: usize,
}

/// Records in the order in which they were appended.
#[derive(Debug, Default)]
pub(crate) struct Appended {
    pub(crate) bytes: Vec<u8>,
    pub(crate) sealed: Vec<u8>,
    pub(crate) pieces: Vec<Piece>,
}

impl Appended {
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.sealed.clear();
        self.pieces.clear();
    }

    fn length(&self) -> usize {
        self.bytes.len().saturating_add(self.sealed.len())
    }
}

#[derive(Debug, Default)]
struct Waiting {
    appended: Appended,
    /// The source's number of the next record; nothing before the first batch.
    next: Option<u64>,
    closed: bool,
}

/// What one source has appended and the writer has not taken yet.
#[derive(Debug, Default)]
pub(crate) struct Inlet {
    /// A lock that the writer holds for an exchange of pointers, and the source for a copy.
    waiting: Mutex<Waiting>,
    durable: AtomicU64,
}

impl Inlet {
    /// Takes a batch.
    pub(crate) fn append(
        &self,
        batch: RecordBatch<'_>,
        bytes_max: usize,
        stamps: &AtomicU64,
    ) -> Result<(), AppendError> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(AppendError::Closed);
        }
        let RecordBatch { first, count, bytes, sealed } = batch;
        if let Some(expected) = waiting.next.filter(|expected| *expected != first) {
            return Err(AppendError::OutOfOrder { first, expected });
        }
        let length = bytes.len().saturating_add(sealed.len());
        let held = waiting.appended.length();
        if held.saturating_add(length) > bytes_max {
            return Err(AppendError::Full { held, bytes: length, max: bytes_max });
        }
        let next = first.saturating_add(count);
        waiting.next = Some(next);
        waiting.appended.bytes.extend_from_slice(bytes);
        waiting.appended.sealed.extend_from_slice(sealed);
        let last = next.saturating_sub(1);
        // What a source does after its batch was taken, another may see and append a batch because of it: that one has a
        // later stamp, whatever the order of the memory.
        let stamp = stamps.fetch_add(1, Ordering::AcqRel);
        waiting.appended.pieces.push(Piece { stamp, last, count, bytes: bytes.len(), sealed: sealed.len() });
        Ok(())
    }

    /// Exchanges what waits in all inlets for empty buffers, at one moment, and returns whether there was anything.
    ///
    /// What was appended to one after something had been appended to another is not taken without it.
    pub(crate) fn take_all(inlets: &[CachePadded<Self>], empty: &mut [Appended]) -> bool {
        let locked: Vec<_> = inlets.iter().map(|inlet| inlet.lock()).collect();
        let mut any = false;
        for (mut waiting, empty) in locked.into_iter().zip(empty) {
            core::mem::swap(&mut waiting.appended, empty);
            any |= !empty.pieces.is_empty();
        }
        any
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().appended.pieces.is_empty()
    }

    /// Takes nothing any more and returns whether something still waits.
    pub(crate) fn close(&self) -> bool {
        let mut waiting = self.lock();
        waiting.closed = true;
        !waiting.appended.pieces.is_empty()
    }

    pub(crate) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    pub(crate) fn acknowledge(&self, last: u64) {
        self.durable.store(last, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing in here panics half-way through a change.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_lacks_nothing_that_was_appended_before_it() {
        let inlets = [CachePadded::new(Inlet::default()), CachePadded::new(Inlet::default())];
        let stamps = AtomicU64::new(0);
        let last = 20_000;
        std::thread::scope(|scope| {
            // The second source appends each of its records after the first one has.
            scope.spawn(|| {
                for first in 1..=last {
                    for inlet in &inlets {
                        let batch = RecordBatch { first, count: 1, bytes: &[7], sealed: &[] };
                        inlet.append(batch, usize::MAX, &stamps).expect("room");
                    }
                }
            });
            let mut counts = [0, 0];
            let mut latest = None;
            while counts != [last, last] {
                let mut taken = [Appended::default(), Appended::default()];
                Inlet::take_all(&inlets, &mut taken);
                for (count, taken) in counts.iter_mut().zip(&taken) {
                    *count += taken.pieces.iter().map(|piece| piece.count).sum::<u64>();
                    assert!(taken.pieces.iter().all(|piece| Some(piece.stamp) > latest), "stamps rise");
                }
                let stamps = taken.iter().flat_map(|taken| &taken.pieces).map(|piece| piece.stamp);
                latest = stamps.max().or(latest);
                assert!(counts[0] >= counts[1], "{counts:?}");
            }
        });
    }
}
