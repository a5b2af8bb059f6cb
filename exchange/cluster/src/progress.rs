//! [`Progress`]: how far the mirror is.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::time::Instant;

use crate::Failure;

/// How far the mirror is, written by its task and read by whoever watches it.
#[derive(Debug)]
pub struct Progress {
    started: Instant,
    /// Nanoseconds after `started` at which everything that Redis shows was read.
    even_at: AtomicU64,
    following: AtomicBool,
    failures: [AtomicU64; Failure::ALL.len()],
    written: AtomicU64,
    rewrites: AtomicU64,
}

/// How far the mirror is at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether Redis took the last batch.
    pub following: bool,
    /// How old the oldest counter may be that Redis shows; before the first round, since the start.
    pub lag: Duration,
    /// How often Redis did not take a batch, by why.
    pub failures: [(Failure, u64); Failure::ALL.len()],
    /// Counters that were written.
    pub written: u64,
    /// How often everything was written anew.
    pub rewrites: u64,
}

impl Progress {
    /// Returns the progress of a mirror that begins now.
    pub fn new(now: Instant) -> Self {
        Self {
            started: now,
            even_at: AtomicU64::new(0),
            following: AtomicBool::new(false),
            failures: Default::default(),
            written: AtomicU64::new(0),
            rewrites: AtomicU64::new(0),
        }
    }

    /// Returns how far the mirror is.
    pub fn standing(&self, now: Instant) -> Standing {
        // Relaxed: these are numbers for people, each for itself.
        let even = self.started + Duration::from_nanos(self.even_at.load(Ordering::Relaxed));
        let count = |failure: Failure| {
            let place = Failure::ALL.iter().position(|known| *known == failure);
            let counter = place.and_then(|place| self.failures.get(place));
            (failure, counter.map_or(0, |counter| counter.load(Ordering::Relaxed)))
        };
        Standing {
            following: self.following.load(Ordering::Relaxed),
            lag: now.saturating_duration_since(even),
            failures: Failure::ALL.map(count),
            written: self.written.load(Ordering::Relaxed),
            rewrites: self.rewrites.load(Ordering::Relaxed),
        }
    }

    /// Redis shows everything as it was at this moment, or newer.
    pub(crate) fn even(&self, at: Instant) {
        let since = at.saturating_duration_since(self.started).as_nanos();
        self.even_at.store(u64::try_from(since).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.following.store(true, Ordering::Relaxed);
    }

    pub(crate) fn wrote(&self, counters: usize) {
        self.written.fetch_add(u64::try_from(counters).unwrap_or(0), Ordering::Relaxed);
    }

    pub(crate) fn rewrites(&self) {
        self.rewrites.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failed(&self, failure: Failure) {
        self.following.store(false, Ordering::Relaxed);
        let place = Failure::ALL.iter().position(|known| *known == failure);
        if let Some(counter) = place.and_then(|place| self.failures.get(place)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}
