//! [`Streams`]: what the requests of an HTTP/2 connection are doing, and whether its client plays foul.

use core::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Requests that a client may have open at a time (RFC 9113 recommends at least 100, section 6.5.2).
pub(crate) const STREAMS_MAX: u32 = 100;
/// Requests that are begun and not ended here. A client that resets one may open the next before the first has
/// ended here, so it is more than [`STREAMS_MAX`]; beyond it nothing else is under way but a flood.
const BEGUN_MAX: u32 = 2 * STREAMS_MAX;
/// Requests that a client may reset before their answer, beyond as many as it let be answered: those of a client
/// whose own patience has ended, at once, and no flood (CVE-2023-44487).
const RESETS_MAX: u32 = STREAMS_MAX;

/// The requests of one connection.
#[derive(Debug)]
pub(crate) struct Streams {
    open: Cell<u32>,
    answered: Cell<u32>,
    reset: Cell<u32>,
    flooded: Cell<bool>,
    idle_since: Cell<Instant>,
    /// Where the requests beyond the first get their place: it is counted as a connection.
    places: Arc<Semaphore>,
}

/// Why a request is not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotBegun {
    /// The exchange has as many connections and requests as it may have.
    NoPlace,
    /// The connection is at its end.
    Flood,
}

/// A request that is open until this is dropped.
#[derive(Debug)]
pub(crate) struct StreamGuard {
    streams: Rc<Streams>,
    answered: bool,
    _place: Option<OwnedSemaphorePermit>,
}

impl Streams {
    pub(crate) fn new(places: Arc<Semaphore>) -> Self {
        Self {
            open: Cell::default(),
            answered: Cell::default(),
            reset: Cell::default(),
            flooded: Cell::default(),
            idle_since: Cell::new(Instant::now()),
            places,
        }
    }

    /// Begins a request.
    pub(crate) fn begin(self: &Rc<Self>) -> Result<StreamGuard, NotBegun> {
        if self.open.get() >= BEGUN_MAX {
            self.flooded.set(true);
        }
        if self.flooded.get() {
            return Err(NotBegun::Flood);
        }
        // The first one has the place of the connection.
        let place = match self.open.get() {
            0 => None,
            _ => Some(Arc::clone(&self.places).try_acquire_owned().map_err(|_| NotBegun::NoPlace)?),
        };
        self.open.set(self.open.get().saturating_add(1));
        Ok(StreamGuard { streams: Rc::clone(self), answered: false, _place: place })
    }

    /// Returns whether the client resets its requests in such numbers that the connection has to end.
    pub(crate) fn is_flooded(&self) -> bool {
        self.flooded.get()
    }

    /// Returns since when there is no request; nothing while there is one.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        (self.open.get() == 0).then(|| self.idle_since.get())
    }
}

impl StreamGuard {
    /// The answer is there.
    pub(crate) fn answered(mut self) {
        self.answered = true;
    }
}

impl Drop for StreamGuard {
    fn drop(&mut self) {
        let streams = &self.streams;
        let count = if self.answered { &streams.answered } else { &streams.reset };
        count.set(count.get().saturating_add(1));
        if streams.reset.get() > streams.answered.get().saturating_add(RESETS_MAX) {
            streams.flooded.set(true);
        }
        streams.open.set(streams.open.get().saturating_sub(1));
        streams.idle_since.set(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streams(places: usize) -> Rc<Streams> {
        Rc::new(Streams::new(Arc::new(Semaphore::new(places))))
    }

    #[test]
    fn requests_beyond_the_first_take_a_place_each() {
        let streams = streams(2);
        let first = streams.begin().expect("has the connection's place");
        let second = streams.begin().expect("a place");
        let _third = streams.begin().expect("a place");
        assert_eq!(streams.begin().expect_err("none left"), NotBegun::NoPlace);
        second.answered();
        drop(streams.begin().expect("a place is free again"));
        first.answered();
        assert!(streams.idle_since().is_none() && !streams.is_flooded());
    }

    #[test]
    fn resets_are_forgiven_as_far_as_requests_were_answered() {
        let streams = streams(0);
        for answered in [0, 40] {
            let streams = self::streams(0);
            for _ in 0..answered {
                streams.begin().expect("begun").answered();
            }
            for _ in 0..RESETS_MAX + answered {
                drop(streams.begin().expect("begun"));
            }
            assert!(!streams.is_flooded() && streams.idle_since().is_some());
            drop(streams.begin().expect("begun"));
            assert_eq!(streams.begin().expect_err("one too many"), NotBegun::Flood);
        }
        assert!(!streams.is_flooded());
    }

    #[test]
    fn no_more_are_begun_than_a_client_can_have_open_twice() {
        let streams = streams(1_000);
        let begun: Vec<_> = (0..BEGUN_MAX).map(|_| streams.begin().expect("begun")).collect();
        assert!(!streams.is_flooded());
        assert_eq!(streams.begin().expect_err("one too many"), NotBegun::Flood);
        assert!(streams.is_flooded());
        drop(begun);
    }
}
