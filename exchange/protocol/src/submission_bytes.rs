//! The bytes of a [`Submission`], in two parts that are sealed under different keys.
//!
//! The part [`SealClass::Lead`] holds the fields, the source and the envelope; the part
//! [`SealClass::Consent`] holds the evidence of consent, which is kept longer and may be restricted. The first
//! is enough to read a lead back; the second adds to it. Each starts with a version and its part, and all
//! numbers are little-endian. What comes out is personal data: it belongs into a ciphertext and nowhere else.

use exchange_types::{
    ConsentKey, Date, FieldIndex, Nanos, Pii, SellerIndex, SourceKey, Span, Submission, Value, VerticalIndex,
    limits,
};

use crate::SealClass;
use crate::record::bytes::{DecodeError, Reader, Writer};
use crate::record::{read_optional, write_optional};

/// The layout of this release.
const VERSION: u8 = 1;

const TEXT: u8 = 0;
const INTEGER: u8 = 1;
const DECIMAL: u8 = 2;
const BOOLEAN: u8 = 3;
const CHOICE: u8 = 4;
const DATE: u8 = 5;

/// Appends the bytes of one part of a submission.
pub fn encode_submission(submission: &Submission, part: SealClass, out: &mut Vec<u8>) {
    let mut to = Writer::new(out);
    to.u8(VERSION);
    to.u8(part.code());
    match part {
        SealClass::Lead => write_lead(submission, &mut to),
        SealClass::Consent => write_consent(submission, &mut to),
    }
}

/// Returns whether a submission brings anything for the part [`SealClass::Consent`].
pub fn has_consent(submission: &Submission) -> bool {
    submission.named_sellers().next().is_some()
        || ConsentKey::ALL.iter().any(|(key, _)| submission.consent(*key).is_some())
}

/// Reads a submission back from its parts. Without its consent, which may be erased or restricted, the lead
/// reads as one whose seller gave none.
///
/// # Errors
///
/// Says at which byte of a part the submission cannot be read.
pub fn decode_submission(lead: &[u8], consent: Option<&[u8]>) -> Result<Submission, DecodeError> {
    let mut submission = Submission::default();
    let mut from = open(lead, SealClass::Lead)?;
    read_lead(&mut submission, &mut from)?;
    from.end()?;
    if let Some(consent) = consent {
        let mut from = open(consent, SealClass::Consent)?;
        read_consent(&mut submission, &mut from)?;
        from.end()?;
    }
    Ok(submission)
}

fn open(bytes: &[u8], part: SealClass) -> Result<Reader<'_>, DecodeError> {
    let mut from = Reader::new(bytes);
    let version = from.u8()?;
    if version != VERSION {
        return Err(DecodeError::Version { version });
    }
    let kind = from.u8()?;
    if kind == part.code() { Ok(from) } else { Err(DecodeError::Kind { kind }) }
}

fn write_lead(submission: &Submission, to: &mut Writer<'_>) {
    to.u16(submission.vertical.0);
    to.u32(submission.seller.0);
    to.count(submission.fields_count());
    write_optional(submission.floor.as_ref(), to, |floor, to| to.amount(*floor));
    write_optional(submission.max_buyers.as_ref(), to, |count, to| to.u16(*count));
    to.u16(submission.prior_sales);
    write_optional(submission.wait.as_ref(), to, |wait, to| to.u64(wait.0));
    write_optional(submission.session_ms.as_ref(), to, |millis, to| to.u32(*millis));
    to.text(submission.seller_ref().unwrap_or(""));
    to.count(submission.sub_ids().count());
    for sub_id in submission.sub_ids() {
        to.text(sub_id);
    }
    for (key, _) in SourceKey::ALL {
        to.text(submission.source(key).map_or("", Pii::reveal));
    }
    let fields = u16::try_from(submission.fields_count()).unwrap_or(u16::MAX);
    for field in (0..fields).map(FieldIndex) {
        write_optional(submission.value(field).as_ref(), to, |value, to| write_value(submission, *value, to));
    }
}

