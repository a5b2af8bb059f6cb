//! The inside of a JSON text: what stands for itself, where it ends, and what its escapes stand for.

use super::Fault;

/// A fault at so many bytes into the text.
pub(super) type TextFault = (Fault, usize);

/// The inside of a text, up to its closing quotation mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// Bytes before the closing quotation mark.
    pub(super) bytes: usize,
    /// Whether there is an escape among them.
    pub(super) escaped: bool,
}

/// Finds the end of a text that begins behind its opening quotation mark.
pub(super) fn extent(bytes: &[u8]) -> Result<Extent, TextFault> {
    let mut escaped = false;
    let mut at = 0_usize;
    loop {
        let rest = bytes.get(at..).unwrap_or(&[]);
        at = at.saturating_add(plain_bytes(rest));
        match bytes.get(at) {
            None => return Err((Fault::OpenText, bytes.len())),
            Some(b'"') => return Ok(Extent { bytes: at, escaped }),
            // Whatever is escaped is one character at least, and may be a quotation mark.
            Some(b'\\') => {
                escaped = true;
                at = at.saturating_add(2);
            }
            Some(_) => return Err((Fault::ControlCharacter, at)),
        }
    }
}

/// Returns how many bytes stand for themselves in a text: up to a quotation mark, a backslash or a control
/// character. Eight at a time, since most of a body is text.
pub(super) fn plain_bytes(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks();
    let mut plain = 0_usize;
    for word in words {
        match special_at(u64::from_le_bytes(*word)) {
            Some(at) => return plain.saturating_add(at),
            None => plain = plain.saturating_add(word.len()),
        }
    }
    plain.saturating_add(rest.iter().take_while(|&&byte| !is_special(byte)).count())
}

const fn is_special(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < 0x20
}

/// Returns the position of the first special byte of eight, of which the first is the lowest.
///
/// The tests for a zero byte and for one below a bound are `haszero` and `hasless` of
/// <https://graphics.stanford.edu/~seander/bithacks.html>. A borrow may mark a byte too much, but only above
/// one that is rightly marked.
fn special_at(word: u64) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH_BITS: u64 = u64::from_le_bytes([0x80; 8]);
    const SPACES: u64 = u64::from_le_bytes([0x20; 8]);
    const QUOTES: u64 = u64::from_le_bytes([b'"'; 8]);
    const BACKSLASHES: u64 = u64::from_le_bytes([b'\\'; 8]);
    let (quotes, backslashes) = (word ^ QUOTES, word ^ BACKSLASHES);
    let below_space = word.wrapping_sub(SPACES) & !word;
    let is_quote = quotes.wrapping_sub(ONES) & !quotes;
    let is_backslash = backslashes.wrapping_sub(ONES) & !backslashes;
    let marks = (below_space | is_quote | is_backslash) & HIGH_BITS;
    if marks == 0 { None } else { usize::try_from(marks.trailing_zeros().div_euclid(8)).ok() }
}

/// Returns the text that `inside`, with its escapes, stands for.
pub(super) fn unescape(inside: &str) -> Result<String, TextFault> {
    let mut text = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let at = || inside.len().saturating_sub(escape.len());
        let (char, after) = escaped_char(escape).ok_or_else(|| (Fault::BadEscape, at()))?;
        text.push(char);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

/// Reads what follows a backslash; returns the character and the rest.
fn escaped_char(escape: &str) -> Option<(char, &str)> {
    let kind = escape.chars().next()?;
    let rest = escape.get(kind.len_utf8()..)?;
    let char = match kind {
        '"' | '\\' | '/' => kind,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return unicode(rest),
        _ => return None,
    };
    Some((char, rest))
}

/// Reads the digits of `\u`, and those of the second half of a surrogate pair.
fn unicode(digits: &str) -> Option<(char, &str)> {
    let (first, rest) = four_digits(digits)?;
    if !(0xd800..0xdc00).contains(&first) {
        // Second halves alone are no characters, which `from_u32` knows.
        return char::from_u32(first).map(|char| (char, rest));
    }
    let (second, rest) = four_digits(rest.strip_prefix("\\u")?)?;
    let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    let high = first.checked_sub(0xd800)?;
    char::from_u32((high << 10 | low).checked_add(0x1_0000)?).map(|char| (char, rest))
}

/// Reads four hexadecimal digits; returns their number and the rest.
fn four_digits(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    // `from_str_radix` takes a sign, which is no digit.
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u32::from_str_radix(digits, 16).ok().filter(|_| all_digits)?;
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_byte_is_judged_alike_alone_and_in_a_word() {
        for byte in 0..=u8::MAX {
            for position in 0..16 {
                let mut bytes = [b'x'; 16];
                *bytes.get_mut(position).expect("within") = byte;
                let expected = if is_special(byte) { position } else { 16 };
                assert_eq!(plain_bytes(&bytes), expected, "{byte:#x} at {position}");
            }
        }
    }

    proptest! {
        #[test]
        fn words_find_what_bytes_find(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let naive = bytes.iter().position(|&byte| is_special(byte)).unwrap_or(bytes.len());
            prop_assert_eq!(plain_bytes(&bytes), naive);
        }
    }
}
