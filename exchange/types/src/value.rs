//! [`Value`]: the value of a lead's field, checked against its schema and normalized.

use core::fmt;

use crate::Amount;

/// A piece of a submission's text, by position. An empty span stands for "not given".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    start: u32,
    length: u32,
}

impl Span {
    /// Not given.
    pub const NONE: Self = Self { start: 0, length: 0 };

    /// Returns the span that covers `length` bytes from `start`.
    pub const fn new(start: u32, length: u32) -> Self {
        Self { start, length }
    }

    /// Returns whether there is nothing in it.
    pub const fn is_empty(self) -> bool {
        self.length == 0
    }

    /// Returns the text that the span covers in `text`, or none where it lies outside.
    pub fn of(self, text: &str) -> &str {
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        let length = usize::try_from(self.length).unwrap_or(usize::MAX);
        start.checked_add(length).and_then(|end| text.get(start..end)).unwrap_or("")
    }
}

/// A value in its normal form. Texts, postal codes, phones (E.164) and e-mail addresses are spans of the
/// submission's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text, postal code, phone or e-mail address.
    Text(Span),
    /// A whole number.
    Integer(i64),
    /// A decimal number with at most six decimals.
    Decimal(Amount),
    /// Yes or no.
    Boolean(bool),
    /// One of an enum's values, by its position in the schema.
    Choice(u16),
    /// A day.
    Date(Date),
}

/// A calendar day, as days since 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

impl Date {
    /// Returns the day so many days after 1970-01-01.
    pub const fn from_days(days: i32) -> Self {
        Self(days)
    }

    /// Returns the days since 1970-01-01.
    pub const fn days(self) -> i32 {
        self.0
    }

    /// Reads `2026-11-20`; the day has to exist, between the years 1 and 9999.
    pub fn parse(text: &str) -> Option<Self> {
        let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *text.as_bytes() else { return None };
        let number = |digits: &[u8]| {
            digits.iter().try_fold(0_i64, |sum, byte| {
                byte.is_ascii_digit()
                    .then(|| sum.saturating_mul(10).saturating_add(i64::from(byte.wrapping_sub(b'0'))))
            })
        };
        let (year, month, day) = (number(&[y0, y1, y2, y3])?, number(&[m0, m1])?, number(&[d0, d1])?);
        if year < 1 || !(1..=12).contains(&month) || day < 1 {
            return None;
        }
        let days = days_from_civil(year, month, day);
        let (y, m, d) = civil_from_days(days);
        let exists = (y, i64::from(m), i64::from(d)) == (year, month, day);
        exists.then(|| i32::try_from(days).ok().map(Self)).flatten()
    }

    /// Returns year, month and day.
    pub const fn civil(self) -> (i64, u8, u8) {
        #[expect(clippy::as_conversions, reason = "i32 into i64 is lossless, and From is not const")]
        civil_from_days(self.0 as i64)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Returns year, month and day of a day since 1970-01-01: the algorithm `civil_from_days` of
/// <https://howardhinnant.github.io/date_algorithms.html>.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "days come from i32 dates or i64 micros, far from overflow"
)]
pub(crate) const fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1).to_le_bytes()[0];
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month.to_le_bytes()[0], day)
}

/// Returns the day since 1970-01-01: the algorithm `days_from_civil` of the same page.
#[expect(clippy::arithmetic_side_effects, reason = "years have four digits, far from overflow")]
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_exist_are_read_and_written_back() {
        for text in ["1970-01-01", "2000-02-29", "1984-03-17", "9999-12-31", "0001-01-01"] {
            assert_eq!(Date::parse(text).expect(text).to_string(), text);
        }
        for text in
            ["2001-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "0000-01-01", "26-01-01", "2026-1-1", ""]
        {
            assert_eq!(Date::parse(text), None, "{text}");
        }
        assert_eq!(Date::parse("1970-01-02").map(Date::days), Some(1));
    }

    /// Walks from day to day by the lengths of the months, over years of every kind.
    #[test]
    fn every_day_follows_the_one_before() {
        let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let (mut year, mut month, mut day) = (1590, 1, 1);
        let mut days = days_from_civil(year, month, day);
        while year < 2010 {
            assert_eq!(civil_from_days(days).0, year);
            assert_eq!(
                Date::from_days(i32::try_from(days).expect("near")).to_string(),
                format!("{year}-{month:02}-{day:02}")
            );
            assert_eq!(days_from_civil(year, month, day), days);
            let length = match month {
                2 if leap(year) => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            days += 1;
            day += 1;
            if day > length {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
        assert_eq!(
            Date::parse("1970-01-01").map(|date| (date.days(), format!("{date:?}"))),
            Some((0, "1970-01-01".into()))
        );
    }

    #[test]
    fn spans_outside_the_text_are_empty() {
        assert!(Span::NONE.is_empty() && Span::new(7, 0).is_empty() && !Span::new(0, 1).is_empty());
        assert_eq!(Span::new(1, 2).of("abc"), "bc");
        assert_eq!(Span::new(2, 2).of("abc"), "");
        assert_eq!(Span::new(u32::MAX, u32::MAX).of("abc"), "");
        assert_eq!(Span::new(1, 1).of("ä"), "");
    }
}
