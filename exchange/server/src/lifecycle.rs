//! [`Lifecycle`]: whether the process takes leads, and the one path by which it stops.

use core::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

/// Whether the process takes leads. Once it drains, it never takes one again.
#[derive(Debug)]
pub struct Lifecycle {
    draining: AtomicBool,
    stop: watch::Sender<bool>,
}

impl Lifecycle {
    /// Returns the lifecycle of a process that has just started.
    pub fn new() -> Self {
        Self { draining: AtomicBool::new(false), stop: watch::Sender::new(false) }
    }

    /// Returns whether new leads are refused.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Stops taking leads and tells every listener to finish.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
        self.stop.send_replace(true);
    }

    /// Returns what becomes true when the process stops.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self::new()
    }
}
