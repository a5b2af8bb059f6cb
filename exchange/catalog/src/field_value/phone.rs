//! Telephone numbers: from the forms that people type to E.164.
//!
//! The check is one of syntax only; whether a number can exist is for a library of numbering plans, which
//! takes the place of [`normalize`] when it comes.

use super::{NormalText, ValueError};

/// Digits of an E.164 number, country code included (ITU-T E.164, section 6). Fewer than eight are no
/// subscriber's number anywhere that the exchange trades.
const DIGITS: core::ops::RangeInclusive<usize> = 8..=15;

/// How a country writes its numbers.
pub(crate) struct NumberingPlan {
    country: [u8; 2],
    /// The country code.
    calling_code: &'static [u8],
    /// What national numbers begin with and international ones leave out.
    trunk: &'static [u8],
}

const fn plan(country: [u8; 2], calling_code: &'static [u8], trunk: &'static [u8]) -> NumberingPlan {
    NumberingPlan { country, calling_code, trunk }
}

/// Countries whose national form is understood, from ITU-T Operational Bulletin, "Dialling procedures".
/// Italy keeps its leading zero; Spain, Portugal, Denmark, Norway, Poland and Czechia have no prefix.
pub(crate) const PLANS: [NumberingPlan; 22] = [
    plan(*b"AT", b"43", b"0"),
    plan(*b"AU", b"61", b"0"),
    plan(*b"BE", b"32", b"0"),
    plan(*b"CA", b"1", b"1"),
    plan(*b"CH", b"41", b"0"),
    plan(*b"CZ", b"420", b""),
    plan(*b"DE", b"49", b"0"),
    plan(*b"DK", b"45", b""),
    plan(*b"ES", b"34", b""),
    plan(*b"FI", b"358", b"0"),
    plan(*b"FR", b"33", b"0"),
    plan(*b"GB", b"44", b"0"),
    plan(*b"IE", b"353", b"0"),
    plan(*b"IT", b"39", b""),
    plan(*b"LU", b"352", b""),
    plan(*b"NL", b"31", b"0"),
    plan(*b"NO", b"47", b""),
    plan(*b"NZ", b"64", b"0"),
    plan(*b"PL", b"48", b""),
    plan(*b"PT", b"351", b""),
    plan(*b"SE", b"46", b"0"),
    plan(*b"US", b"1", b"1"),
];

/// Returns the codes of the countries whose national form is understood.
pub(crate) fn countries() -> impl Iterator<Item = &'static str> {
    PLANS.iter().map(|plan| super::country_code(&plan.country))
}

/// Brings a number into E.164.
pub(super) fn normalize(text: &str, country: [u8; 2]) -> Result<NormalText, ValueError> {
    let error = ValueError::NotPhone { country };
    read(text.trim(), country).ok_or(error)
}

fn read(text: &str, country: [u8; 2]) -> Option<NormalText> {
    let plan = PLANS.iter().find(|plan| plan.country == country)?;
    let north_american = plan.calling_code == b"1";
    let (international, rest) = match text.strip_prefix('+') {
        Some(rest) => (true, rest),
        None if north_american => text.strip_prefix("011").map_or((false, text), |rest| (true, rest)),
        None => text.strip_prefix("00").map_or((false, text), |rest| (true, rest)),
    };
    // "+49 (0) 89 ..." names the prefix only to say that callers from abroad leave it out.
    let digits = if international { digits_of(rest.split("(0)"))? } else { digits_of([rest].into_iter())? };
    let mut number = NormalText::new();
    let mut fits = number.push(b'+');
    if international {
        fits = fits && number.push_all(digits.as_bytes());
    } else {
        let digits = digits.as_bytes();
        let subscriber =
            if plan.trunk.is_empty() { digits } else { digits.strip_prefix(plan.trunk).unwrap_or(digits) };
        if north_american && subscriber.len() != 10 {
            return None;
        }
        fits = fits && number.push_all(plan.calling_code) && number.push_all(subscriber);
    }
    let digits_count = number.as_bytes().len().saturating_sub(1);
    let leading = number.as_bytes().get(1).copied();
    (fits && DIGITS.contains(&digits_count) && leading != Some(b'0')).then_some(number)
}

/// Collects the digits and drops what people write between them; anything else is no number.
fn digits_of<'a>(parts: impl Iterator<Item = &'a str>) -> Option<NormalText> {
    let mut digits = NormalText::new();
    for byte in parts.flat_map(str::bytes) {
        match byte {
            b'0'..=b'9' if digits.push(byte) => {}
            b' ' | b'.' | b'-' | b'(' | b')' | b'/' => {}
            _ => return None,
        }
    }
    Some(digits)
}
