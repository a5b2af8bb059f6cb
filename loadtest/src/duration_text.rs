//! [`DurationText`]: a length of time as people write it, `80ms` or `2s`.

use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

/// A length of time, read from a whole number with a unit: `80ms`, `2s`, `5m`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct DurationText(pub Duration);

/// Why a text is no length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no length of time such as \"80ms\", \"2s\" or \"5m\"")]
pub struct DurationTextError {
    text: String,
}

impl FromStr for DurationText {
    type Err = DurationTextError;

    fn from_str(text: &str) -> Result<Self, DurationTextError> {
        let error = || DurationTextError { text: text.to_owned() };
        let digits_end = text.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, unit) = text.split_at_checked(digits_end).ok_or_else(error)?;
        let number: u64 = digits.parse().map_err(|_| error())?;
        let millis_per_unit = match unit.trim_start() {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            _ => return Err(error()),
        };
        number
            .checked_mul(millis_per_unit)
            .map(|millis| Self(Duration::from_millis(millis)))
            .ok_or_else(error)
    }
}

impl TryFrom<String> for DurationText {
    type Error = DurationTextError;

    fn try_from(text: String) -> Result<Self, DurationTextError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected_ms: Option<u64>) {
        let expected = expected_ms.map(|millis| DurationText(Duration::from_millis(millis)));
        assert_eq!(text.parse().ok(), expected, "{text}");
    }

    #[test]
    fn lengths_need_a_whole_number_and_a_unit() {
        check("80ms", Some(80));
        check("2s", Some(2_000));
        check("5m", Some(300_000));
        for text in ["", "80", "ms", "1.5s", "-1s", "80us", "99999999999999999999s"] {
            check(text, None);
        }
    }
}
