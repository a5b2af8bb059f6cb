//! Postal codes: each country's own form, in capitals.

use super::{NormalText, ValueError};

/// Characters of a postal code whose country's form is not known here. The longest in use anywhere has ten.
const UNKNOWN_FORM: core::ops::RangeInclusive<usize> = 3..=10;

/// Countries with a known form. In a form `9` stands for a digit, `A` for a letter, everything else for
/// itself; spaces and dashes that the sender adds or leaves out do not matter. The United Kingdom has
/// several forms.
const FORMS: [([u8; 2], &[&str]); 22] = [
    (*b"AT", &["9999"]),
    (*b"AU", &["9999"]),
    (*b"BE", &["9999"]),
    (*b"CA", &["A9A 9A9"]),
    (*b"CH", &["9999"]),
    (*b"CZ", &["99999"]),
    (*b"DE", &["99999"]),
    (*b"DK", &["9999"]),
    (*b"ES", &["99999"]),
    (*b"FI", &["99999"]),
    (*b"FR", &["99999"]),
    (*b"GB", &["A9 9AA", "A99 9AA", "AA9 9AA", "AA99 9AA", "A9A 9AA", "AA9A 9AA"]),
    (*b"IT", &["99999"]),
    (*b"LI", &["9999"]),
    (*b"LU", &["9999"]),
    (*b"NL", &["9999 AA"]),
    (*b"NO", &["9999"]),
    (*b"NZ", &["9999"]),
    (*b"PL", &["99-999"]),
    (*b"PT", &["9999-999"]),
    (*b"SE", &["99999"]),
    (*b"US", &["99999"]),
];

/// Brings a postal code into its country's form.
///
/// Of the ZIP+4 code of the United States the first five digits are kept.
pub(super) fn normalize(text: &str, country: [u8; 2]) -> Result<NormalText, ValueError> {
    let forms = FORMS.iter().find(|(known, _)| *known == country).map_or(&[][..], |(_, forms)| *forms);
    let example = forms.first().map_or("A1B2C3", |form| example_of(form));
    let error = ValueError::NotPostalCode { country, example };
    let Some(mut compact) = compact(text) else { return Err(error) };
    if country == *b"US" && compact.as_bytes().len() == 9 && is_zip_plus_four(text.trim()) {
        compact.length = 5;
    }
    if forms.is_empty() {
        return if UNKNOWN_FORM.contains(&compact.as_bytes().len()) { Ok(compact) } else { Err(error) };
    }
    forms.iter().find_map(|form| written_as(form, compact.as_bytes())).ok_or(error)
}

/// Returns the letters in capitals and the digits; nothing where there is anything but spaces and dashes
/// besides.
fn compact(text: &str) -> Option<NormalText> {
    let mut compact = NormalText::new();
    for byte in text.trim().bytes() {
        match byte {
            b' ' | b'-' => {}
            _ if byte.is_ascii_alphanumeric() && compact.push(byte.to_ascii_uppercase()) => {}
            _ => return None,
        }
    }
    Some(compact)
}

fn is_zip_plus_four(text: &str) -> bool {
    matches!(text.as_bytes().get(5), Some(b'-' | b' ')) || text.len() == 9
}

/// Writes a compact code in a form, if it has that form.
fn written_as(form: &str, compact: &[u8]) -> Option<NormalText> {
    let mut written = NormalText::new();
    let mut rest = compact.iter();
    for place in form.bytes() {
        let byte = match place {
            b'9' => *rest.next().filter(|byte| byte.is_ascii_digit())?,
            b'A' => *rest.next().filter(|byte| byte.is_ascii_uppercase())?,
            literal => literal,
        };
        if !written.push(byte) {
            return None;
        }
    }
    rest.next().is_none().then_some(written)
}

fn example_of(form: &'static str) -> &'static str {
    match form {
        "9999" => "1010",
        "A9A 9A9" => "K1A 0B1",
        "9999 AA" => "1012 AB",
        "99-999" => "00-950",
        "9999-999" => "1000-205",
        "A9 9AA" => "M1 1AE",
        _ => "80331",
    }
}
