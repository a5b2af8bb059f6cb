//! [`Clock`]: virtual time, which only ever goes forward.

use exchange_types::{Nanos, Now, UtcMicros};

/// Virtual time: monotonic nanoseconds and the UTC that belongs to them.
#[derive(Debug)]
pub(crate) struct Clock {
    begin: Now,
    now: Now,
}

impl Clock {
    /// Returns a clock that stands at a moment of UTC.
    pub(crate) fn new(utc: UtcMicros) -> Self {
        // Not zero, so that a length that is taken for an instant shows.
        let begin = Now { mono: Nanos::from_secs(1_000), utc };
        Self { begin, now: begin }
    }

    pub(crate) fn now(&self) -> Now {
        self.now
    }

    pub(crate) fn begin(&self) -> Now {
        self.begin
    }

    /// Lets time pass until a moment; one that is past already changes nothing.
    pub(crate) fn advance_to(&mut self, mono: Nanos) {
        let mono = mono.max(self.now.mono);
        let passed = mono.saturating_sub(self.begin.mono);
        self.now = Now { mono, utc: self.begin.utc.saturating_add(passed) };
    }

    /// Returns the UTC of a moment, past or to come.
    pub(crate) fn utc_at(&self, mono: Nanos) -> UtcMicros {
        self.begin.utc.saturating_add(mono.saturating_sub(self.begin.mono))
    }
}
