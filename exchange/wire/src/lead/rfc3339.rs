//! Times of RFC 3339, section 5.6.

use exchange_types::Date;

/// Digits of a second's fraction: nanoseconds. More say nothing, and could carry what has no place in a ping.
const FRACTION_DIGITS_MAX: usize = 9;

/// Returns whether a text is a time with its offset: `2026-11-20T08:15:30.125+01:00`. The day has to exist;
/// a leap second may stand where one can.
pub(super) fn is_valid(text: &str) -> bool {
    let Some((date, rest)) = text.split_at_checked(10) else { return false };
    let Some((separator, time)) = rest.split_at_checked(1) else { return false };
    Date::parse(date).is_some() && matches!(separator, "T" | "t" | " ") && is_time_with_offset(time)
}

fn is_time_with_offset(text: &str) -> bool {
    let Some((&[h1, h2, b':', m1, m2, b':', s1, s2], rest)) = text.as_bytes().split_first_chunk() else {
        return false;
    };
    let within = |tens, ones, max| number(tens, ones).is_some_and(|number| number <= max);
    within(h1, h2, 23) && within(m1, m2, 59) && within(s1, s2, 60) && is_offset(behind_fraction(rest))
}

/// Returns what follows the fraction; nothing that is an offset where the fraction is wrong.
fn behind_fraction(bytes: &[u8]) -> &[u8] {
    let Some((b'.', fraction)) = bytes.split_first() else { return bytes };
    let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > FRACTION_DIGITS_MAX {
        return &[];
    }
    fraction.get(digits..).unwrap_or(&[])
}

fn is_offset(bytes: &[u8]) -> bool {
    match *bytes {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => {
            number(h1, h2).is_some_and(|hours| hours <= 23)
                && number(m1, m2).is_some_and(|minutes| minutes <= 59)
        }
        _ => false,
    }
}

fn number(tens: u8, ones: u8) -> Option<u8> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| byte.wrapping_sub(b'0'));
    Some(digit(tens)?.saturating_mul(10).saturating_add(digit(ones)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_taken_and_all_else_is_not() {
        let valid = [
            "2026-11-20T08:15:30Z",
            "2026-11-20t08:15:30z",
            "2026-11-20 08:15:30Z",
            "2026-11-20T08:15:30.1Z",
            "2026-11-20T08:15:30.123456789+01:00",
            "2026-02-28T23:59:60-12:30",
            "2024-02-29T00:00:00Z",
        ];
        for text in valid {
            assert!(is_valid(text), "{text}");
        }
        let invalid = [
            "",
            "2026-11-20",
            "2026-11-20T08:15:30",
            "2026-11-20T08:15Z",
            "2026-02-29T08:15:30Z",
            "2026-13-01T08:15:30Z",
            "2026-11-20T24:00:00Z",
            "2026-11-20T08:60:00Z",
            "2026-11-20T08:15:61Z",
            "2026-11-20T08:15:30.Z",
            "2026-11-20T08:15:30.1234567890Z",
            "2026-11-20T08:15:30,5Z",
            "2026-11-20T08:15:30+0100",
            "2026-11-20T08:15:30+24:00",
            "2026-11-20T08:15:30Z ",
            "20.11.2026 08:15",
            "1763626530",
            "2026-11-20T08:15:3éZ",
            "éééééééééé",
        ];
        for text in invalid {
            assert!(!is_valid(text), "{text}");
        }
    }
}
