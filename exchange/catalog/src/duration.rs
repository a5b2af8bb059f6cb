//! Lengths of time as people write them: `300ms`, `30s`, `5m`, `72h`, `30d`.

use core::fmt;

use exchange_types::Nanos;

const UNITS: [(&str, u64); 5] = [
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60 * 1_000_000_000),
    ("h", 3_600 * 1_000_000_000),
    ("d", 86_400 * 1_000_000_000),
];

/// Reads a whole number with its unit.
pub(crate) fn parse(text: &str) -> Option<Nanos> {
    let digits_count = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, unit) = text.split_at_checked(digits_count)?;
    let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit)?;
    digits.parse::<u64>().ok()?.checked_mul(*nanos).map(Nanos)
}

/// Writes a length in the largest unit that keeps it whole.
pub(crate) struct DurationText(pub(crate) Nanos);

impl fmt::Display for DurationText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.0.0;
        let whole = UNITS.iter().rev().find(|(_, nanos)| length >= *nanos && length.is_multiple_of(*nanos));
        match whole {
            Some((unit, nanos)) => write!(f, "{}{unit}", length / nanos),
            None => write!(f, "{}ms", self.0.as_millis()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_a_whole_number_and_a_unit() {
        let written = |text| parse(text).map(|length| DurationText(length).to_string());
        for text in ["300ms", "30s", "5m", "30d", "0ms"] {
            assert_eq!(written(text).as_deref(), Some(text));
        }
        assert_eq!(written("72h").as_deref(), Some("3d"));
        assert_eq!(written("1500ms").as_deref(), Some("1500ms"));
        for text in
            ["", "5", "ms", "1.5s", "-1s", "5 m", "5min", "99999999999999999999s", "999999999999d", "٣s"]
        {
            assert_eq!(written(text), None, "{text}");
        }
    }
}
