//! [`ReplyHead`]: status line and headers of a reply over HTTP/1.1.

use core::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Response, Status};

use super::Failure;

/// Headers of a reply that are read; more make it unreadable. Servers with proxies in front send some thirty.
const HEADERS_MAX: usize = 96;

/// Status line and headers of a reply, as far as they matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReplyHead {
    pub(crate) status: u16,
    /// Bytes up to the body.
    pub(crate) bytes: usize,
    pub(crate) framing: Framing,
    /// Whether the connection may serve again once the body was read.
    pub(crate) keeps_open: bool,
}

/// How the end of a body is found (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Bytes(u64),
    Chunked,
    UntilClose,
}

/// What headers say about the body and the connection.
#[derive(Debug, Default)]
struct Seen {
    length: Option<u64>,
    is_chunked: bool,
    closes: bool,
}

impl ReplyHead {
    /// Reads the head at the beginning of `bytes`; nothing if it has not come to its end.
    ///
    /// A reply that two readers could read in two ways is none: lengths that differ, or a length together with
    /// chunks.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Self>, Failure> {
        let mut headers = [const { MaybeUninit::<Header<'_>>::uninit() }; HEADERS_MAX];
        let mut response = Response::new(&mut []);
        let parsed =
            ParserConfig::default().parse_response_with_uninit_headers(&mut response, bytes, &mut headers);
        let Status::Complete(head_bytes) = parsed.map_err(|_| Failure::BadReply)? else { return Ok(None) };
        let (Some(status), Some(version)) = (response.code, response.version) else {
            return Err(Failure::BadReply);
        };
        let mut seen = Seen::default();
        for header in response.headers.iter() {
            seen.take(header)?;
        }
        let framing = match (status, seen.is_chunked, seen.length) {
            // Interim replies and these two have no body, whatever their headers say.
            (100..=199 | 204 | 304, ..) => Framing::Bytes(0),
            (_, true, Some(_)) => return Err(Failure::BadReply),
            (_, true, None) => Framing::Chunked,
            (_, false, Some(length)) => Framing::Bytes(length),
            (_, false, None) => Framing::UntilClose,
        };
        // After 101 the connection speaks something else.
        let keeps_open = version == 1 && status != 101 && !seen.closes && framing != Framing::UntilClose;
        Ok(Some(Self { status, bytes: head_bytes, framing, keeps_open }))
    }

    /// Returns whether another head follows that has the answer. A change of protocol was never asked for, so
    /// it counts as an answer.
    pub(crate) const fn is_interim(&self) -> bool {
        matches!(self.status, 100 | 102..=199)
    }
}

impl Seen {
    fn take(&mut self, header: &Header<'_>) -> Result<(), Failure> {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        if is("content-length") {
            let length = length_of(header.value).ok_or(Failure::BadReply)?;
            if self.length.replace(length).is_some_and(|earlier| earlier != length) {
                return Err(Failure::BadReply);
            }
        } else if is("transfer-encoding") {
            // No other coding was accepted, and `chunked` twice has no meaning.
            if self.is_chunked || !header.value.trim_ascii().eq_ignore_ascii_case(b"chunked") {
                return Err(Failure::BadReply);
            }
            self.is_chunked = true;
        } else if is("connection") {
            let mut options = header.value.split(|byte| *byte == b',');
            self.closes |= options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"));
        }
        Ok(())
    }
}

fn length_of(value: &[u8]) -> Option<u64> {
    let text = core::str::from_utf8(value.trim_ascii()).ok()?;
    // `parse` would take a sign.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &str, expected: Result<(Framing, bool), Failure>) {
        let text = format!("HTTP/1.1 {lines}\r\n\r\n");
        let parsed = ReplyHead::parse(text.as_bytes()).map(|head| {
            let head = head.expect("a whole head");
            assert_eq!(head.bytes, text.len());
            (head.framing, head.keeps_open)
        });
        assert_eq!(parsed, expected, "{lines}");
    }

    #[test]
    fn the_end_of_the_body_is_found_in_one_way() {
        let bad = Err(Failure::BadReply);
        check("200 OK\r\ncontent-length: 5", Ok((Framing::Bytes(5), true)));
        check("200 OK\r\nContent-Length: 5\r\ncontent-length: 5", Ok((Framing::Bytes(5), true)));
        check("200 OK\r\nTransfer-Encoding: Chunked", Ok((Framing::Chunked, true)));
        check("200 OK", Ok((Framing::UntilClose, false)));
        check("204 No Content\r\ncontent-length: 9", Ok((Framing::Bytes(0), true)));
        check("101 Switching Protocols", Ok((Framing::Bytes(0), false)));
        check("200 OK\r\ncontent-length: 5\r\nconnection: x, CLOSE", Ok((Framing::Bytes(5), false)));
        check("200 OK\r\ncontent-length: 5\r\ncontent-length: 6", bad);
        check("200 OK\r\ncontent-length: 5, 5", bad);
        check("200 OK\r\ncontent-length: +5", bad);
        check("200 OK\r\ncontent-length: 99999999999999999999", bad);
        check("200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked", bad);
        check("200 OK\r\ntransfer-encoding: gzip, chunked", bad);
        check("200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked", bad);
        check("OK", bad);
    }

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let text = b"HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx";
        for length in 0..text.len() - 1 {
            assert_eq!(ReplyHead::parse(text.get(..length).expect("a part")), Ok(None), "{length}");
        }
        let head = ReplyHead::parse(text).expect("readable").expect("whole");
        assert!(!head.keeps_open, "HTTP/1.0 closes");
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(HEADERS_MAX + 1));
        assert_eq!(ReplyHead::parse(many.as_bytes()), Err(Failure::BadReply));
    }
}
