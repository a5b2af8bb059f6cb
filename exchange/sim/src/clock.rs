//! [`Clock`]: virtual time. Its monotonic part only ever goes forward; its UTC may be set.

use exchange_types::{Nanos, Now, UtcMicros};

/// Virtual time: monotonic nanoseconds and the UTC that belongs to them.
#[derive(Debug)]
pub(crate) struct Clock {
    begin: Now,
    now: Now,
    /// How far the UTC was moved, in microseconds, each from when on.
    jumps: Vec<(Nanos, i64)>,
}

impl Clock {
    /// Returns a clock that stands at a moment of UTC.
    pub(crate) fn new(utc: UtcMicros) -> Self {
        // Not zero, so that a length that is taken for an instant shows.
        let begin = Now { mono: Nanos::from_secs(1_000), utc };
        Self { begin, now: begin, jumps: Vec::new() }
    }

    pub(crate) fn now(&self) -> Now {
        self.now
    }

    /// Lets time pass until a moment; one that is past already changes nothing.
    pub(crate) fn advance_to(&mut self, mono: Nanos) {
        let mono = mono.max(self.now.mono);
        self.now = Now { mono, utc: self.utc_at(mono) };
    }

    /// Sets the UTC forward or back by so many microseconds.
    pub(crate) fn jump(&mut self, micros: i64) {
        let before = self.jumps.last().map_or(0, |(_, offset)| *offset);
        self.jumps.push((self.now.mono, before.saturating_add(micros)));
        self.now.utc = self.utc_at(self.now.mono);
    }

    /// Returns the UTC of a moment, past or to come.
    pub(crate) fn utc_at(&self, mono: Nanos) -> UtcMicros {
        let offset = self.jumps.iter().rev().find(|(from, _)| *from <= mono).map_or(0, |(_, offset)| *offset);
        let passed = self.begin.utc.saturating_add(mono.saturating_sub(self.begin.mono));
        UtcMicros(passed.0.saturating_add(offset))
    }
}
