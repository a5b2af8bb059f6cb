//! [`Writer`]: appends JSON to a buffer.

use core::fmt::Display;
use std::io::Write as _;

use super::text::plain_bytes;

/// Appends JSON to a buffer that is reused. It sets the commas; the caller opens, closes and orders.
///
/// ```text
/// writer.begin_object();
/// writer.key("v").unsigned(1);
/// writer.end_object();
/// ```
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    /// Whether a comma has to stand before the next key or value.
    comma: bool,
}

impl<'a> Writer<'a> {
    /// Appends to `out`, where no comma is due.
    pub(crate) const fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, comma: false }
    }

    pub(crate) fn begin_object(&mut self) {
        self.begin(b'{');
    }

    pub(crate) fn end_object(&mut self) {
        self.end(b'}');
    }

    pub(crate) fn begin_array(&mut self) {
        self.begin(b'[');
    }

    pub(crate) fn end_array(&mut self) {
        self.end(b']');
    }

    /// Writes a key; its value follows.
    pub(crate) fn key(&mut self, key: &str) -> &mut Self {
        self.text(key);
        self.out.push(b':');
        self.comma = false;
        self
    }

    /// Writes a text, escaped.
    pub(crate) fn text(&mut self, text: &str) {
        self.separate();
        self.out.push(b'"');
        escape_into(self.out, text);
        self.out.push(b'"');
    }

    /// Writes what a value displays as a text. Made for ids, amounts, times and dates, whose characters
    /// need no escape.
    pub(crate) fn plain_text(&mut self, value: impl Display) {
        self.separate();
        // Writing into a `Vec` cannot fail.
        let _ = write!(self.out, "\"{value}\"");
    }

    /// Writes what a value displays as a number. Made for amounts, which display as digits.
    pub(crate) fn plain_number(&mut self, value: impl Display) {
        self.separate();
        // Writing into a `Vec` cannot fail.
        let _ = write!(self.out, "{value}");
    }

    /// Writes a prefix and 32 hexadecimal digits as a text: what an id or pseudonym displays, without the
    /// machinery of formatting, which ten pings an auction would feel.
    pub(crate) fn hex_text(&mut self, prefix: &str, number: u128) {
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(prefix.as_bytes());
        self.out.extend(
            number.to_be_bytes().into_iter().flat_map(|byte| [hex_digit(byte >> 4), hex_digit(byte & 15)]),
        );
        self.out.push(b'"');
    }

    pub(crate) fn unsigned(&mut self, number: u64) {
        self.separate();
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    pub(crate) fn integer(&mut self, number: i64) {
        self.separate();
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    pub(crate) fn boolean(&mut self, value: bool) {
        self.separate();
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// Appends members that were rendered before, without the braces around them.
    pub(crate) fn members(&mut self, rendered: &[u8]) {
        self.separate();
        self.out.extend_from_slice(rendered);
    }

    fn begin(&mut self, bracket: u8) {
        self.separate();
        self.out.push(bracket);
        self.comma = false;
    }

    fn end(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.comma = true;
    }

    fn separate(&mut self) {
        if self.comma {
            self.out.push(b',');
        }
        self.comma = true;
    }
}

/// Appends a text with the escapes that JSON asks for: quotation mark, backslash and what is below space.
fn escape_into(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    loop {
        let (plain, from) = rest.split_at_checked(plain_bytes(rest)).unwrap_or((rest, &[]));
        out.extend_from_slice(plain);
        let Some((&byte, after)) = from.split_first() else { return };
        escape_byte(out, byte);
        rest = after;
    }
}

/// Returns the digit of a number below 16.
const fn hex_digit(number: u8) -> u8 {
    if number < 10 { b'0'.wrapping_add(number) } else { b'a'.wrapping_sub(10).wrapping_add(number) }
}

fn escape_byte(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            // Writing into a `Vec` cannot fail.
            let _ = write!(out, "\\u{byte:04x}");
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}
