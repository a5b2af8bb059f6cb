//! [`Writer`]: the thread that commits what all sources append.
//!
//! While one batch is being synced, the next one gathers; an idle writer writes at once and waits for no
//! timer. A source's records keep their order, and one batch of a source is never divided between two frames.

use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use core::time::Duration;
use std::io;
use std::sync::{Arc, OnceLock};
use std::thread::{JoinHandle, Thread};

use crossbeam_utils::CachePadded;
use exchange_protocol::RecordBatch;
use exchange_types::UtcMicros;

use crate::bytes::wide;
use crate::inlet::{AppendError, Inlet};
use crate::journal::{Failure, Journal, Room};
use crate::storage::Storage;
use crate::writer_thread::WriterThread;

/// Sizes of a writer. It holds at most `sources * inlet_bytes_max * 2 + batch_bytes_max` bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterConfig {
    /// How many sources append.
    pub sources: u16,
    /// The most bytes that wait for one source; at least a batch of the largest size.
    pub inlet_bytes_max: usize,
    /// How often the free space is looked at.
    pub watch_every: Duration,
}

/// What the writer asks of the world.
pub struct Hooks {
    /// Called after a commit for each source with new acknowledgements, and for all when the journal fails.
    pub wake: Box<dyn Fn(u16) + Send>,
    /// Returns the time, for the frames.
    pub clock: Box<dyn Fn() -> UtcMicros + Send>,
}

impl core::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}

/// How the journal is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// All is well.
    Running,
    /// There is no room for new leads; what is in flight is still written.
    Full {
        /// Free bytes.
        free: u64,
    },
    /// Nothing is written or acknowledged any more: stop the process and start anew.
    Failed(Failure),
    /// It was stopped, and everything appended before is durable.
    Stopped,
}

const RUNNING: u8 = 0;
const FULL: u8 = 1;
const FAILED: u8 = 2;
const STOPPED: u8 = 3;

/// Starts the thread that commits.
#[derive(Debug)]
pub struct Writer;

impl Writer {
    /// Starts the thread of a journal.
    ///
    /// # Errors
    ///
    /// Says that the operating system gives no thread.
    pub fn start<S>(
        journal: Journal<S>,
        config: WriterConfig,
        hooks: Hooks,
    ) -> io::Result<(WriterHandle, JoinHandle<()>)>
    where
        S: Storage + Send + 'static,
        S::File: Send,
    {
        let batch_bytes_max = journal.config().batch_bytes_max;
        let shared = Arc::new(Shared {
            inlets: (0..config.sources).map(|_| CachePadded::default()).collect(),
            inlet_bytes_max: config.inlet_bytes_max.max(batch_bytes_max),
            stamps: AtomicU64::new(0),
            batch_bytes_max,
            idle: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            sequence: AtomicU64::new(journal.last_sequence()),
            backlog: AtomicU64::new(0),
            status: Status::default(),
        });
        let mut thread = WriterThread::new(journal, Arc::clone(&shared), config.watch_every, hooks);
        let join = std::thread::Builder::new().name("journal".into()).spawn(move || thread.run())?;
        Ok((WriterHandle { shared, thread: join.thread().clone() }, join))
    }
}

/// The sources' way into the journal.
#[derive(Clone, Debug)]
pub struct WriterHandle {
    shared: Arc<Shared>,
    thread: Thread,
}

impl WriterHandle {
    /// Takes the next records of a source. Copies them and returns; nothing here waits for the disk.
    ///
    /// # Errors
    ///
    /// Says why nothing was taken.
    pub fn append(&self, source: u16, batch: RecordBatch<'_>) -> Result<(), AppendError> {
        let shared = &*self.shared;
        let Some(inlet) = shared.inlets.get(usize::from(source)) else {
            let sources = u16::try_from(shared.inlets.len()).unwrap_or(u16::MAX);
            return Err(AppendError::NoSource { source_index: source, sources });
        };
        let bytes = batch.bytes.len().saturating_add(batch.sealed.len());
        if bytes > shared.batch_bytes_max {
            return Err(AppendError::TooLarge { bytes, max: shared.batch_bytes_max });
        }
        if batch.count == 0 {
            return Ok(());
        }
        // Before the writer can take it off again.
        shared.backlog.fetch_add(wide(bytes), Ordering::Relaxed);
        if let Err(refused) = inlet.append(batch, shared.inlet_bytes_max, &shared.stamps) {
            shared.backlog.fetch_sub(wide(bytes), Ordering::Relaxed);
            return Err(refused);
        }
        // The writer says that it is idle before it looks into the inlets for the last time, and the inlet's
        // lock lies between: either it has seen these records or this sees that it is idle.
        if shared.idle.swap(false, Ordering::AcqRel) {
            self.thread.unpark();
        }
        Ok(())
    }

    /// Returns up to which of its own numbers a source's records are durable; 0 before the first.
    pub fn durable(&self, source: u16) -> u64 {
        self.shared.inlets.get(usize::from(source)).map_or(0, |inlet| inlet.durable())
    }

    /// Returns the sequence up to which the journal is durable.
    pub fn durable_sequence(&self) -> u64 {
        self.shared.sequence.load(Ordering::Acquire)
    }

    /// Returns how many bytes were appended and are not durable yet.
    pub fn backlog_bytes(&self) -> u64 {
        self.shared.backlog.load(Ordering::Relaxed)
    }

    /// Returns how the journal is. Costs an atomic read while all is well.
    pub fn state(&self) -> State {
        self.shared.status.get()
    }

    /// Has the writer commit what was appended, close the journal and end.
    pub fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Release);
        self.shared.idle.store(false, Ordering::Release);
        self.thread.unpark();
    }
}

/// What the sources and the writer share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) inlets: Box<[CachePadded<Inlet>]>,
    inlet_bytes_max: usize,
    /// Numbers the batches of all sources.
    stamps: AtomicU64,
    pub(crate) batch_bytes_max: usize,
    /// Whether the writer has to be woken for what is appended.
    pub(crate) idle: AtomicBool,
    pub(crate) stopping: AtomicBool,
    /// The durable sequence.
    pub(crate) sequence: AtomicU64,
    pub(crate) backlog: AtomicU64,
    pub(crate) status: Status,
}

/// A [`State`] that can be read often and from everywhere.
#[derive(Debug, Default)]
pub(crate) struct Status {
    code: AtomicU8,
    free: AtomicU64,
    failure: OnceLock<Failure>,
}

impl Status {
    fn get(&self) -> State {
        match self.code.load(Ordering::Acquire) {
            FULL => State::Full { free: self.free.load(Ordering::Relaxed) },
            FAILED => self.failure.get().cloned().map_or(State::Stopped, State::Failed),
            STOPPED => State::Stopped,
            _ => State::Running,
        }
    }

    pub(crate) fn set_room(&self, room: Room) {
        self.free.store(room.free, Ordering::Relaxed);
        self.code.store(if room.enough { RUNNING } else { FULL }, Ordering::Release);
    }

    pub(crate) fn fail(&self, failure: Failure) {
        // The first failure is the cause of any other.
        drop(self.failure.set(failure));
        self.code.store(FAILED, Ordering::Release);
    }

    pub(crate) fn stop(&self) {
        self.code.store(STOPPED, Ordering::Release);
    }

    pub(crate) fn is_running(&self) -> bool {
        self.code.load(Ordering::Acquire) == RUNNING
    }

    pub(crate) fn is_over(&self) -> bool {
        self.code.load(Ordering::Acquire) >= FAILED
    }
}
