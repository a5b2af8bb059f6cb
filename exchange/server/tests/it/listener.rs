//! What the listeners of these tests share: reading a request.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;

/// A request as it came.
#[derive(Debug)]
pub(crate) struct Received {
    /// The method.
    pub(crate) method: String,
    /// The path that was asked for.
    pub(crate) path: String,
    /// The headers, their names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    /// The bytes of the body.
    pub(crate) body: Vec<u8>,
}

/// Reads a request, one without a length as one without a body; nothing where the connection ends before it.
pub(crate) fn read(stream: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|&length| length > 0)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|&length| length > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(Some(0), |(_, length)| length.parse().ok())?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(Received { method, path, headers, body })
}
