//! [`Clock`]: turns instants into times of day.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use exchange_types::{Nanos, UtcMicros};

/// The wall clock, read once; every later time follows from it and the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    began: Instant,
    began_utc: UtcMicros,
}

impl Clock {
    /// Reads the wall clock.
    #[expect(clippy::disallowed_methods, reason = "this is the one place of the program that reads it")]
    pub(crate) fn start() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        Self { began: Instant::now(), began_utc: UtcMicros(micros) }
    }

    /// Returns the instant of the start.
    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    /// Returns the time of an instant after the start.
    pub(crate) fn utc(&self, instant: Instant) -> UtcMicros {
        self.began_utc.saturating_add(Nanos::from(instant.saturating_duration_since(self.began)))
    }
}
