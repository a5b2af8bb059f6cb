//! HTTP/1.1 by hand, so that an answer can be wrong in ways that no library would send.

use std::io;
use std::rc::Rc;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::market::Market;
use crate::reply::{DRIP_PAUSE, ELSEWHERE, FLOOD_BYTES, MISSING_BYTES, Manner, Reply};
use crate::request::{BODY_BYTES_MAX, HEAD_BYTES_MAX, Request};

/// A connection whose TCP socket can be reached, to reset it.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Unpin {
    /// Returns the TCP socket underneath.
    fn tcp(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// What the buffer holds.
enum Progress<'a> {
    /// A whole request of `bytes`, after which the connection stays open or not.
    Whole { request: Request<'a>, bytes: usize, keep_open: bool },
    /// The beginning of one.
    Partial,
    /// None that can be read, with the status to refuse it.
    Unreadable(u16),
}

/// Serves one connection until either side ends it.
///
/// # Errors
///
/// Fails if the connection breaks.
pub(crate) async fn serve(mut socket: impl Socket, market: Rc<Market>) -> io::Result<()> {
    let mut input = Vec::with_capacity(8 * 1_024);
    loop {
        let (reply, bytes, keep_open) = match progress(&input) {
            Progress::Whole { request, bytes, keep_open } => (market.answer(&request), bytes, keep_open),
            Progress::Unreadable(status) => (Reply::plain(status, "unreadable\n"), 0, false),
            Progress::Partial => {
                if socket.read_buf(&mut input).await? == 0 {
                    return Ok(());
                }
                continue;
            }
        };
        input.drain(..bytes);
        if !send(&mut socket, &reply).await? || !keep_open {
            return socket.shutdown().await;
        }
    }
}

/// Sends an answer and returns whether the connection goes on.
async fn send(socket: &mut impl Socket, reply: &Reply) -> io::Result<bool> {
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    match reply.manner {
        Manner::Whole | Manner::Elsewhere => {
            socket.write_all(&whole(reply, reply.body.len())).await?;
            Ok(true)
        }
        Manner::Drip => {
            for byte in whole(reply, reply.body.len()) {
                socket.write_all(&[byte]).await?;
                socket.flush().await?;
                tokio::time::sleep(DRIP_PAUSE).await;
            }
            Ok(true)
        }
        Manner::Silence => await_end(socket).await,
        Manner::HeadOnly => {
            socket.write_all(&head(reply, reply.body.len())).await?;
            socket.flush().await?;
            await_end(socket).await
        }
        Manner::Reset => {
            socket.tcp().set_zero_linger()?;
            Err(io::ErrorKind::ConnectionReset.into())
        }
        Manner::Truncated => {
            socket.write_all(&whole(reply, reply.body.len() + MISSING_BYTES)).await?;
            Ok(false)
        }
        Manner::Overrun => {
            socket.write_all(&whole(reply, reply.body.len() / 2)).await?;
            Ok(true)
        }
        Manner::Flood => {
            const CHUNK: [u8; 16 * 1_024] = [b' '; 16 * 1_024];
            socket.write_all(&head(reply, FLOOD_BYTES)).await?;
            for _ in 0..FLOOD_BYTES / CHUNK.len() {
                socket.write_all(&CHUNK).await?;
            }
            Ok(true)
        }
    }
}

/// Reads and drops what comes until the other side closes.
async fn await_end(socket: &mut impl Socket) -> io::Result<bool> {
    let mut dropped = [0; 1_024];
    while socket.read(&mut dropped).await? > 0 {}
    Ok(false)
}

fn whole(reply: &Reply, length: usize) -> Vec<u8> {
    let mut bytes = head(reply, length);
    bytes.extend_from_slice(&reply.body);
    bytes
}

fn head(reply: &Reply, length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128 + reply.body.len());
    let status = http::StatusCode::from_u16(reply.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    for part in ["HTTP/1.1 ", status.as_str(), " ", status.canonical_reason().unwrap_or("Unnamed"), "\r\n"] {
        bytes.extend_from_slice(part.as_bytes());
    }
    if reply.manner == Manner::Elsewhere {
        for part in ["location: ", ELSEWHERE, "\r\n"] {
            bytes.extend_from_slice(part.as_bytes());
        }
    }
    if reply.status != 204 {
        let length = length.to_string();
        for part in ["content-type: application/json\r\ncontent-length: ", &length, "\r\n"] {
            bytes.extend_from_slice(part.as_bytes());
        }
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

fn progress(input: &[u8]) -> Progress<'_> {
    let Some(head_bytes) = input.windows(4).position(|window| window == b"\r\n\r\n").map(|end| end + 4)
    else {
        return if input.len() > HEAD_BYTES_MAX { Progress::Unreadable(431) } else { Progress::Partial };
    };
    let Some(Ok(head)) = input.get(..head_bytes).map(std::str::from_utf8) else {
        return Progress::Unreadable(400);
    };
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some(version)) = (words.next(), words.next(), words.next()) else {
        return Progress::Unreadable(400);
    };
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    let mut request = Request { method, path, ..Request::default() };
    let mut body_bytes = 0;
    let mut keep_open = version == "HTTP/1.1";
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let (is, value) = (|known: &str| name.eq_ignore_ascii_case(known), value.trim());
        if is("content-length") {
            match value.parse() {
                Ok(length) if length <= BODY_BYTES_MAX => body_bytes = length,
                Ok(_) => return Progress::Unreadable(413),
                Err(_) => return Progress::Unreadable(400),
            }
        } else if is("transfer-encoding") {
            // The exchange knows the length of what it sends.
            return Progress::Unreadable(411);
        } else if is("connection") {
            keep_open = keep_open && !value.eq_ignore_ascii_case("close");
        } else if is("idempotency-key") {
            request.idempotency_key = Some(value);
        } else if is("webhook-id") {
            request.webhook_id = Some(value);
        } else if is("webhook-timestamp") {
            request.webhook_timestamp = Some(value);
        } else if is("webhook-signature") {
            request.webhook_signature = Some(value);
        }
    }
    let bytes = head_bytes + body_bytes;
    match input.get(head_bytes..bytes) {
        Some(body) => Progress::Whole { request: Request { body, ..request }, bytes, keep_open },
        None => Progress::Partial,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(input: &[u8]) -> Option<u16> {
        match progress(input) {
            Progress::Unreadable(status) => Some(status),
            Progress::Whole { .. } | Progress::Partial => None,
        }
    }

    #[test]
    fn a_request_is_whole_with_its_last_byte() {
        let text = b"POST /a/post?x=1 HTTP/1.1\r\nHost: b\r\nidempotency-Key:  k \r\nContent-Length: 2\r\n\r\n{}more";
        let end = text.len() - "more".len();
        for length in 0..end {
            assert!(matches!(progress(&text[..length]), Progress::Partial), "{length}");
        }
        let Progress::Whole { request, bytes, keep_open } = progress(text) else { panic!("a whole request") };
        assert_eq!((request.method, request.path, request.body), ("POST", "/a/post", b"{}".as_slice()));
        assert_eq!((request.idempotency_key, bytes, keep_open), (Some("k"), end, true));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        assert_eq!(refusal(b"nonsense\r\n\r\n"), Some(400));
        assert_eq!(refusal(b"POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n"), Some(400));
        assert_eq!(refusal(b"POST / HTTP/1.1\r\ncontent-length: 99999999\r\n\r\n"), Some(413));
        assert_eq!(refusal(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"), Some(411));
        assert_eq!(refusal(&vec![b'x'; HEAD_BYTES_MAX]), None);
        assert_eq!(refusal(&vec![b'x'; HEAD_BYTES_MAX + 1]), Some(431));
    }
}
