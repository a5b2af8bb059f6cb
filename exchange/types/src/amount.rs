//! [`Amount`]: money as an integer number of micros (millionths of the currency's unit).
//!
//! The currency belongs to the vertical, so an amount carries none; it is joined to it where
//! money crosses the wire. Sums of amounts are taken in `i128`.

use core::fmt;

use crate::Currency;

/// An amount of money in micros of a currency unit: `31.50` EUR is `31_500_000`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

/// Why a text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// The text is no plain decimal number (`12,50`, `1e3`, `NaN`, an empty text).
    #[error("not a decimal number such as 31.50")]
    NotDecimal,
    /// The number has more decimals than the place allows.
    #[error("more than {0} decimals")]
    TooManyDecimals(u8),
    /// The number does not fit.
    #[error("out of range")]
    OutOfRange,
}

impl Amount {
    /// Micros in one unit of a currency.
    pub const MICROS_PER_UNIT: i64 = 1_000_000;
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount; stands where no bound is set.
    pub const MAX: Self = Self(i64::MAX);

    /// Returns the amount of so many micros.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Returns the amount in micros.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Returns whether the amount is more than nothing.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Returns the sum, or nothing where it does not fit.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// Returns the difference, or nothing where it does not fit.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// Reads a plain decimal: an optional minus, digits, and at most `decimals_max` decimals.
    ///
    /// No float is involved, no exponent, no plus, no separators. `decimals_max` is at most six.
    ///
    /// # Errors
    ///
    /// Says whether the text is no decimal, too precise or too large.
    pub fn parse(text: &str, decimals_max: u8) -> Result<Self, AmountError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(AmountError::NotDecimal),
            Some((whole, fraction)) => (whole, fraction),
            None => (digits, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(AmountError::NotDecimal);
        }
        if fraction.len() > usize::from(decimals_max.min(6)) {
            return Err(AmountError::TooManyDecimals(decimals_max));
        }
        let mut micros: i64 = 0;
        let padding = core::iter::repeat_n(b'0', 6_usize.saturating_sub(fraction.len()));
        for byte in whole.bytes().chain(fraction.bytes()).chain(padding) {
            let digit = i64::from(byte.wrapping_sub(b'0'));
            micros =
                micros.checked_mul(10).and_then(|m| m.checked_add(digit)).ok_or(AmountError::OutOfRange)?;
        }
        Ok(Self(if negative { micros.wrapping_neg() } else { micros }))
    }

    /// Rounds down to a whole number of the currency's minor units (cents for EUR).
    #[must_use]
    pub fn floor_to(self, currency: Currency) -> Self {
        let step = currency.minor_unit_micros();
        Self(self.0.saturating_sub(self.0.rem_euclid(step)))
    }

    /// Returns the amount as it stands on the wire: the currency's decimals, at least.
    pub fn display(self, currency: Currency) -> AmountText {
        AmountText { micros: self.0, decimals_min: currency.decimals() }
    }
}

/// Writes an amount as a decimal; made by [`Amount::display`].
#[derive(Clone, Copy, Debug)]
pub struct AmountText {
    micros: i64,
    decimals_min: u8,
}

impl fmt::Display for AmountText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.micros < 0 { "-" } else { "" };
        let absolute = self.micros.unsigned_abs();
        let units = 1_000_000_u64;
        let (whole, mut fraction) = (absolute.div_euclid(units), absolute.rem_euclid(units));
        let mut decimals = 6_usize;
        while decimals > usize::from(self.decimals_min) && fraction.rem_euclid(10) == 0 {
            fraction = fraction.div_euclid(10);
            decimals = decimals.saturating_sub(1);
        }
        if decimals == 0 {
            write!(f, "{sign}{whole}")
        } else {
            write!(f, "{sign}{whole}.{fraction:0decimals$}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, decimals_max: u8, expected: Result<i64, AmountError>) {
        assert_eq!(Amount::parse(text, decimals_max).map(Amount::micros), expected, "{text}");
    }

    #[test]
    fn decimals_are_read_from_their_digits() {
        check("31.50", 4, Ok(31_500_000));
        check("0", 4, Ok(0));
        check("-1", 4, Ok(-1_000_000));
        check("25.0001", 4, Ok(25_000_100));
        check("9223372036854.775807", 6, Ok(i64::MAX));
        check("9223372036854.775808", 6, Err(AmountError::OutOfRange));
        check("25.00001", 4, Err(AmountError::TooManyDecimals(4)));
        check("0.0000001", 9, Err(AmountError::TooManyDecimals(9)));
        for text in ["", "-", ".", "1.", ".5", "12,50", "1e3", "NaN", "+1", " 1", "1 ", "--1", "0x1", "١"] {
            check(text, 4, Err(AmountError::NotDecimal));
        }
    }

    #[test]
    fn amounts_are_written_with_the_decimals_of_their_currency() {
        let written = |micros, code: &str| {
            Amount::from_micros(micros).display(Currency::parse(code).expect("a known currency")).to_string()
        };
        assert_eq!(written(31_500_000, "EUR"), "31.50");
        assert_eq!(written(25_000_100, "EUR"), "25.0001");
        assert_eq!(written(-500_000, "USD"), "-0.50");
        assert_eq!(written(0, "EUR"), "0.00");
        assert_eq!(written(1, "EUR"), "0.000001");
        assert_eq!(written(1_003_000_000, "JPY"), "1003");
        assert_eq!(written(1_500_000, "KWD"), "1.500");
    }

    #[test]
    fn sums_and_differences_are_exact_or_none() {
        let (one, most) = (Amount::from_micros(1), Amount::MAX);
        assert_eq!(one.checked_add(one), Some(Amount::from_micros(2)));
        assert_eq!(most.checked_sub(one), Some(Amount::from_micros(i64::MAX - 1)));
        assert_eq!((most.checked_add(one), Amount::from_micros(-2).checked_sub(most)), (None, None));
        assert_eq!([-1, 0, 1].map(|micros| Amount::from_micros(micros).is_positive()), [false, false, true]);
    }

    #[test]
    fn rounding_down_keeps_whole_minor_units() {
        let euro = Currency::parse("EUR").expect("a known currency");
        assert_eq!(Amount::from_micros(25_019_900).floor_to(euro).micros(), 25_010_000);
        assert_eq!(Amount::from_micros(-1).floor_to(euro).micros(), -10_000);
    }
}
