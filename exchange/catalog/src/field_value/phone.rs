//! Telephone numbers: from the forms that people type to E.164, and whether a number can exist.
//!
//! Which numbers a country has is known to a port of Google's libphonenumber; what it is given here are digits
//! and what people write between them, nothing else, since it would also read letters as digits.

use rlibphonenumber::{
    NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region,
};

use super::{NormalText, ValueError};
use crate::snapshot::PhoneKind;

/// Digits of an E.164 number, country code included (ITU-T E.164, section 6). Fewer than eight are no
/// subscriber's number anywhere that the exchange trades.
const DIGITS: core::ops::RangeInclusive<usize> = 8..=15;
/// Digits that are typed: those of a number, an international prefix, and a trunk prefix.
const TYPED_DIGITS_MAX: usize = 20;

/// Returns whether the numbers of a country are known, and makes ready what reading them needs: that takes
/// milliseconds, which no lead should wait for.
pub(crate) fn is_known(country: [u8; 2]) -> bool {
    let Some(region) = region(country) else { return false };
    let Ok(example) = PHONE_NUMBER_UTIL.get_example_number(region) else { return false };
    kind(&example).is_some() && read(&e164(&example), country).is_some()
}

/// A number in E.164.
pub(crate) struct Phone {
    pub(crate) number: NormalText,
    /// Of what kind it is; nothing where no country has such a number.
    pub(crate) kind: Option<PhoneKind>,
}

/// Brings a number into E.164. One that cannot exist keeps its digits.
///
/// This is the one time that a lead's number is parsed: it takes about 3 us, most of it in the library's
/// regular expressions.
pub(crate) fn parse(text: &str, country: [u8; 2]) -> Result<Phone, ValueError> {
    read(text.trim(), country).ok_or(ValueError::NotPhone { country })
}

fn read(text: &str, country: [u8; 2]) -> Option<Phone> {
    let typed = digits_of(text)?;
    let international = text.starts_with('+');
    // "+49 (0) 89 ..." names the prefix only to say that callers from abroad leave it out.
    let impossible = || {
        let digits = digits_of(&text.replacen("(0)", "", 1))?;
        Some(Phone { number: in_e164(digits.as_bytes())?, kind: None })
    };
    if typed.as_bytes().len() > TYPED_DIGITS_MAX {
        return None;
    }
    let Ok(number) = PHONE_NUMBER_UTIL.parse(text, region(country)) else {
        return if international { impossible() } else { None };
    };
    let kind = kind(&number);
    if kind.is_none() && international {
        return impossible();
    }
    let possible = || {
        let length = PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number);
        matches!(length, Ok(NumberLengthType::IsPossible))
    };
    if !international && !possible() {
        return None;
    }
    Some(Phone { number: in_e164(e164(&number).strip_prefix('+')?.as_bytes())?, kind })
}

fn e164(number: &PhoneNumber) -> String {
    PHONE_NUMBER_UTIL.format(number, PhoneNumberFormat::E164).into_owned()
}

fn in_e164(digits: &[u8]) -> Option<NormalText> {
    let mut number = NormalText::new();
    let fits = number.push(b'+') && number.push_all(digits);
    (fits && DIGITS.contains(&digits.len()) && digits.first() != Some(&b'0')).then_some(number)
}

/// Collects the digits and drops what people write between them; anything else is no number.
fn digits_of(text: &str) -> Option<NormalText> {
    let mut digits = NormalText::new();
    for byte in text.strip_prefix('+').unwrap_or(text).bytes() {
        match byte {
            b'0'..=b'9' if digits.push(byte) => {}
            b' ' | b'.' | b'-' | b'(' | b')' | b'/' => {}
            _ => return None,
        }
    }
    Some(digits)
}

fn region(country: [u8; 2]) -> Option<Region> {
    super::country_code(&country).parse().ok()
}

fn kind(number: &PhoneNumber) -> Option<PhoneKind> {
    Some(match PHONE_NUMBER_UTIL.get_number_type(number) {
        PhoneNumberType::Unknown => return None,
        PhoneNumberType::FixedLine => PhoneKind::FixedLine,
        PhoneNumberType::Mobile => PhoneKind::Mobile,
        PhoneNumberType::FixedLineOrMobile => PhoneKind::FixedLineOrMobile,
        PhoneNumberType::TollFree => PhoneKind::TollFree,
        PhoneNumberType::PremiumRate => PhoneKind::PremiumRate,
        PhoneNumberType::SharedCost => PhoneKind::SharedCost,
        PhoneNumberType::VoIP => PhoneKind::Voip,
        PhoneNumberType::PersonalNumber => PhoneKind::Personal,
        PhoneNumberType::Pager => PhoneKind::Pager,
        PhoneNumberType::UAN => PhoneKind::Company,
        PhoneNumberType::VoiceMail => PhoneKind::Voicemail,
    })
}
