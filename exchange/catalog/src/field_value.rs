//! Reads the value of a field and brings it into its normal form.
//!
//! The same code reads what a seller sends and what a catalog's filter names, so both always meet in one
//! form: phones in E.164, e-mail addresses in lower case, postal codes as their country writes them.
//! Nothing is allocated on success; a normalized text goes to where the caller keeps its texts.

mod email;
mod phone;
mod postal_code;

use core::fmt::Write as _;

use exchange_types::{Amount, AmountError, Date, Span, Value, limits};

use crate::snapshot::FieldKind;

pub(crate) use email::normalize as normal_email;
pub(crate) use phone::{Phone, is_known as phones_are_known, parse as parse_phone};

/// Where a normalized text goes: it is stored, and the answer says where.
/// [`Submission::push_text`](exchange_types::Submission::push_text) is made for it. Called once for a value
/// that is a text, never where the value is refused.
pub type KeepText<'a> = &'a mut dyn FnMut(&str) -> Span;

impl FieldKind {
    /// Reads a value from its text, as a form or a JSON string brings it.
    ///
    /// Numbers, booleans and dates are read from text too. An empty text is refused with
    /// [`ValueError::Empty`]; a caller to whom empty means "not given" asks before.
    ///
    /// # Errors
    ///
    /// Says what would have been right.
    pub fn parse_text(&self, text: &str, keep: KeepText<'_>) -> Result<Value, ValueError> {
        if text.is_empty() {
            return Err(ValueError::Empty);
        }
        match self {
            Self::Text { bytes_max } => parse_free_text(text, *bytes_max, keep),
            Self::Integer { min, max } => parse_integer(text.trim(), *min, *max),
            Self::Decimal { min, max } => parse_decimal(text.trim(), *min, *max),
            Self::Boolean => parse_boolean(text.trim()),
            Self::Enum { values } => parse_choice(text, values),
            Self::Date => Date::parse(text.trim()).map(Value::Date).ok_or(ValueError::NotDate),
            Self::PostalCode { country } => {
                postal_code::normalize(text, *country).map(|code| kept(&code, keep))
            }
            Self::Phone { country } => phone::parse(text, *country).map(|phone| kept(&phone.number, keep)),
            Self::Email => email::normalize(text).map(|address| kept(&address, keep)),
        }
    }

    /// Reads a value from the digits of a JSON number.
    ///
    /// # Errors
    ///
    /// Refuses a number for everything but integers and decimals: a postal code written as a number has
    /// already lost its leading zeros.
    pub fn parse_number(&self, digits: &str) -> Result<Value, ValueError> {
        match self {
            Self::Integer { min, max } => parse_integer(digits, *min, *max),
            Self::Decimal { min, max } => parse_decimal(digits, *min, *max),
            Self::Text { .. }
            | Self::Boolean
            | Self::Enum { .. }
            | Self::Date
            | Self::PostalCode { .. }
            | Self::Phone { .. }
            | Self::Email => Err(ValueError::WrongType { expected: self.expected_type() }),
        }
    }

    /// Reads a value from a JSON boolean.
    ///
    /// # Errors
    ///
    /// Refuses a boolean for every other type.
    pub fn parse_boolean(&self, given: bool) -> Result<Value, ValueError> {
        if matches!(self, Self::Boolean) {
            return Ok(Value::Boolean(given));
        }
        Err(ValueError::WrongType { expected: self.expected_type() })
    }

    /// Returns what a value of this type is called: `a whole number`.
    pub const fn expected_type(&self) -> &'static str {
        match self {
            Self::Text { .. } => "a text",
            Self::Integer { .. } => "a whole number",
            Self::Decimal { .. } => "a decimal number",
            Self::Boolean => "true or false",
            Self::Enum { .. } => "one of the field's values",
            Self::Date => "a date such as 2026-11-20",
            Self::PostalCode { .. } => "a postal code, as a text",
            Self::Phone { .. } => "a phone number, as a text",
            Self::Email => "an e-mail address",
        }
    }
}

/// Why a value is refused, with what would have been right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// There is no text.
    #[error("is empty")]
    Empty,
    /// A JSON value of another type.
    #[error("has the wrong type, expected {expected}")]
    WrongType {
        /// What was expected.
        expected: &'static str,
    },
    /// A text with too many bytes.
    #[error("is longer than {bytes_max} bytes")]
    TooLong {
        /// The most bytes.
        bytes_max: u32,
    },
    /// A text with a control character that no form sends.
    #[error("contains a control character")]
    ControlCharacter,
    /// No whole number.
    #[error("is not a whole number")]
    NotInteger,
    /// A whole number outside the field's bounds.
    #[error("is not between {min} and {max}")]
    IntegerOutOfRange {
        /// The least value.
        min: i64,
        /// The largest value.
        max: i64,
    },
    /// No decimal number.
    #[error("is not a decimal number such as 12.5")]
    NotDecimal(#[source] AmountError),
    /// A decimal number outside the field's bounds.
    #[error("is not between {min} and {max}", min = decimal_text(*.min), max = decimal_text(*.max))]
    DecimalOutOfRange {
        /// The least value.
        min: Amount,
        /// The largest value.
        max: Amount,
    },
    /// Neither true nor false.
    #[error("is neither true nor false")]
    NotBoolean,
    /// None of an enum's values.
    #[error("is none of {valid}")]
    NotInEnum {
        /// The valid values as a list, cut where it is long.
        valid: Box<str>,
    },
    /// No day that exists.
    #[error("is not a day such as 2026-11-20")]
    NotDate,
    /// No postal code of the country.
    #[error("is not a postal code of {country}, such as {example}", country = country_code(country))]
    NotPostalCode {
        /// ISO 3166-1 alpha-2.
        country: [u8; 2],
        /// What one looks like.
        example: &'static str,
    },
    /// No telephone number.
    #[error("is not a phone number, in international form or in that of {country}", country = country_code(country))]
    NotPhone {
        /// ISO 3166-1 alpha-2.
        country: [u8; 2],
    },
    /// No e-mail address.
    #[error("is not an e-mail address such as ada@example.org")]
    NotEmail,
}

