//! [`Reader`]: pulls JSON values out of a body.
//!
//! One pass, no recursion but for the bounded one of [`Reader::skip`], no allocation but for texts with
//! escapes and for objects with more keys than usual.

use std::borrow::Cow;

use exchange_types::limits;

use super::seen_keys::{Insert, SeenKeys};
use super::{Fault, JsonError, text};

/// The next value. Of an object or array only the opening bracket is read.
pub(crate) enum Item<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// The number as it is written.
    Number(&'a str),
    /// A text, borrowed where it has no escapes.
    Text(Cow<'a, str>),
    /// An array; its elements follow by [`Reader::next_element`].
    Array(Elements),
    /// An object; its members follow by [`Reader::next_member`].
    Object(Members),
}

impl<'a> Item<'a> {
    /// Returns the characters of a number, or the item back.
    pub(crate) fn number(self) -> Result<&'a str, Self> {
        if let Self::Number(digits) = self { Ok(digits) } else { Err(self) }
    }

    /// Returns a text, or the item back.
    pub(crate) fn text(self) -> Result<Cow<'a, str>, Self> {
        if let Self::Text(text) = self { Ok(text) } else { Err(self) }
    }

    /// Returns what may be an amount, a number's characters or a text, or the item back.
    pub(crate) fn number_or_text(self) -> Result<Cow<'a, str>, Self> {
        self.number().map(Cow::Borrowed).or_else(Self::text)
    }

    /// Returns an open array, or the item back.
    pub(crate) fn array(self) -> Result<Elements, Self> {
        if let Self::Array(elements) = self { Ok(elements) } else { Err(self) }
    }

    /// Returns an open object, or the item back.
    pub(crate) fn object(self) -> Result<Members, Self> {
        if let Self::Object(members) = self { Ok(members) } else { Err(self) }
    }
}

/// How far an open array has been read.
#[derive(Debug)]
pub(crate) struct Elements {
    first: bool,
}

/// How far an open object has been read.
#[derive(Debug)]
pub(crate) struct Members {
    first: bool,
    keys_mark: usize,
}

/// Characters of a key that an error repeats.
const KEY_SHOWN_CHARS_MAX: usize = 64;

/// Reads a body. The caller follows the structure: every array and object has to be read to its end, or
/// skipped, before what comes behind it.
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    seen: SeenKeys,
}

impl<'a> Reader<'a> {
    /// Begins with a body, which has to be UTF-8.
    pub(crate) fn new(body: &'a [u8]) -> Result<Self, JsonError> {
        let text = core::str::from_utf8(body)
            .map_err(|error| JsonError { fault: Fault::NotUtf8, offset: error.valid_up_to() })?;
        Ok(Self { text, at: 0, depth: 0, seen: SeenKeys::new() })
    }

