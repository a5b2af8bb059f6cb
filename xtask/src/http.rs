//! One request over HTTP/1.1, blocking, on the standard library: what these commands need of HTTP and no more.
//!
//! Every request has a connection of its own, and bodies come with their length; chunks are refused.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

/// Longer than any auction takes, posts included.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The largest answer, the account of an auction, has a few KiB.
const BODY_BYTES_MAX: u64 = 1024 * 1024;
/// What the head of an answer may take.
const HEAD_BYTES_MAX: u64 = 16 * 1024;

/// Reads a resource and returns it, if the answer is 200.
///
/// # Errors
///
/// Fails if the server cannot be reached, or answers with another status or with what is no JSON.
pub(crate) fn get(server: SocketAddr, path: &str, key: &str) -> anyhow::Result<Value> {
    send(server, &format!("GET {path}"), key, "")
}

/// Sends JSON and returns the answer, if it is 200.
///
/// # Errors
///
/// As [`get`].
pub(crate) fn post(server: SocketAddr, path: &str, key: &str, body: &Value) -> anyhow::Result<Value> {
    send(server, &format!("POST {path}"), key, &body.to_string())
}

/// Sends a request without a body, of whose answer only the status matters: 200.
///
/// # Errors
///
/// Fails if the server cannot be reached, or answers with another status.
pub(crate) fn order(server: SocketAddr, path: &str) -> anyhow::Result<()> {
    let (status, answer) = exchange(server, &format!("POST {path}"), "", "")?;
    if status != 200 {
        bail!("POST {path} was answered {status}: {}", String::from_utf8_lossy(&answer));
    }
    Ok(())
}

fn send(server: SocketAddr, request: &str, key: &str, body: &str) -> anyhow::Result<Value> {
    let (status, answer) =
        exchange(server, request, key, body).with_context(|| format!("{request} at {server}"))?;
    if status != 200 {
        bail!("{request} was answered {status}: {}", String::from_utf8_lossy(&answer));
    }
    serde_json::from_slice(&answer).with_context(|| format!("the answer to {request} is no JSON"))
}

fn exchange(server: SocketAddr, request: &str, key: &str, body: &str) -> anyhow::Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect_timeout(&server, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let message = format!(
        "{request} HTTP/1.1\r\nHost: {server}\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(message.as_bytes())?;
    read_answer(stream)
}

/// Returns the status and the body of an answer.
fn read_answer(stream: impl Read) -> anyhow::Result<(u16, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut head = reader.by_ref().take(HEAD_BYTES_MAX);
    let mut line = String::new();
    head.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|it| it.parse().ok()).context("no HTTP status line")?;
    let mut length = 0;
    loop {
        line.clear();
        if head.read_line(&mut line)? == 0 {
            bail!("the head of the answer breaks off or is too long");
        }
        if line.trim_end().is_empty() {
            break;
        }
        let (name, value) = line.trim_end().split_once(':').context("a header of the answer has no colon")?;
        if name.eq_ignore_ascii_case("transfer-encoding") {
            bail!("the answer comes in chunks");
        }
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().context("the answer's length is no number")?;
        }
    }
    if length > BODY_BYTES_MAX {
        bail!("the answer has {length} bytes");
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    if u64::try_from(body.len()) != Ok(length) {
        bail!("the answer breaks off");
    }
    Ok((status, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &str, expected: Result<(u16, &str), &str>) {
        let found = read_answer(answer.as_bytes()).map_err(|error| error.to_string());
        let found = found.map(|(status, body)| (status, String::from_utf8(body).expect("text")));
        let expected = expected.map(|(status, body)| (status, body.to_owned())).map_err(str::to_owned);
        assert_eq!(found, expected);
    }

    #[test]
    fn status_and_body_are_read() {
        check("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx: y\r\n\r\n{}", Ok((200, "{}")));
        check("HTTP/1.1 204 No Content\r\n\r\n", Ok((204, "")));
        check("HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nab", Ok((404, "a")));
    }

    #[test]
    fn a_broken_answer_is_an_error() {
        check("", Err("no HTTP status line"));
        check("HTTP/1.1 200 OK\r\ncontent-le", Err("a header of the answer has no colon"));
        check("HTTP/1.1 200 OK\r\nx: y\r\n", Err("the head of the answer breaks off or is too long"));
        check("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", Err("the answer breaks off"));
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0", Err("the answer comes in chunks"));
        check("HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n", Err("the answer has 9999999 bytes"));
    }
}