impl ValueError {
    /// Returns the stable code for a problem's `errors[].code`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::WrongType { .. } | Self::NotInteger | Self::NotDecimal(_) | Self::NotBoolean => {
                "wrong_type"
            }
            Self::TooLong { .. } => "too_long",
            Self::IntegerOutOfRange { .. } | Self::DecimalOutOfRange { .. } => "out_of_range",
            Self::NotInEnum { .. } => "not_in_enum",
            Self::ControlCharacter
            | Self::NotDate
            | Self::NotPostalCode { .. }
            | Self::NotPhone { .. }
            | Self::NotEmail => "malformed",
        }
    }
}

/// Writes a decimal without trailing zeros.
pub(crate) fn decimal_text(amount: Amount) -> String {
    let (sign, micros) = if amount.micros() < 0 {
        ("-", amount.micros().unsigned_abs())
    } else {
        ("", amount.micros().unsigned_abs())
    };
    let (whole, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let text = format!("{sign}{whole}.{fraction:06}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Returns the text of a country code.
pub(crate) fn country_code(country: &[u8; 2]) -> &str {
    core::str::from_utf8(country).unwrap_or("??")
}

pub(crate) fn kept(text: &NormalText, keep: KeepText<'_>) -> Value {
    Value::Text(keep(text.as_str()))
}

fn parse_free_text(text: &str, bytes_max: u32, keep: KeepText<'_>) -> Result<Value, ValueError> {
    if text.len() > usize::try_from(bytes_max).unwrap_or(limits::FIELD_TEXT_BYTES_MAX) {
        return Err(ValueError::TooLong { bytes_max });
    }
    // Line breaks and tabs are in many a comment field; the rest has no place in a form.
    if text.chars().any(|char| char.is_control() && !matches!(char, '\n' | '\r' | '\t')) {
        return Err(ValueError::ControlCharacter);
    }
    Ok(Value::Text(keep(text)))
}

fn parse_integer(text: &str, min: i64, max: i64) -> Result<Value, ValueError> {
    // `i64::from_str` takes a leading plus; a plain number has none.
    let plain = !text.starts_with('+');
    let number = text.parse::<i64>().ok().filter(|_| plain).ok_or(ValueError::NotInteger)?;
    if number < min || max < number {
        return Err(ValueError::IntegerOutOfRange { min, max });
    }
    Ok(Value::Integer(number))
}

fn parse_decimal(text: &str, min: Amount, max: Amount) -> Result<Value, ValueError> {
    let number = Amount::parse(text, 6).map_err(ValueError::NotDecimal)?;
    if number < min || max < number {
        return Err(ValueError::DecimalOutOfRange { min, max });
    }
    Ok(Value::Decimal(number))
}

/// Reads what HTML forms send for a checkbox as well.
fn parse_boolean(text: &str) -> Result<Value, ValueError> {
    const NAMES: [(&str, bool); 8] = [
        ("true", true),
        ("false", false),
        ("1", true),
        ("0", false),
        ("yes", true),
        ("no", false),
        ("on", true),
        ("off", false),
    ];
    let named = NAMES.iter().find(|(name, _)| text.eq_ignore_ascii_case(name));
    named.map(|&(_, value)| Value::Boolean(value)).ok_or(ValueError::NotBoolean)
}

fn parse_choice(text: &str, values: &[Box<str>]) -> Result<Value, ValueError> {
    let position = values.iter().position(|value| **value == *text).and_then(|at| u16::try_from(at).ok());
    position.map(Value::Choice).ok_or_else(|| ValueError::NotInEnum { valid: list_of(values) })
}

/// Lists an enum's values for a message; the first ones say enough.
fn list_of(values: &[Box<str>]) -> Box<str> {
    const SHOWN_MAX: usize = 12;
    let mut list = values.iter().take(SHOWN_MAX).map(|value| &**value).collect::<Vec<_>>().join(", ");
    if let Some(more) = values.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
        // Writing to a `String` cannot fail.
        let _ = write!(list, " and {more} more");
    }
    list.into()
}

/// A normalized text that is built in place: an e-mail address, the longest, has at most 254 bytes.
pub(crate) struct NormalText {
    bytes: [u8; Self::BYTES_MAX],
    length: usize,
}

impl NormalText {
    const BYTES_MAX: usize = 254;

    pub(crate) const fn new() -> Self {
        Self { bytes: [0; Self::BYTES_MAX], length: 0 }
    }

    /// Adds an ASCII character; returns whether it is one and there was room.
    #[must_use]
    pub(crate) fn push(&mut self, byte: u8) -> bool {
        let Some(place) = self.bytes.get_mut(self.length).filter(|_| byte.is_ascii()) else { return false };
        *place = byte;
        self.length += 1;
        true
    }

    /// Adds ASCII characters; returns whether they are and there was room.
    #[must_use]
    pub(crate) fn push_all(&mut self, bytes: &[u8]) -> bool {
        bytes.iter().all(|&byte| self.push(byte))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&[])
    }

    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or("")
    }
}

#[cfg(test)]
mod tests;
