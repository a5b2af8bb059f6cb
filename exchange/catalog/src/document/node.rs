//! [`Node`]: one value with its place.

use core::fmt::Display;

use exchange_types::{Amount, Nanos, Pace, Rate};
use toml::de::DeValue;

use super::{Place, Report, Table};
use crate::{duration, duration::DurationText, suggestion};

/// A value of the file.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    value: &'a DeValue<'a>,
    pub(crate) place: Place,
    pub(crate) report: &'a Report<'a>,
}

/// The least and the largest value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range<T> {
    pub(crate) min: T,
    pub(crate) max: T,
}

impl<T> Range<T> {
    pub(crate) const fn new(min: T, max: T) -> Self {
        Self { min, max }
    }
}

impl<'a> Node<'a> {
    pub(super) const fn new(value: &'a DeValue<'a>, place: Place, report: &'a Report<'a>) -> Self {
        Self { value, place, report }
    }

    /// Reports a mistake in the value.
    pub(crate) fn error(&self, message: impl Into<String>, remedy: impl Into<String>) {
        self.report.error(&self.place, message, remedy);
    }

    /// Reports something that is allowed and probably not meant.
    /// Returns how many mistakes were found so far, in the whole catalog.
    pub(crate) fn mistakes(&self) -> usize {
        self.report.count()
    }

    pub(crate) fn warning(&self, message: impl Into<String>, remedy: impl Into<String>) {
        self.report.warning(&self.place, message, remedy);
    }

