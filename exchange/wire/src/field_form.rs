//! How a field's value is written to a buyer: whole in a post, as the vertical allows in a ping.

use exchange_catalog::snapshot::{Field, PingForm, Stage, Vertical};
use exchange_types::{Amount, Date, FieldIndex, Submission, Value};

use crate::json::Writer;

/// Writes every field that was given, whole.
pub(crate) fn write_all(vertical: &Vertical, lead: &Submission, writer: &mut Writer<'_>) {
    writer.begin_object();
    for (field, value) in given(vertical, lead) {
        writer.key(&field.name);
        write_whole(field, value, lead, writer);
    }
    writer.end_object();
}

/// Writes of the fields that were given only those which the vertical lets into a ping, in the form that it
/// allows. A form that does not fit the value shows nothing; a field that belongs to the post is not shown in
/// any form, though a one-call lead brings it at once.
pub(crate) fn write_for_ping(vertical: &Vertical, lead: &Submission, today: Date, writer: &mut Writer<'_>) {
    writer.begin_object();
    for (field, value) in given(vertical, lead).filter(|(field, _)| field.given == Stage::Ping) {
        match (field.ping, value) {
            (PingForm::Whole, _) => {
                writer.key(&field.name);
                write_whole(field, value, lead, writer);
            }
            (PingForm::Prefix(chars), _) => {
                if let Some(text) = text_of(field, value, lead) {
                    writer.key(&field.name).text(prefix(text, chars));
                }
            }
            (PingForm::Year, Value::Date(date)) => writer.key(&field.name).integer(date.civil().0),
            (PingForm::AgeBand(width), Value::Date(birth)) => {
                if let Some(years) = age(birth, today) {
                    write_band(field, years, i64::from(width), writer);
                }
            }
            (PingForm::Band(width), Value::Integer(number)) => {
                write_band(field, number, i64::from(width), writer);
            }
            (PingForm::Band(width), Value::Decimal(number)) => {
                let whole = number.micros().div_euclid(Amount::MICROS_PER_UNIT);
                write_band(field, whole, i64::from(width), writer);
            }
            (PingForm::Withheld | PingForm::Year | PingForm::AgeBand(_) | PingForm::Band(_), _) => {}
        }
    }
    writer.end_object();
}

/// Returns the fields that were given, in the order of the catalog.
fn given<'a>(vertical: &'a Vertical, lead: &'a Submission) -> impl Iterator<Item = (&'a Field, Value)> {
    let indices = (0..).map(FieldIndex);
    vertical
        .fields
        .iter()
        .zip(indices)
        .filter_map(|(field, index)| lead.value(index).map(|value| (field, value)))
}

fn write_whole(field: &Field, value: Value, lead: &Submission, writer: &mut Writer<'_>) {
    match value {
        Value::Text(_) | Value::Choice(_) => writer.text(text_of(field, value, lead).unwrap_or("")),
        Value::Integer(number) => writer.integer(number),
        Value::Decimal(number) => writer.plain_number(Decimal(number)),
        Value::Boolean(yes) => writer.boolean(yes),
        Value::Date(date) => writer.plain_text(date),
    }
}

/// Returns the text of a text or of an enum's value.
fn text_of<'a>(field: &'a Field, value: Value, lead: &'a Submission) -> Option<&'a str> {
    match value {
        Value::Text(span) => Some(lead.text(span).reveal()),
        Value::Choice(position) => field.choice(position),
        Value::Integer(_) | Value::Decimal(_) | Value::Boolean(_) | Value::Date(_) => None,
    }
}

/// Returns the first characters of a text.
fn prefix(text: &str, chars: u8) -> &str {
    let end = text.char_indices().nth(usize::from(chars)).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or("")
}

/// Returns whole years from a birth to today; nothing for a birth that is still to come.
fn age(birth: Date, today: Date) -> Option<i64> {
    let ((birth_year, birth_month, birth_day), (year, month, day)) = (birth.civil(), today.civil());
    let before_birthday = (month, day) < (birth_month, birth_day);
    let years = year.saturating_sub(birth_year).saturating_sub(i64::from(before_birthday));
    (years >= 0).then_some(years)
}

/// Writes the band of a width in which a number lies, as text: `"30-39"`.
fn write_band(field: &Field, number: i64, width: i64, writer: &mut Writer<'_>) {
    let Some(offset) = number.checked_rem_euclid(width) else { return };
    // At the edge of the numbers the band would shrink to the value itself, so it is left out.
    let Some(low) = number.checked_sub(offset) else { return };
    let Some(high) = width.checked_sub(1).and_then(|span| low.checked_add(span)) else { return };
    writer.key(&field.name).plain_text(format_args!("{low}-{high}"));
}

/// A decimal as a number of JSON: its digits, without trailing zeros.
struct Decimal(Amount);

impl core::fmt::Display for Decimal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let micros = self.0.micros();
        let sign = if micros < 0 { "-" } else { "" };
        let (absolute, unit) = (micros.unsigned_abs(), Amount::MICROS_PER_UNIT.unsigned_abs());
        let (whole, mut fraction) = (absolute.div_euclid(unit), absolute.rem_euclid(unit));
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let mut decimals = 6_usize;
        while fraction.is_multiple_of(10) {
            fraction = fraction.div_euclid(10);
            decimals = decimals.saturating_sub(1);
        }
        write!(f, "{sign}{whole}.{fraction:0decimals$}")
    }
}

#[cfg(test)]
mod tests;
