//! Bytes as lower-case hexadecimal digits, and back.

use core::fmt::Write as _;

/// Writes bytes as lower-case digits.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing into a text cannot fail");
    }
    text
}

/// Reads exactly 32 bytes from lower-case digits.
pub(crate) fn decode(text: &str) -> Option<[u8; 32]> {
    let plain = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != 64 || !text.bytes().all(plain) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, at) in bytes.iter_mut().zip((0_usize..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at.saturating_add(2))?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_read_back() {
        let bytes = core::array::from_fn(|at| u8::try_from(at * 8).expect("below 256"));
        assert_eq!(decode(&encode(&bytes)), Some(bytes));
        for text in ["", "00", &"A".repeat(64), &"+1".repeat(32), &"ä".repeat(32)] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
