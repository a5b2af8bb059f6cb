//! [`HumanDuration`]: a length of time as people write it, `80ms` or `2s`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

/// A length of time, read from a whole number with a unit: `250us`, `80ms`, `2s`, `5m`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct HumanDuration(pub Duration);

/// Why a text is no length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no length of time such as \"250us\", \"80ms\", \"2s\" or \"5m\"")]
pub struct HumanDurationError {
    text: String,
}

impl HumanDuration {
    /// Returns the length of so many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// Returns the length in microseconds.
    pub fn micros(self) -> u64 {
        u64::try_from(self.0.as_micros()).unwrap_or(u64::MAX)
    }
}

impl FromStr for HumanDuration {
    type Err = HumanDurationError;

    fn from_str(text: &str) -> Result<Self, HumanDurationError> {
        let error = || HumanDurationError { text: text.to_owned() };
        let digits_end = text.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, unit) = text.split_at_checked(digits_end).ok_or_else(error)?;
        let number: u64 = digits.parse().map_err(|_| error())?;
        let micros_per_unit = match unit.trim_start() {
            "us" => 1,
            "ms" => 1_000,
            "s" => 1_000_000,
            "m" => 60_000_000,
            _ => return Err(error()),
        };
        number
            .checked_mul(micros_per_unit)
            .map(|micros| Self(Duration::from_micros(micros)))
            .ok_or_else(error)
    }
}

impl TryFrom<String> for HumanDuration {
    type Error = HumanDurationError;

    fn try_from(text: String) -> Result<Self, HumanDurationError> {
        text.parse()
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected_us: Option<u64>) {
        assert_eq!(text.parse::<HumanDuration>().ok().map(HumanDuration::micros), expected_us, "{text}");
    }

    #[test]
    fn lengths_need_a_whole_number_and_a_unit() {
        check("250us", Some(250));
        check("80ms", Some(80_000));
        check("2s", Some(2_000_000));
        check("5 m", Some(300_000_000));
        for text in ["", "80", "ms", "1.5s", "-1s", "80 Ms", "99999999999999999999s", "18446744073709551615m"]
        {
            check(text, None);
        }
    }
}