    /// Reads a value that has to be an object, up to its opening brace.
    pub(crate) fn object(&mut self) -> Result<Members, JsonError> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.open_object(),
            _ => Err(self.expected("an object")),
        }
    }

    /// Reads the next value.
    pub(crate) fn item(&mut self) -> Result<Item<'a>, JsonError> {
        self.skip_space();
        match self.peek() {
            Some(b'"') => self.text().map(Item::Text),
            Some(b'-' | b'0'..=b'9') => self.number().map(Item::Number),
            Some(b'{') => self.open_object().map(Item::Object),
            Some(b'[') => {
                self.descend()?;
                Ok(Item::Array(Elements { first: true }))
            }
            Some(b't') => self.word("true", Item::Boolean(true)),
            Some(b'f') => self.word("false", Item::Boolean(false)),
            Some(b'n') => self.word("null", Item::Null),
            _ => Err(self.expected("a value")),
        }
    }

    /// Reads the next key and its colon; nothing at the closing brace.
    pub(crate) fn next_member(&mut self, members: &mut Members) -> Result<Option<Cow<'a, str>>, JsonError> {
        if !self.goes_on(&mut members.first, b'}', "a comma or the closing brace")? {
            self.seen.release(members.keys_mark);
            return Ok(None);
        }
        self.skip_space();
        let key_at = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.expected("a key in quotation marks"));
        }
        let key = self.text()?;
        match self.seen.insert(members.keys_mark, &key) {
            Insert::New => {}
            Insert::Duplicate => {
                let shown = key.chars().take(KEY_SHOWN_CHARS_MAX).collect::<String>();
                return Err(JsonError { fault: Fault::DuplicateKey(shown.into()), offset: key_at });
            }
            Insert::Full => return Err(JsonError { fault: Fault::TooManyKeys, offset: key_at }),
        }
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.expected("a colon"));
        }
        self.advance(1);
        Ok(Some(key))
    }

    /// Returns whether another element follows; its value is read next.
    pub(crate) fn next_element(&mut self, elements: &mut Elements) -> Result<bool, JsonError> {
        self.goes_on(&mut elements.first, b']', "a comma or the closing bracket")
    }

    /// Reads a value and forgets it. Its keys are checked for duplicates as any others.
    pub(crate) fn skip(&mut self) -> Result<(), JsonError> {
        let item = self.item()?;
        self.skip_rest(item)
    }

    /// Reads what is left of a value whose beginning was read. Recursion ends at the limit of levels.
    pub(crate) fn skip_rest(&mut self, item: Item<'a>) -> Result<(), JsonError> {
        match item {
            Item::Null | Item::Boolean(_) | Item::Number(_) | Item::Text(_) => {}
            Item::Array(mut elements) => {
                while self.next_element(&mut elements)? {
                    self.skip()?;
                }
            }
            Item::Object(mut members) => {
                while self.next_member(&mut members)?.is_some() {
                    self.skip()?;
                }
            }
        }
        Ok(())
    }

    /// Checks that nothing follows.
    pub(crate) fn finish(&mut self) -> Result<(), JsonError> {
        self.skip_space();
        if self.at < self.text.len() {
            return Err(self.expected("the end of the body"));
        }
        Ok(())
    }

    /// Reads the comma or the closing bracket; returns whether the list goes on.
    fn goes_on(&mut self, first: &mut bool, close: u8, expected: &'static str) -> Result<bool, JsonError> {
        self.skip_space();
        let was_first = core::mem::replace(first, false);
        match self.peek() {
            Some(byte) if byte == close => {
                self.advance(1);
                self.depth = self.depth.saturating_sub(1);
                Ok(false)
            }
            // What follows the opening bracket is a key or value; so is what follows a comma, and a closing
            // bracket behind a comma is then no value.
            _ if was_first => Ok(true),
            Some(b',') => {
                self.advance(1);
                Ok(true)
            }
            _ => Err(self.expected(expected)),
        }
    }

    fn open_object(&mut self) -> Result<Members, JsonError> {
        self.descend()?;
        Ok(Members { first: true, keys_mark: self.seen.mark() })
    }

    fn descend(&mut self) -> Result<(), JsonError> {
        if self.depth >= limits::JSON_DEPTH_MAX {
            return Err(self.fault(Fault::TooDeep));
        }
        self.depth = self.depth.saturating_add(1);
        self.advance(1);
        Ok(())
    }

    fn text(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let start = self.at.saturating_add(1);
        let rest = self.text.as_bytes().get(start..).unwrap_or(&[]);
        let at_offset =
            |(fault, offset): text::TextFault| JsonError { fault, offset: start.saturating_add(offset) };
        let extent = text::extent(rest).map_err(at_offset)?;
        let end = start.saturating_add(extent.bytes);
        let inside = self.text.get(start..end).ok_or_else(|| self.fault(Fault::NotUtf8))?;
        let text = if extent.escaped {
            Cow::Owned(text::unescape(inside).map_err(at_offset)?)
        } else {
            Cow::Borrowed(inside)
        };
        self.at = end.saturating_add(1);
        Ok(text)
    }

    /// Reads a number by the grammar of RFC 8259, section 6, and returns its characters.
    fn number(&mut self) -> Result<&'a str, JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.advance(1);
        }
        let whole_at = self.at;
        let whole_digits = self.digits();
        let leading_zero = whole_digits > 1 && self.text.as_bytes().get(whole_at) == Some(&b'0');
        let mut well_formed = whole_digits > 0 && !leading_zero;
        if self.peek() == Some(b'.') {
            self.advance(1);
            well_formed &= self.digits() > 0;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.advance(1);
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.advance(1);
            }
            well_formed &= self.digits() > 0;
        }
        let number = self.text.get(start..self.at).filter(|_| well_formed);
        number.ok_or(JsonError { fault: Fault::BadNumber, offset: start })
    }

    /// Moves behind the digits and returns how many they were.
    fn digits(&mut self) -> usize {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or(&[]);
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.advance(count);
        count
    }

    fn word(&mut self, word: &'static str, item: Item<'a>) -> Result<Item<'a>, JsonError> {
        let rest = self.text.get(self.at..).unwrap_or("");
        if !rest.starts_with(word) {
            return Err(self.expected("a value"));
        }
        self.advance(word.len());
        Ok(item)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.advance(1);
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn advance(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    fn expected(&self, what: &'static str) -> JsonError {
        self.fault(Fault::Expected(what))
    }

    fn fault(&self, fault: Fault) -> JsonError {
        JsonError { fault, offset: self.at }
    }
}
