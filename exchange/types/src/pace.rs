//! [`Pace`]: how many of something there may be in a length of time.

use core::fmt;

use crate::Nanos;

/// So many in a length of time, and as many at once: a bucket that holds `count` and fills up evenly.
///
/// What is used up of it is one instant: when the bucket is full again. Each that is taken moves that instant one
/// step on; nothing is left to take while it lies further ahead than all steps together. This is the generic cell rate
/// algorithm (ITU-T I.371, annex A), which needs neither a timer nor a second number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    count: u32,
    period: Nanos,
}

/// The units of time in which a pace is written.
const UNITS: [(&str, Nanos); 4] = [
    ("s", Nanos::from_secs(1)),
    ("m", Nanos::from_secs(60)),
    ("h", Nanos::from_secs(3_600)),
    ("d", Nanos::from_secs(86_400)),
];

impl Pace {
    /// How one is written.
    pub const EXAMPLE: &str = r#"1 to 1000000 for each s, m, h or d, such as "50/s" or "10000/h""#;
    /// The most in one length of time: a step is at least a microsecond then.
    pub const COUNT_MAX: u32 = 1_000_000;

    /// Returns so many in a length of time; nothing where that is out of bounds.
    pub const fn try_new(count: u32, period: Nanos) -> Option<Self> {
        if count == 0 || count > Self::COUNT_MAX || period.0 < Nanos::from_secs(1).0 {
            return None;
        }
        Some(Self { count, period })
    }

    /// Reads a pace: `50/s`, `600/m`, `10000/h`, `100000/d`.
    pub fn parse(text: &str) -> Option<Self> {
        let (count, unit) = text.split_once('/')?;
        let count: u32 = count.bytes().all(|byte| byte.is_ascii_digit()).then(|| count.parse().ok())??;
        let &(_, period) = UNITS.iter().find(|(name, _)| *name == unit)?;
        Self::try_new(count, period)
    }

    /// Takes one: returns when the bucket is full again, or after how long there is one to take.
    ///
    /// # Errors
    ///
    /// Returns how long to wait.
    pub fn take(self, full_at: Nanos, now: Nanos) -> Result<Nanos, Nanos> {
        self.wait(full_at, now).map_or_else(|| Ok(self.add(full_at, now)), Err)
    }

    /// Returns after how long there is one to take, where there is none now.
    pub fn wait(self, full_at: Nanos, now: Nanos) -> Option<Nanos> {
        let ahead = self.add(full_at, now).saturating_sub(now).saturating_sub(self.whole());
        (ahead > Nanos::ZERO).then_some(ahead)
    }

    /// Takes one whether there is one or not, and returns when the bucket is full again.
    #[must_use]
    pub fn add(self, full_at: Nanos, now: Nanos) -> Nanos {
        full_at.max(now).saturating_add(self.step())
    }

    /// Gives so many back, and returns when the bucket is full again.
    #[must_use]
    pub fn give_back(self, full_at: Nanos, count: u32) -> Nanos {
        full_at.saturating_sub(Nanos(self.step().0.saturating_mul(u64::from(count))))
    }

    /// How long the bucket takes to fill up by one.
    fn step(self) -> Nanos {
        Nanos(self.period.0.div_ceil(u64::from(self.count.max(1))))
    }

    fn whole(self) -> Nanos {
        Nanos(self.step().0.saturating_mul(u64::from(self.count)))
    }
}

/// Writes what [`Pace::parse`] reads.
impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS.iter().find(|(_, period)| *period == self.period).map_or("s", |(name, _)| name);
        write!(f, "{}/{unit}", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_a_count_and_a_unit() {
        for text in ["1/s", "50/s", "600/m", "10000/h", "1000000/d"] {
            assert_eq!(Pace::parse(text).map(|pace| pace.to_string()).as_deref(), Some(text));
        }
        for text in
            ["", "50", "50/", "/s", "0/s", "1000001/s", "50/w", "-1/s", "+5/s", "5.5/s", " 5/s", "5/s "]
        {
            assert_eq!(Pace::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn as_many_go_at_once_as_in_a_length_of_time_and_no_more() {
        for text in ["1/s", "3/s", "7/s", "600/m", "999999/s", "1000000/s", "1/d", "86399/d"] {
            let pace = Pace::parse(text).expect("a pace");
            // Long after the start, and at it.
            for start in [Nanos::ZERO, Nanos::from_secs(90_000_000)] {
                let mut full_at = Nanos::ZERO;
                let at_once = (0..pace.count.saturating_add(10))
                    .map_while(|_| pace.take(full_at, start).ok().inspect(|next| full_at = *next))
                    .count();
                assert_eq!(at_once, usize::try_from(pace.count).expect("a count"), "{text} from {start:?}");
                let wait = pace.take(full_at, start).expect_err("the bucket is empty");
                assert_eq!(wait, pace.step(), "{text}: one step later there is one again");
                let later = start.saturating_add(wait);
                assert!(pace.take(full_at, Nanos(later.0.saturating_sub(1))).is_err(), "{text}");
                let next = pace.take(full_at, later).expect("one is there");
                assert!(pace.take(next, later).is_err(), "{text}: one and no more");
            }
        }
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let pace = Pace::parse("2/s").expect("a pace");
        let (start, mut full_at) = (Nanos::from_secs(5), Nanos::ZERO);
        for _ in 0..4 {
            full_at = pace.add(full_at, start);
        }
        assert_eq!(pace.wait(full_at, start), Some(Nanos(1_500_000_000)), "two too many, and one to take");
        full_at = pace.give_back(full_at, 3);
        assert_eq!(pace.wait(full_at, start), None);
        // More than was taken leaves a full bucket and no fuller one.
        full_at = pace.give_back(full_at, 100);
        let taken = pace.take(full_at, start).expect("one").max(start);
        let taken = pace.take(taken, start).expect("two");
        assert!(pace.take(taken, start).is_err(), "the bucket holds two");
    }
}
