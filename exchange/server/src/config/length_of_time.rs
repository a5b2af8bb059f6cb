//! Lengths of time as people write them: `200us`, `80ms`, `5s`, `2m`, `30d`.

use core::fmt;
use core::time::Duration;

/// Units with their nanoseconds, from the smallest.
const UNITS: [(&str, u64); 6] = [
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// What a length of time looks like, for remedies.
pub(super) const EXAMPLE: &str =
    r#"a whole number with its unit, such as "200us", "80ms", "5s", "2m" or "30d""#;

/// Reads a whole number with its unit.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let digits_count = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, unit) = text.split_at_checked(digits_count)?;
    let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit)?;
    digits.parse::<u64>().ok()?.checked_mul(*nanos).map(Duration::from_nanos)
}

/// Writes a length in the largest unit that keeps it whole.
pub(super) struct LengthOfTime(pub(super) Duration);

impl fmt::Display for LengthOfTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.0.as_nanos();
        let whole = UNITS.iter().rev().find(|&&(_, nanos)| {
            let nanos = u128::from(nanos);
            length >= nanos && length.is_multiple_of(nanos)
        });
        match whole {
            Some(&(unit, nanos)) => write!(f, "{}{unit}", length.div_euclid(u128::from(nanos))),
            None => write!(f, "{}us", self.0.as_micros()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_a_whole_number_and_a_unit() {
        let written = |text| parse(text).map(|length| LengthOfTime(length).to_string());
        for text in ["200us", "80ms", "5s", "2m", "1h", "0us", "30d"] {
            assert_eq!(written(text).as_deref(), Some(text));
        }
        assert_eq!(written("1500ms").as_deref(), Some("1500ms"));
        assert_eq!(written("60s").as_deref(), Some("1m"));
        for text in ["", "5", "ms", "0.2ms", "-1s", "5 s", "5min", "99999999999999999999s", "9999999999h"] {
            assert_eq!(written(text), None, "{text}");
        }
    }
}
