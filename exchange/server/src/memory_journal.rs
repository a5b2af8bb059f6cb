//! [`MemoryJournal`]: the journal that keeps nothing.
//!
//! It acknowledges records after a seeded delay, from a thread of its own, so that everything that waits for
//! the disk waits here as it will for the real one. Its records are gone with the process: `docs/operations.md`
//! says so to whoever starts the exchange with it.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use exchange_types::{HashKey, ShardIndex};

use crate::peers::Peers;

/// What one shard has written, and what was acknowledged.
#[derive(Debug, Default)]
struct Watermarks {
    written: AtomicU64,
    durable: AtomicU64,
}

/// The journal that keeps nothing.
#[derive(Debug)]
pub struct MemoryJournal {
    marks: Box<[Watermarks]>,
    stopping: AtomicBool,
    acknowledge_after: Duration,
    seed: HashKey,
}

impl MemoryJournal {
    /// Returns a journal for so many shards that takes about `acknowledge_after` for each batch.
    pub fn new(shards: u16, acknowledge_after: Duration, seed: HashKey) -> Self {
        let marks = (0..shards).map(|_| Watermarks::default()).collect();
        Self { marks, stopping: AtomicBool::new(false), acknowledge_after, seed }
    }

    /// Starts the journal's thread.
    ///
    /// # Errors
    ///
    /// Says that the operating system gives no thread.
    pub fn start(self: &Arc<Self>, peers: &Arc<Peers>) -> std::io::Result<JoinHandle<()>> {
        let (journal, peers) = (Arc::clone(self), Arc::clone(peers));
        std::thread::Builder::new().name("journal".into()).spawn(move || journal.run(&peers))
    }

    /// Takes a shard's records up to a number. Returns whether the writer has to be woken for them: it finds
    /// what comes while it is at work by itself.
    ///
    /// Here the shard writes one mark and reads the other, as the writer does the other way round; only in one
    /// order of all four (`SeqCst`) does one of them always see the other's.
    #[must_use]
    pub fn written(&self, shard: ShardIndex, up_to: u64) -> bool {
        let Some(marks) = self.marks.get(shard.at()) else { return false };
        let before = marks.written.swap(up_to, Ordering::SeqCst);
        marks.durable.load(Ordering::SeqCst) >= before
    }

    /// Returns up to which record a shard's records are acknowledged.
    pub fn durable(&self, shard: ShardIndex) -> u64 {
        self.marks.get(shard.at()).map_or(0, |marks| marks.durable.load(Ordering::Acquire))
    }

    /// Ends the journal's thread after the batch at hand.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    fn run(&self, peers: &Peers) {
        let mut batch = 0_u64;
        while !self.stopping.load(Ordering::Acquire) {
            let waits = |marks: &Watermarks| {
                marks.written.load(Ordering::SeqCst) > marks.durable.load(Ordering::SeqCst)
            };
            let pending = self.marks.iter().any(waits);
            if !pending {
                // Woken by `written`; the bound covers a wake-up that came just before.
                std::thread::park_timeout(Duration::from_millis(100));
                continue;
            }
            batch = batch.wrapping_add(1);
            let targets: Vec<u64> =
                self.marks.iter().map(|marks| marks.written.load(Ordering::Acquire)).collect();
            wait(self.delay(batch));
            for (place, (marks, target)) in (0_u16..).zip(self.marks.iter().zip(targets)) {
                if marks.durable.swap(target, Ordering::SeqCst) < target {
                    peers.wake(ShardIndex(place));
                }
            }
        }
    }

    /// Returns between half and one and a half times the configured delay, seeded by the batch.
    fn delay(&self, batch: u64) -> Duration {
        let drawn = self.seed.hasher().number(u128::from(batch)).finish() % 1_024;
        let part = u32::try_from(drawn).unwrap_or(512);
        self.acknowledge_after / 2 + self.acknowledge_after * part / 1_024
    }
}

/// Waits for a length of time, however often the thread is woken meanwhile.
fn wait(length: Duration) {
    let until = Instant::now() + length;
    while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        std::thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_acknowledged_in_order_and_the_shard_is_woken() {
        let peers = Arc::new(Peers::new(2));
        let journal = Arc::new(MemoryJournal::new(2, Duration::from_micros(50), HashKey::new([1; 16])));
        let writer = journal.start(&peers).expect("a thread");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        for up_to in [3, 8] {
            assert!(journal.written(ShardIndex(1), up_to), "the writer is idle");
            writer.thread().unpark();
            let bell = peers.bell(ShardIndex(1));
            runtime.block_on(async {
                while journal.durable(ShardIndex(1)) < up_to {
                    bell.notified().await;
                }
            });
            assert_eq!(journal.durable(ShardIndex(1)), up_to);
            assert_eq!(journal.durable(ShardIndex(0)), 0);
        }
        journal.stop();
        writer.thread().unpark();
        writer.join().expect("the writer ends");
    }
}
