//! Time as the engine sees it: integers handed in by the shell, never read from a clock here.

use core::time::Duration;

/// Monotonic nanoseconds since the process's own origin, or a length of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(pub u64);

impl Nanos {
    /// The origin; as a length, none.
    pub const ZERO: Self = Self(0);
    /// Later than anything that happens.
    pub const NEVER: Self = Self(u64::MAX);

    /// Returns so many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Returns so many seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// Returns whole milliseconds, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0.div_euclid(1_000_000)
    }

    /// Returns whole microseconds, rounded down.
    pub const fn as_micros(self) -> u64 {
        self.0.div_euclid(1_000)
    }

    /// Returns the length without what is below a microsecond.
    #[must_use]
    pub const fn floor_to_micros(self) -> Self {
        Self(self.as_micros().saturating_mul(1_000))
    }

    /// Returns the sum, at most [`Nanos::NEVER`].
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Returns the difference, at least zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Returns the length as a [`Duration`].
    pub const fn to_duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

impl From<Duration> for Nanos {
    fn from(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcMicros(pub i64);

impl UtcMicros {
    /// Returns whole milliseconds since 1970, rounded down.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Returns the time so much later.
    #[must_use]
    pub fn saturating_add(self, length: Nanos) -> Self {
        Self(self.0.saturating_add(i64::try_from(length.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Returns year, month, day, hour, minute, second, and microsecond in UTC.
    ///
    /// The days are counted by the algorithm `civil_from_days` of
    /// <https://howardhinnant.github.io/date_algorithms.html>.
    pub const fn civil(self) -> (i64, u8, u8, u8, u8, u8, u32) {
        let days = self.0.div_euclid(86_400_000_000);
        let micros = self.0.rem_euclid(86_400_000_000);
        let (year, month, day) = crate::value::civil_from_days(days);
        let seconds = micros.div_euclid(1_000_000);
        (
            year,
            month,
            day,
            low_byte(seconds.div_euclid(3_600)),
            low_byte(seconds.div_euclid(60).rem_euclid(60)),
            low_byte(seconds.rem_euclid(60)),
            low_word(micros.rem_euclid(1_000_000)),
        )
    }
}

/// Narrows a number that is known to be below 256.
const fn low_byte(number: i64) -> u8 {
    number.to_le_bytes()[0]
}

/// Narrows a number that is known to be below 2^32.
const fn low_word(number: i64) -> u32 {
    let [a, b, c, d, ..] = number.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// Writes RFC 3339 with milliseconds: `2026-11-20T08:15:30.125Z`.
impl core::fmt::Display for UtcMicros {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (year, month, day, hour, minute, second, micros) = self.civil();
        let millis = micros.div_euclid(1_000);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
    }
}

/// The present moment, as the shell read it: once for each batch of input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// For deadlines: never goes back.
    pub mono: Nanos,
    /// For records, windows and schedules.
    pub utc: UtcMicros,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339() {
        assert_eq!(UtcMicros(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(UtcMicros(1_772_323_199_999_999).to_string(), "2026-02-28T23:59:59.999Z");
        assert_eq!(UtcMicros(951_782_400_000_000).to_string(), "2000-02-29T00:00:00.000Z");
        assert_eq!(UtcMicros(-1).to_string(), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn lengths_are_converted_exactly_and_rounded_down() {
        let length = Nanos(3_999_999);
        assert_eq!((length.as_millis(), length.as_micros()), (3, 3_999));
        assert_eq!(
            (length.floor_to_micros(), length.to_duration().as_nanos()),
            (Nanos(3_999_000), 3_999_999)
        );
        assert_eq!((Nanos::from_secs(2), Nanos::from_millis(2)), (Nanos(2_000_000_000), Nanos(2_000_000)));
        assert_eq!(UtcMicros(-1).as_millis(), -1);
        assert_eq!(UtcMicros(5).saturating_add(length), UtcMicros(4_004));
        assert_eq!(UtcMicros(i64::MAX - 1).saturating_add(length), UtcMicros(i64::MAX));
        assert_eq!(UtcMicros(1_772_323_199_123_456).civil(), (2026, 2, 28, 23, 59, 59, 123_456));
    }

    #[test]
    fn lengths_saturate() {
        assert_eq!(Nanos::NEVER.saturating_add(Nanos(1)), Nanos::NEVER);
        assert_eq!(Nanos(1).saturating_sub(Nanos(2)), Nanos::ZERO);
        assert_eq!(Nanos::from(Duration::from_millis(3)), Nanos::from_millis(3));
    }
}
