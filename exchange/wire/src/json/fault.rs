//! [`JsonError`]: why a body is no JSON that is taken, and where.

use core::fmt;

use exchange_types::limits;

use super::seen_keys::OPEN_KEYS_MAX;

/// Why and where reading stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JsonError {
    /// What is wrong.
    pub(crate) fault: Fault,
    /// The byte at which it is.
    pub(crate) offset: usize,
}

/// What is wrong with a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The body is no UTF-8.
    NotUtf8,
    /// Something else was expected here.
    Expected(&'static str),
    /// A number that the grammar of JSON does not know, such as `01`, `.5` or `NaN`.
    BadNumber,
    /// A control character inside a text.
    ControlCharacter,
    /// An escape that does not exist, or half a surrogate pair.
    BadEscape,
    /// A text without an end.
    OpenText,
    /// A key that stands twice in one object.
    DuplicateKey(Box<str>),
    /// Too many levels.
    TooDeep,
    /// Too many keys.
    TooManyKeys,
}

impl JsonError {
    /// Returns line and column, both counted from one; the column in characters.
    pub(crate) fn place(&self, body: &[u8]) -> (usize, usize) {
        let before = body.get(..self.offset.min(body.len())).unwrap_or(body);
        let line = before.split(|&byte| byte == b'\n').count();
        let tail = before.rsplit(|&byte| byte == b'\n').next().unwrap_or(&[]);
        // Bytes that go on with a character begin with the bits 10.
        let column = tail.iter().filter(|&&byte| byte & 0xc0 != 0x80).count().saturating_add(1);
        (line, column)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 => f.write_str("the body is not UTF-8"),
            Self::Expected(expected) => write!(f, "expected {expected}"),
            Self::BadNumber => f.write_str("not a number of JSON, such as 31.50"),
            Self::ControlCharacter => f.write_str("a control character inside a text has to be escaped"),
            Self::BadEscape => f.write_str("not an escape of JSON"),
            Self::OpenText => f.write_str("the text has no closing quotation mark"),
            Self::DuplicateKey(key) => write!(f, "the key {key:?} stands twice in one object"),
            Self::TooDeep => write!(f, "nested more than {} levels deep", limits::JSON_DEPTH_MAX),
            Self::TooManyKeys => write!(f, "more than {OPEN_KEYS_MAX} keys"),
        }
    }
}
