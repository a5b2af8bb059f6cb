//! The pacer: a thread that hands out each submission at its intended start.
//!
//! It sleeps on its own because the runtime's timers round up to whole milliseconds, which would show
//! as latency of the exchange.

use std::io;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::schedule::Schedule;

/// Submissions that may wait for the load's thread. If it falls behind by more, the machine cannot make
/// the load that was asked for, and the run says so.
const WAITING_MAX: usize = 65_536;

/// A submission that is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    /// Its number in the run.
    pub(crate) number: u64,
    /// Its intended start.
    pub(crate) intended: Instant,
}

/// When to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// After so long, if given.
    pub duration: Option<Duration>,
    /// After so many submissions, if given.
    pub count: Option<u64>,
}

impl Extent {
    /// Returns whether the submission of this index and intended start belongs to the run.
    pub(crate) fn covers(&self, index: u64, start: Duration) -> bool {
        self.count.is_none_or(|count| index < count) && self.duration.is_none_or(|duration| start < duration)
    }
}

/// Starts the pacer; it ends with the run's extent, or when nobody listens any more.
///
/// # Errors
///
/// Fails if the machine gives no thread.
pub(crate) fn start(
    schedule: Schedule,
    extent: Extent,
    first: u64,
    began: Instant,
) -> io::Result<mpsc::Receiver<Due>> {
    let (due_tx, due_rx) = mpsc::channel(WAITING_MAX);
    std::thread::Builder::new().name("pacer".to_owned()).spawn(move || {
        for (number, start) in (first..).zip(schedule) {
            let intended = began + start;
            if !extent.covers(number - first, start) {
                return;
            }
            sleep_until(intended);
            // A full channel holds the pacer up; the intended starts stay, so the wait counts as latency.
            if due_tx.blocking_send(Due { number, intended }).is_err() {
                return;
            }
        }
    })?;
    Ok(due_rx)
}

#[expect(clippy::disallowed_methods, reason = "to wait for an instant is this thread's whole purpose")]
fn sleep_until(instant: Instant) {
    std::thread::sleep(instant.saturating_duration_since(Instant::now()));
}
