//! [`EndpointStats`]: what happened at one endpoint, counted by one shard.

use core::cell::Cell;

/// Counters of one endpoint, written and read on the shard's own thread.
#[derive(Debug, Default)]
pub struct EndpointStats {
    /// Connections opened.
    pub connects: Cell<u64>,
    /// Connections that could not be opened.
    pub connect_failures: Cell<u64>,
    /// Requests that found an open connection which had served one before.
    pub reuses: Cell<u64>,
    /// Requests whose deadline passed.
    pub timeouts: Cell<u64>,
    /// Requests without a place: the queue was full, or the wait in it too long.
    pub shed: Cell<u64>,
    /// Requests that were sent again because a kept connection turned out to be stale.
    pub retries: Cell<u64>,
    /// Requests that have a place now.
    pub in_flight: Cell<u64>,
    /// Requests that wait for a place now.
    pub queued: Cell<u64>,
    /// Requests past their deadline whose late replies are listened for now.
    pub late: Cell<u64>,
}

/// Counts one thing that happened.
pub(crate) fn count(counter: &Cell<u64>) {
    counter.set(counter.get().saturating_add(1));
}

/// Counts something as long as it lives.
#[derive(Debug)]
pub(crate) struct GaugeGuard<'a>(&'a Cell<u64>);

impl<'a> GaugeGuard<'a> {
    pub(crate) fn new(gauge: &'a Cell<u64>) -> Self {
        count(gauge);
        Self(gauge)
    }
}

impl Drop for GaugeGuard<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}
