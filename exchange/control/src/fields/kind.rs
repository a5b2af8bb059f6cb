//! What a value may be: each function reads one kind and says what is wrong with any other.

use axum::http::HeaderMap;
use exchange_types::limits::KEY_BYTES_MAX;
use exchange_types::{Amount, AmountError, Currency, UtcMicros};
use serde_json::value::RawValue;

use super::Fault;
use crate::limits;

/// Decimals of an amount, as in a bid.
const DECIMALS_MAX: u8 = 4;

/// Reads words that somebody wrote, of at most so many bytes, without control characters but line breaks and tabs.
pub(crate) fn words(bytes_max: usize) -> impl FnOnce(&RawValue) -> Result<String, Fault> {
    move |raw| {
        let text = text(raw)?;
        let control = |char: char| char.is_control() && !matches!(char, '\n' | '\r' | '\t');
        if text.trim().is_empty() {
            Err(("empty", "has to be given".into()))
        } else if text.len() > bytes_max {
            Err(("too_long", format!("may have {bytes_max} bytes").into()))
        } else if text.chars().any(control) {
            Err(("malformed", "may not hold control characters".into()))
        } else {
            Ok(text)
        }
    }
}

/// Reads a name of the catalog.
pub(crate) fn name(raw: &RawValue) -> Result<Box<str>, Fault> {
    words(limits::NAME_BYTES_MAX)(raw).map(String::into_boxed_str)
}

/// Reads a text of visible ASCII characters.
pub(crate) fn token(bytes_max: usize) -> impl FnOnce(&RawValue) -> Result<Box<str>, Fault> {
    move |raw| {
        let text = words(bytes_max)(raw)?;
        if text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(text.into())
        } else {
            Err(("malformed", "takes visible ASCII characters only".into()))
        }
    }
}

/// Reads one of the texts that `all` names.
pub(crate) fn one_of<T: Copy + 'static>(
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl FnOnce(&RawValue) -> Result<T, Fault> {
    move |raw| {
        let text = text(raw)?;
        all.iter().copied().find(|one| name(*one) == text).ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
            ("not_in_enum", format!("is none of {}", names.join(", ")).into())
        })
    }
}

/// Reads an amount of money from its digits: a text, or a number.
pub(crate) fn amount(raw: &RawValue) -> Result<Amount, Fault> {
    let number = raw.get().starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let digits = if number { raw.get().to_owned() } else { text(raw)? };
    Amount::parse(&digits, DECIMALS_MAX).map_err(|error| match error {
        AmountError::NotDecimal | AmountError::TooManyDecimals(_) => {
            ("malformed", "has to be a decimal with at most 4 decimals, such as 31.50".into())
        }
        AmountError::OutOfRange => ("out_of_range", "is too large".into()),
    })
}

/// Reads an ISO 4217 code.
pub(crate) fn currency(raw: &RawValue) -> Result<Currency, Fault> {
    let unknown = ("not_in_enum", "is no ISO 4217 code in capitals that the exchange knows".into());
    Currency::parse(&text(raw)?).ok_or(unknown)
}

/// Reads a moment of RFC 3339.
pub(crate) fn time(raw: &RawValue) -> Result<UtcMicros, Fault> {
    let malformed = |_| ("malformed", "has to be a time such as 2026-11-20T08:15:30Z".into());
    let time: jiff::Timestamp = text(raw)?.parse().map_err(malformed)?;
    Ok(UtcMicros(time.as_microsecond()))
}

/// Reads a whole number from one to `max`: a number, or a text with one.
pub(crate) fn whole_number(max: u16) -> impl FnOnce(&RawValue) -> Result<u16, Fault> {
    move |raw| {
        let text = if raw.get().starts_with('"') { text(raw)? } else { raw.get().to_owned() };
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| plain && (1..=max).contains(number));
        number.ok_or_else(|| ("out_of_range", format!("has to be a whole number from 1 to {max}").into()))
    }
}

/// Reads a list of at most so many elements.
pub(crate) fn elements(raw: &RawValue, count_max: usize) -> Result<Vec<Box<RawValue>>, Fault> {
    let listed: Vec<Box<RawValue>> =
        serde_json::from_str(raw.get()).map_err(|_| ("wrong_type", "has to be a list".into()))?;
    if listed.len() > count_max {
        return Err(("out_of_range", format!("may have {count_max} elements").into()));
    }
    Ok(listed)
}

/// Reads the header `Idempotency-Key`, if it is there.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<Box<str>>, Fault> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    let fits = |text: &&str| {
        (1..=KEY_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    match (value.to_str().ok().filter(fits), values.next()) {
        (Some(text), None) => Ok(Some(text.into())),
        (_, Some(_)) => Err(("repeated", "stands there twice".into())),
        (None, None) => Err(("malformed", "takes 1 to 128 visible ASCII characters".into())),
    }
}

fn text(raw: &RawValue) -> Result<String, Fault> {
    serde_json::from_str(raw.get()).map_err(|_| ("wrong_type", "has to be a text".into()))
}
