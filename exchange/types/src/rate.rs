//! [`Rate`]: a percentage as an integer of parts per million.

use core::fmt;

use crate::{Amount, AmountError};

/// A share of one: `20%` is `200_000` parts per million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u32);

/// Why a text is no percentage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// The text does not end in a percent sign.
    #[error("not a percentage such as 20%")]
    NoPercentSign,
    /// The part before the percent sign is no decimal with at most four decimals.
    #[error("not a percentage such as 12.5%")]
    NotDecimal(#[source] AmountError),
    /// The percentage lies outside 0 % to 100 %.
    #[error("not between 0% and 100%")]
    OutOfRange,
}

impl Rate {
    /// The whole.
    pub const ONE: Self = Self(1_000_000);
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// Parts in the whole.
    pub const PARTS: u32 = 1_000_000;

    /// Returns the rate of so many parts per million; nothing above the whole.
    pub const fn from_parts(parts: u32) -> Option<Self> {
        if parts <= Self::PARTS { Some(Self(parts)) } else { None }
    }

    /// Returns the parts per million.
    pub const fn parts(self) -> u32 {
        self.0
    }

    /// Returns what is left of the whole: 20 % leaves 80 %.
    #[must_use]
    pub const fn complement(self) -> Self {
        Self(Self::PARTS.saturating_sub(self.0))
    }

    /// Reads a percentage such as `20%` or `12.5%`.
    ///
    /// # Errors
    ///
    /// Says whether the sign is missing, the number is none, or lies outside 0 to 100.
    pub fn parse(text: &str) -> Result<Self, RateError> {
        let number = text.strip_suffix('%').ok_or(RateError::NoPercentSign)?;
        let percent = Amount::parse(number.trim_end(), 4).map_err(RateError::NotDecimal)?;
        // A percent has a million micros, and is ten thousand parts.
        let parts = percent.micros().div_euclid(100);
        u32::try_from(parts).ok().and_then(Self::from_parts).ok_or(RateError::OutOfRange)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0.div_euclid(10_000), self.0.rem_euclid(10_000));
        if fraction == 0 {
            return write!(f, "{whole}%");
        }
        let digits = format!("{fraction:04}");
        write!(f, "{whole}.{}%", digits.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_parts_per_million() {
        assert_eq!(Rate::parse("20%").map(Rate::parts), Ok(200_000));
        assert_eq!(Rate::parse("12.5%").map(|r| r.to_string()), Ok("12.5%".into()));
        assert_eq!(Rate::parse("0.0001%").map(Rate::parts), Ok(1));
        assert_eq!(Rate::parse("100%"), Ok(Rate::ONE));
        assert_eq!(Rate::parse("100.0001%"), Err(RateError::OutOfRange));
        assert_eq!(Rate::parse("-1%"), Err(RateError::OutOfRange));
        assert_eq!(Rate::parse("20"), Err(RateError::NoPercentSign));
        assert!(matches!(Rate::parse("x%"), Err(RateError::NotDecimal(_))));
        assert_eq!(Rate::from_parts(Rate::PARTS + 1), None);
        let complement = Rate::parse("12.5%").map(Rate::complement);
        assert_eq!(complement.map(|rest| rest.to_string()), Ok("87.5%".into()));
        assert_eq!([Rate::ZERO, Rate::ONE, Rate(1)].map(|rate| rate.to_string()), ["0%", "100%", "0.0001%"]);
    }
}