    /// Reads a text.
    pub(crate) fn text(&self) -> Option<&'a str> {
        self.text_such_as("a text in quotes")
    }

    /// Reads a text; `expected` says what it has to be.
    pub(crate) fn text_such_as(&self, expected: &str) -> Option<&'a str> {
        let text = self.given_text();
        if text.is_none() {
            self.wrong_type::<()>(expected);
        }
        text
    }

    /// Returns the text, where the value is one.
    pub(crate) fn given_text(&self) -> Option<&'a str> {
        if let DeValue::String(text) = self.value { Some(text) } else { None }
    }

    /// Returns the digits, where the value is a decimal number.
    pub(crate) fn given_number(&self) -> Option<&'a str> {
        if let DeValue::Float(digits) = self.value {
            return Some(digits.as_str());
        }
        let DeValue::Integer(digits) = self.value else { return None };
        (digits.radix() == 10).then(|| digits.as_str())
    }

    /// Returns the boolean, where the value is one.
    pub(crate) const fn given_boolean(&self) -> Option<bool> {
        if let DeValue::Boolean(boolean) = self.value { Some(*boolean) } else { None }
    }

    /// Returns whether the value is an array.
    pub(crate) fn is_array(&self) -> bool {
        matches!(self.value, DeValue::Array(_))
    }

    /// Returns whether the value is a table.
    pub(crate) fn is_table(&self) -> bool {
        matches!(self.value, DeValue::Table(_))
    }

    /// Reads a text that is neither empty nor longer than so many bytes.
    pub(crate) fn text_within(&self, bytes_max: usize) -> Option<&'a str> {
        let text = self.text()?;
        if text.trim().is_empty() {
            self.error("is empty", format!("a text of 1 to {bytes_max} bytes"));
            return None;
        }
        if text.len() > bytes_max {
            self.error(format!("has {} bytes", text.len()), format!("at most {bytes_max} bytes"));
            return None;
        }
        Some(text)
    }

    /// Reads `true` or `false`.
    pub(crate) fn boolean(&self) -> Option<bool> {
        let DeValue::Boolean(boolean) = self.value else { return self.wrong_type("true or false") };
        Some(*boolean)
    }

    /// Reads a whole number within bounds.
    pub(crate) fn whole(&self, range: Range<i64>) -> Option<i64> {
        let DeValue::Integer(digits) = self.value else { return self.wrong_type("a whole number") };
        match i64::from_str_radix(digits.as_str(), digits.radix()).ok() {
            Some(number) => self.within(number, range),
            None => self.out_of_range("the number", range),
        }
    }

    /// Reads a whole number within the bounds of a smaller type.
    pub(crate) fn small<T: TryFrom<i64>>(&self, range: Range<i64>) -> Option<T> {
        self.whole(range).and_then(|number| T::try_from(number).ok())
    }

    /// Reads a length of time within bounds.
    pub(crate) fn duration(&self, range: Range<Nanos>) -> Option<Nanos> {
        const EXAMPLE: &str = r#"a whole number with its unit, such as "300ms", "30s", "5m", "72h" or "30d""#;
        let text = self.text_such_as(EXAMPLE)?;
        let Some(length) = duration::parse(text) else {
            self.error(format!("\"{text}\" is no length of time"), EXAMPLE);
            return None;
        };
        if range.min <= length && length <= range.max {
            return Some(length);
        }
        self.out_of_range(
            format_args!("\"{text}\""),
            Range::new(DurationText(range.min), DurationText(range.max)),
        )
    }

    /// Reads an amount of money of more than nothing with at most four decimals.
    pub(crate) fn amount(&self) -> Option<Amount> {
        let amount = self.amount_or_zero()?;
        if amount.is_positive() {
            return Some(amount);
        }
        self.error("is nothing", "an amount above zero");
        None
    }

    /// Reads an amount of money with at most four decimals, perhaps zero.
    pub(crate) fn amount_or_zero(&self) -> Option<Amount> {
        const EXAMPLE: &str = r#"an amount in quotes with at most four decimals, such as "12.50""#;
        let text = self.text_such_as(EXAMPLE)?;
        match Amount::parse(text, 4) {
            Ok(amount) if amount >= Amount::ZERO => Some(amount),
            Ok(_) => {
                self.error(format!("\"{text}\" is negative"), EXAMPLE);
                None
            }
            Err(error) => {
                self.error(format!("\"{text}\" is no amount: {error}"), EXAMPLE);
                None
            }
        }
    }

    /// Reads a percentage.
    pub(crate) fn rate(&self) -> Option<Rate> {
        const EXAMPLE: &str = r#"a percentage in quotes from "0%" to "100%", such as "12.5%""#;
        let text = self.text_such_as(EXAMPLE)?;
        Rate::parse(text)
            .map_err(|error| self.error(format!("\"{text}\" is no percentage: {error}"), EXAMPLE))
            .ok()
    }

    /// Reads so many in a length of time.
    pub(crate) fn pace(&self) -> Option<Pace> {
        let text = self.text_such_as(Pace::EXAMPLE)?;
        let pace = Pace::parse(text);
        if pace.is_none() {
            self.error(format!("\"{}\" is no pace", text.escape_debug()), Pace::EXAMPLE);
        }
        pace
    }

    /// Reads one of some words.
    pub(crate) fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let valid = || words.iter().map(|(word, _)| *word);
        let expected = || format!("one of {}", suggestion::listing(&valid().collect::<Vec<_>>()));
        let Some(text) = self.given_text() else { return self.wrong_type(&expected()) };
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let given = text.escape_debug();
            self.error(format!("\"{given}\" is not known here"), suggestion::remedy(text, valid()));
        }
        found.map(|&(_, value)| value)
    }

    /// Reads a table.
    pub(crate) fn table(&self) -> Option<Table<'a>> {
        let DeValue::Table(entries) = self.value else { return self.wrong_type("a table") };
        Some(Table::new(entries, self.place.clone(), self.report))
    }

    /// Reads an array of at most so many items.
    pub(crate) fn items(&self, count_max: usize) -> Option<Vec<Self>> {
        let DeValue::Array(items) = self.value else { return self.wrong_type("an array") };
        if items.len() > count_max {
            self.error(format!("has {} items", items.len()), format!("at most {count_max}"));
            return None;
        }
        let item = |(position, item): (usize, &'a toml::Spanned<DeValue<'a>>)| Self {
            value: item.get_ref(),
            place: Place {
                file: self.place.file,
                offset: item.span().start,
                path: format!("{}[{position}]", self.place.path),
            },
            report: self.report,
        };
        Some(items.iter().enumerate().map(item).collect())
    }

    /// Reports that the value has another type than expected.
    pub(crate) fn wrong_type<T>(&self, expected: &str) -> Option<T> {
        let found = match self.value {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a point",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time without quotes",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        self.error(format!("is {found}"), format!("expected {expected}"));
        None
    }

    fn within<T: PartialOrd + Copy + Display>(&self, number: T, range: Range<T>) -> Option<T> {
        if range.min <= number && number <= range.max {
            return Some(number);
        }
        self.out_of_range(number, range)
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "a range is two small numbers that the caller made for this"
    )]
    fn out_of_range<T>(&self, given: impl Display, range: Range<impl Display>) -> Option<T> {
        self.error(format!("{given} is out of range"), format!("from {} to {}", range.min, range.max));
        None
    }
}