fn read_lead(submission: &mut Submission, from: &mut Reader<'_>) -> Result<(), DecodeError> {
    let (vertical, seller) = (VerticalIndex(from.u16()?), SellerIndex(from.u32()?));
    let fields = bounded(from, limits::FIELDS_MAX)?;
    submission.reset(vertical, seller, fields);
    submission.floor = read_optional(from, Reader::amount)?;
    submission.max_buyers = read_optional(from, Reader::u16)?;
    submission.prior_sales = from.u16()?;
    submission.wait = read_optional(from, Reader::u64)?.map(Nanos);
    submission.session_ms = read_optional(from, Reader::u32)?;
    let seller_ref = from.text()?;
    if !seller_ref.is_empty() {
        submission.set_seller_ref(seller_ref);
    }
    for _ in 0..bounded(from, limits::SUB_IDS_MAX)? {
        submission.push_sub_id(from.text()?);
    }
    for (key, _) in SourceKey::ALL {
        let source = from.text()?;
        if !source.is_empty() {
            submission.set_source(key, source);
        }
    }
    for field in (0..u16::try_from(fields).unwrap_or(u16::MAX)).map(FieldIndex) {
        if from.flag()? {
            let value = read_value(submission, from)?;
            submission.set_value(field, Some(value));
        }
    }
    Ok(())
}

fn write_consent(submission: &Submission, to: &mut Writer<'_>) {
    for (key, _) in ConsentKey::ALL {
        to.text(submission.consent(key).map_or("", Pii::reveal));
    }
    to.count(submission.named_sellers().count());
    for name in submission.named_sellers() {
        to.text(name);
    }
}

fn read_consent(submission: &mut Submission, from: &mut Reader<'_>) -> Result<(), DecodeError> {
    for (key, _) in ConsentKey::ALL {
        let text = from.text()?;
        if !text.is_empty() {
            submission.set_consent(key, text);
        }
    }
    for _ in 0..bounded(from, limits::NAMED_SELLERS_MAX)? {
        let name = from.text()?;
        submission.push_named_seller(name);
    }
    Ok(())
}

/// Reads a count, which damage may have made any number, and refuses what no lead has.
fn bounded(from: &mut Reader<'_>, most: usize) -> Result<usize, DecodeError> {
    let count = from.count()?;
    if count <= most { Ok(count) } else { Err(DecodeError::Value { at: from.position() }) }
}

fn write_value(submission: &Submission, value: Value, to: &mut Writer<'_>) {
    match value {
        Value::Text(span) => {
            to.u8(TEXT);
            to.text(submission.text(span).reveal());
        }
        Value::Integer(number) => {
            to.u8(INTEGER);
            to.bytes(&number.to_le_bytes());
        }
        Value::Decimal(amount) => {
            to.u8(DECIMAL);
            to.amount(amount);
        }
        Value::Boolean(yes) => {
            to.u8(BOOLEAN);
            to.flag(yes);
        }
        Value::Choice(choice) => {
            to.u8(CHOICE);
            to.u16(choice);
        }
        Value::Date(date) => {
            to.u8(DATE);
            to.bytes(&date.days().to_le_bytes());
        }
    }
}

fn read_value(submission: &mut Submission, from: &mut Reader<'_>) -> Result<Value, DecodeError> {
    Ok(match from.u8()? {
        TEXT => {
            let text = from.text()?;
            Value::Text(if text.is_empty() { Span::NONE } else { submission.push_text(text) })
        }
        INTEGER => Value::Integer(i64::from_le_bytes(from.array()?)),
        DECIMAL => Value::Decimal(from.amount()?),
        BOOLEAN => Value::Boolean(from.flag()?),
        CHOICE => Value::Choice(from.u16()?),
        DATE => Value::Date(Date::from_days(i32::from_le_bytes(from.array()?))),
        _ => return Err(DecodeError::Value { at: from.position() }),
    })
}

#[cfg(test)]
mod tests;
