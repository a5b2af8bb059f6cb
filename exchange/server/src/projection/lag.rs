//! [`Lag`]: how long the tables have been behind the journal.
//!
//! A journal that grows all the time is never caught up with at the moment somebody looks, although the tables may be
//! a moment behind only. So it is noted from time to time how far the journal was; when the tables come by such a
//! mark, they were even with the journal as it stood then.

use core::time::Duration;
use std::collections::VecDeque;
use std::time::Instant;

/// Marks to the longest lag that is allowed: what is measured is too long by a part of this size at most.
const MARKS: u32 = 32;
/// Marks that are kept. Tables that have not passed the oldest of so many are behind for twice as long as they may.
const MARKS_MAX: usize = 64;

/// How long the tables have been behind the journal.
#[derive(Debug)]
pub(super) struct Lag {
    max: Duration,
    even_at: Instant,
    /// How far the journal was on disk, and when; oldest first.
    marks: VecDeque<(u64, Instant)>,
}

impl Lag {
    /// Returns the lag of tables that are even with the journal, and may fall behind for so long.
    pub(super) const fn new(max: Duration, now: Instant) -> Self {
        Self { max, even_at: now, marks: VecDeque::new() }
    }

    /// Notes up to which record the tables are, and how far the journal is on disk at a moment.
    pub(super) fn note(&mut self, cursor: u64, durable: u64, now: Instant) {
        let apart = self.max / MARKS;
        let due = self.marks.back().is_none_or(|(_, at)| now.duration_since(*at) >= apart);
        if due && self.marks.len() < MARKS_MAX {
            self.marks.push_back((durable, now));
        }
        while let Some((_, at)) = self.marks.pop_front_if(|(sequence, _)| *sequence <= cursor) {
            self.even_at = at;
        }
        if cursor >= durable {
            self.even_at = now;
        }
    }

    /// Returns the last moment of which the tables hold everything that was on disk then, as far as it was noted.
    pub(super) const fn even_at(&self) -> Instant {
        self.even_at
    }

    /// Returns whether the tables are further behind than they may be.
    pub(super) fn is_too_long(&self, now: Instant) -> bool {
        now.duration_since(self.even_at) > self.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: Duration = Duration::from_mins(1);
    const STEP: Duration = Duration::from_millis(100);

    /// Plays a journal that grows by ten records with each of so many steps, and tables that are behind by some.
    /// Returns the longest lag that was measured.
    fn play(lag: &mut Lag, from: Instant, steps: u64, behind: u64) -> Duration {
        let mut longest = Duration::ZERO;
        let mut now = from;
        for step in 1..=steps {
            now += STEP;
            lag.note(step.saturating_sub(behind) * 10, step * 10, now);
            longest = longest.max(now.duration_since(lag.even_at()));
        }
        longest
    }

    #[test]
    fn tables_behind_a_journal_that_never_pauses_are_as_late_as_they_are() {
        // (how many steps they are behind, whether that is too long)
        let cases = [(0, false), (1, false), (20, false), (550, false), (601, true)];
        for (behind, too_long) in cases {
            let begin = Instant::now();
            let mut lag = Lag::new(MAX, begin);
            let longest = play(&mut lag, begin, 6_000, behind);
            let real = STEP * u32::try_from(behind).expect("few steps");
            assert!(real <= longest && longest <= real + MAX / MARKS + STEP, "{behind} steps: {longest:?}");
            assert_eq!(longest > MAX, too_long, "{behind} steps");
            assert_eq!(lag.is_too_long(begin + STEP * 6_000), too_long, "{behind} steps");
        }
    }

    #[test]
    fn tables_that_stand_still_are_too_late_and_catch_up() {
        let begin = Instant::now();
        let mut lag = Lag::new(MAX, begin);
        lag.note(10, 10, begin);
        let mut now = begin;
        for step in 2..10_000_u64 {
            now += STEP;
            lag.note(10, step * 10, now);
            assert_eq!(lag.is_too_long(now), now.duration_since(begin) > MAX);
        }
        assert!(lag.marks.len() <= MARKS_MAX);
        lag.note(100_000, 100_000, now);
        assert!(!lag.is_too_long(now));
        assert_eq!(lag.even_at(), now);
    }
}
