//! [`HeadScanner`]: reads along to see how requests are framed.
//!
//! The codec follows RFC 9112, section 6.3, and lets `Transfer-Encoding` overrule `Content-Length`. The
//! contract refuses the pair instead, because a proxy in front may have read it the other way; and the codec
//! removes the overruled header before anybody sees it. So the scanner looks at the bytes themselves. It
//! costs one pass over each head; bodies are skipped by their length.

/// Bytes of a line that are kept: the two names that matter, with any length that is no mistake.
const LINE_BYTES_KEPT: usize = 64;

/// Follows the requests on one connection.
#[derive(Debug, Default)]
pub(crate) struct HeadScanner {
    state: State,
    line: Line,
    has_request_line: bool,
    content_length: Length,
    has_transfer_encoding: bool,
    conflicting: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    Body {
        bytes_left: u64,
    },
    /// The end of the request is known to the codec only: no other may follow on this connection.
    Unframed,
}

/// What a head says about its body's length.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Length {
    #[default]
    None,
    Bytes(u64),
    Unreadable,
}

impl HeadScanner {
    /// Reads the next bytes of the connection.
    pub(crate) fn scan(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = match self.state {
                State::Head => self.scan_line(bytes),
                State::Body { bytes_left } => self.skip_body(bytes, bytes_left),
                State::Unframed => return,
            };
        }
    }

    /// Returns whether a request had `Content-Length` together with `Transfer-Encoding`.
    pub(crate) const fn is_conflicting(&self) -> bool {
        self.conflicting
    }

    /// Returns whether the connection must close after the present request.
    pub(crate) fn is_unframed(&self) -> bool {
        self.state == State::Unframed
    }

    /// Returns whether a head has begun and not ended.
    pub(crate) fn is_mid_head(&self) -> bool {
        self.state == State::Head && (self.has_request_line || self.line.length > 0)
    }

    fn scan_line<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            self.line.push(bytes);
            return &[];
        };
        let (head, rest) = bytes.split_at(end);
        self.line.push(head);
        self.end_line();
        rest.get(1..).unwrap_or(&[])
    }

    fn end_line(&mut self) {
        let line = core::mem::take(&mut self.line);
        if line.is_empty() {
            // Empty lines before a request are skipped, as the codec does.
            if self.has_request_line {
                self.end_head();
            }
        } else if !self.has_request_line {
            self.has_request_line = true;
        } else if line.is_named(b"content-length") {
            self.content_length = line.number().map_or(Length::Unreadable, Length::Bytes);
        } else if line.is_named(b"transfer-encoding") {
            self.has_transfer_encoding = true;
        }
    }

    fn end_head(&mut self) {
        self.conflicting |= self.has_transfer_encoding && self.content_length != Length::None;
        self.state = match (self.has_transfer_encoding, self.content_length) {
            (true, _) | (false, Length::Unreadable) => State::Unframed,
            (false, Length::None | Length::Bytes(0)) => State::Head,
            (false, Length::Bytes(bytes_left)) => State::Body { bytes_left },
        };
        self.has_request_line = false;
        self.has_transfer_encoding = false;
        self.content_length = Length::None;
    }

    fn skip_body<'a>(&mut self, bytes: &'a [u8], bytes_left: u64) -> &'a [u8] {
        let skipped = usize::try_from(bytes_left).unwrap_or(usize::MAX).min(bytes.len());
        let bytes_left = bytes_left.saturating_sub(u64::try_from(skipped).unwrap_or(u64::MAX));
        self.state = if bytes_left == 0 { State::Head } else { State::Body { bytes_left } };
        bytes.get(skipped..).unwrap_or(&[])
    }
}

/// The beginning of a line, and its whole length.
#[derive(Debug)]
struct Line {
    kept: [u8; LINE_BYTES_KEPT],
    length: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self { kept: [0; LINE_BYTES_KEPT], length: 0 }
    }
}

impl Line {
    fn push(&mut self, bytes: &[u8]) {
        let places = self.kept.get_mut(self.length..).unwrap_or(&mut []);
        for (place, byte) in places.iter_mut().zip(bytes) {
            *place = *byte;
        }
        self.length = self.length.saturating_add(bytes.len());
    }

    /// Returns the beginning without the line's end.
    fn text(&self) -> &[u8] {
        let kept = self.kept.get(..self.length).unwrap_or(&self.kept);
        kept.strip_suffix(b"\r").unwrap_or(kept)
    }

    fn is_empty(&self) -> bool {
        self.text().is_empty()
    }

    fn is_named(&self, name: &[u8]) -> bool {
        let text = self.text();
        text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
            && text.get(name.len()) == Some(&b':')
    }

    /// Returns the header's value as a number, `None` if it is none or the line was too long to keep.
    fn number(&self) -> Option<u64> {
        if self.length > self.kept.len() {
            return None;
        }
        let colon = self.text().iter().position(|byte| *byte == b':')?;
        let value = self.text().get(colon + 1..)?.trim_ascii();
        let digits = value.iter().all(u8::is_ascii_digit);
        core::str::from_utf8(value).ok().filter(|_| digits)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is known after the bytes, whichever way they were cut into reads.
    #[track_caller]
    fn check(bytes: &[u8], conflicting: bool, unframed: bool, mid_head: bool) {
        for size in [1, 2, 3, 7, bytes.len()] {
            let mut scanner = HeadScanner::default();
            for chunk in bytes.chunks(size) {
                scanner.scan(chunk);
            }
            let found = (scanner.is_conflicting(), scanner.is_unframed(), scanner.is_mid_head());
            assert_eq!(found, (conflicting, unframed, mid_head), "reads of {size} bytes");
        }
    }

    #[test]
    fn requests_with_a_length_follow_each_other() {
        let request = b"POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 5\r\n\r\nab\ncd";
        check(request, false, false, false);
        check(&request.repeat(3), false, false, false);
        check(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n\r\nGET / HTTP/1.1\n\n", false, false, false);
        check(b"GET / HTTP/1.1\r\nhost", false, false, true);
        check(b"P", false, false, true);
        check(b"\r\n\r\n", false, false, false);
    }

    #[test]
    fn a_length_beside_an_encoding_is_found_in_either_order() {
        check(
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            true,
            true,
            false,
        );
        check(b"POST / HTTP/1.1\ntransfer-encoding:chunked\nCONTENT-LENGTH:1\n\n", true, true, false);
        let pipelined =
            b"GET / HTTP/1.1\r\n\r\nPOST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: x\r\n\r\n";
        check(pipelined, true, true, false);
    }

    #[test]
    fn what_looks_like_a_header_in_a_body_is_none() {
        let body = b"POST / HTTP/1.1\r\ncontent-length: 28\r\n\r\n\r\nTransfer-Encoding: chunked";
        check(body, false, false, false);
    }

    #[test]
    fn chunks_and_odd_lengths_end_the_connection() {
        check(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", false, true, false);
        check(b"POST / HTTP/1.1\r\ncontent-length: +1\r\n\r\n", false, true, false);
        let spaces = [b"POST / HTTP/1.1\r\ncontent-length:".as_slice(), &[b' '; 80], b"1\r\n\r\n"].concat();
        check(&spaces, false, true, false);
    }
}
