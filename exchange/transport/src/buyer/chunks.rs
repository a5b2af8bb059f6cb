//! [`Chunks`]: takes the body out of chunks (RFC 9112, section 7.1) as they come.

use super::Failure;

/// Digits of a chunk's size; no body that is read needs more than 32 bits.
const SIZE_DIGITS_MAX: u32 = 8;
/// Bytes of extensions and trailers that are skipped, over the whole body. Nothing that is understood needs any.
const SKIPPED_BYTES_MAX: usize = 4 * 1_024;

/// Takes the body out of chunks.
#[derive(Debug)]
pub(crate) struct Chunks {
    state: State,
    skipped: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Size {
        value: u64,
        digits: u32,
    },
    Extension {
        value: u64,
    },
    SizeEnd {
        value: u64,
    },
    Data {
        left: u64,
    },
    DataReturn,
    DataEnd,
    /// In the lines after the last chunk.
    Trailer {
        line_bytes: usize,
    },
    TrailerEnd {
        line_bytes: usize,
    },
    Done,
}

impl Chunks {
    pub(crate) const fn new() -> Self {
        Self { state: State::Size { value: 0, digits: 0 }, skipped: 0 }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Reads `bytes`, appends what belongs to the body to `body`, and returns how many bytes were read: all, or
    /// those up to the end of the last chunk.
    pub(crate) fn read(&mut self, bytes: &[u8], body: &mut Vec<u8>) -> Result<usize, Failure> {
        let mut rest = bytes;
        while !self.is_done()
            && let Some((&byte, after)) = rest.split_first()
        {
            if let State::Data { left } = self.state {
                let taken = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                let (data, after) = rest.split_at(taken);
                body.extend_from_slice(data);
                let left = left.saturating_sub(u64::try_from(taken).unwrap_or(u64::MAX));
                self.state = if left == 0 { State::DataReturn } else { State::Data { left } };
                rest = after;
            } else {
                self.state = self.next(self.state, byte).ok_or(Failure::BadReply)?;
                rest = after;
            }
        }
        Ok(bytes.len().saturating_sub(rest.len()))
    }

    /// Returns the state after a byte that is no data.
    fn next(&mut self, state: State, byte: u8) -> Option<State> {
        Some(match (state, byte) {
            (State::Size { value, digits }, b'\r') if digits > 0 => State::SizeEnd { value },
            (State::Size { value, digits }, b';' | b' ' | b'\t') if digits > 0 => State::Extension { value },
            (State::Size { value, digits }, _) if digits < SIZE_DIGITS_MAX => {
                let digit = char::from(byte).to_digit(16)?;
                State::Size { value: value * 16 + u64::from(digit), digits: digits + 1 }
            }
            (State::Extension { value }, b'\r') => State::SizeEnd { value },
            (State::Extension { value }, _) if byte != b'\n' => {
                self.skip()?;
                State::Extension { value }
            }
            (State::SizeEnd { value: 0 }, b'\n') => State::Trailer { line_bytes: 0 },
            (State::SizeEnd { value }, b'\n') => State::Data { left: value },
            (State::DataReturn, b'\r') => State::DataEnd,
            (State::DataEnd, b'\n') => State::Size { value: 0, digits: 0 },
            (State::Trailer { line_bytes }, b'\r') => State::TrailerEnd { line_bytes },
            (State::Trailer { line_bytes }, _) if byte != b'\n' => {
                self.skip()?;
                State::Trailer { line_bytes: line_bytes + 1 }
            }
            (State::TrailerEnd { line_bytes: 0 }, b'\n') => State::Done,
            (State::TrailerEnd { .. }, b'\n') => State::Trailer { line_bytes: 0 },
            (
                State::Size { .. }
                | State::Extension { .. }
                | State::SizeEnd { .. }
                | State::Data { .. }
                | State::DataReturn
                | State::DataEnd
                | State::Trailer { .. }
                | State::TrailerEnd { .. }
                | State::Done,
                _,
            ) => return None,
        })
    }

    fn skip(&mut self) -> Option<()> {
        self.skipped += 1;
        (self.skipped <= SKIPPED_BYTES_MAX).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a text whole and byte by byte; both have to come to the same.
    fn check(text: &str, expected: Result<(&str, bool), Failure>) {
        for piece_bytes in [text.len().max(1), 1] {
            let (mut chunks, mut body) = (Chunks::new(), Vec::new());
            let read = text
                .as_bytes()
                .chunks(piece_bytes)
                .try_for_each(|piece| chunks.read(piece, &mut body).map(|_| ()));
            let found = read.map(|()| (String::from_utf8(body).expect("text"), chunks.is_done()));
            let expected = expected.map(|(body, is_done)| (body.to_owned(), is_done));
            assert_eq!(found, expected, "{text:?} in pieces of {piece_bytes}");
        }
    }

    #[test]
    fn chunks_are_joined() {
        check("", Ok(("", false)));
        check("0\r\n\r\n", Ok(("", true)));
        check("2\r\nab\r\n0003;x=\"y\"\r\ncde\r\n0\r\nname: value\r\n\r\n", Ok(("abcde", true)));
        check("A\r\n0123456789\r\n0\r\n\r", Ok(("0123456789", false)));
        check("5\r\nab", Ok(("ab", false)));
    }

    #[test]
    fn what_follows_the_last_chunk_is_left() {
        let (mut chunks, mut body) = (Chunks::new(), Vec::new());
        assert_eq!(chunks.read(b"0\r\n\r\nHTTP", &mut body), Ok(5));
    }

    #[test]
    fn broken_chunks_are_no_reply() {
        let bad = Err(Failure::BadReply);
        for text in ["\r\n", "g\r\n", "-1\r\n", "1\n", "1\r\nab", "1\r\na\n", "123456789\r\n", "1;a\nb\r\n"] {
            check(text, bad);
        }
        check(&format!("0\r\nx: {}\r\n\r\n", "y".repeat(SKIPPED_BYTES_MAX)), bad);
    }
}
