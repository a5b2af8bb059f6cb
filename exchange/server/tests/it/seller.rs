//! [`Caller`]: a seller or an operator, as a blocking HTTP/1.1 client, in clear text or over TLS.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use serde_json::Value;

use crate::process::PATIENCE;

/// Who calls, and with which key.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    address: SocketAddr,
    key: String,
    tls: Option<Arc<ClientConfig>>,
}

/// What a connection is made of.
trait Stream: io::Read + io::Write {}

impl<T: io::Read + io::Write> Stream for T {}

/// A connection that is kept.
pub(crate) struct Connection {
    stream: BufReader<Box<dyn Stream>>,
    key: String,
}

/// A request. The key of the caller is sent along.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    method: &'a str,
    path: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    body: Option<String>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The status of HTTP.
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    /// The bytes of the body.
    pub(crate) body: Vec<u8>,
    /// From the first byte sent to the last byte read; zero where they were sent apart.
    pub(crate) took: Duration,
}

impl Caller {
    pub(crate) fn new(address: SocketAddr, key: &str) -> Self {
        Self { address, key: key.to_owned(), tls: None }
    }

    /// Returns a caller that speaks TLS.
    pub(crate) fn secured(self, settings: Arc<ClientConfig>) -> Self {
        Self { tls: Some(settings), ..self }
    }

    /// Returns the key with which it calls.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Returns a caller with another key.
    pub(crate) fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// Opens a connection.
    pub(crate) fn connect(&self) -> Connection {
        let stream = TcpStream::connect(self.address).expect("the exchange listens");
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(stream),
            Some(settings) => {
                let name = ServerName::try_from("127.0.0.1").expect("an address");
                let session = ClientConnection::new(Arc::clone(settings), name).expect("a client");
                // Hands are shaken with the first byte.
                Box::new(StreamOwned::new(session, stream))
            }
        };
        Connection { stream: BufReader::new(stream), key: self.key.clone() }
    }

    /// Sends a request over a connection of its own.
    pub(crate) fn call(&self, request: &Request<'_>) -> Answer {
        self.connect().call(request)
    }

    /// Sends a lead over a connection of its own.
    pub(crate) fn lead(&self, lead: &Value) -> Answer {
        self.call(&Request::post("/v1/leads", lead))
    }
}

impl<'a> Request<'a> {
    /// Returns a request without a body.
    pub(crate) const fn new(method: &'a str, path: &'a str) -> Self {
        Self { method, path, headers: Vec::new(), body: None }
    }

    /// Returns a request with a body of JSON.
    pub(crate) fn with_body(method: &'a str, path: &'a str, body: &Value) -> Self {
        Self { body: Some(body.to_string()), ..Self::new(method, path) }
    }

    /// Returns a post of JSON.
    pub(crate) fn post(path: &'a str, body: &Value) -> Self {
        Self { body: Some(body.to_string()), ..Self::new("POST", path) }
    }

    pub(crate) fn with_header(mut self, name: &'a str, value: &'a str) -> Self {
        self.headers.push((name, value));
        self
    }

    fn bytes(&self, key: &str) -> Vec<u8> {
        let Self { method, path, headers, body } = self;
        let mut text =
            format!("{method} {path} HTTP/1.1\r\nHost: exchange\r\nAuthorization: Bearer {key}\r\n");
        for (name, value) in headers {
            text.extend([
                name, ": ", value, "
",
            ]);
        }
        if let Some(body) = body {
            let length = body.len().to_string();
            text.extend([
                "Content-Type: application/json
Content-Length: ",
                &length,
                "
",
            ]);
        }
        text.push_str("\r\n");
        text.push_str(body.as_deref().unwrap_or_default());
        text.into_bytes()
    }
}

impl Connection {
    /// Sends a request and waits for its answer.
    pub(crate) fn call(&mut self, request: &Request<'_>) -> Answer {
        let started = Instant::now();
        self.begin(request);
        let answer = self.read().expect("an answer comes");
        Answer { took: started.elapsed(), ..answer }
    }

    /// Sends a request and returns its answer, unless the connection ends before it.
    pub(crate) fn try_call(&mut self, request: &Request<'_>) -> Option<Answer> {
        let bytes = request.bytes(&self.key);
        self.send(&bytes).ok()?;
        self.read().ok()
    }

    /// Sends a lead and waits for its answer.
    pub(crate) fn lead(&mut self, lead: &Value) -> Answer {
        self.call(&Request::post("/v1/leads", lead))
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)?;
        self.stream.get_mut().flush()
    }

    /// Sends a request without waiting for its answer.
    pub(crate) fn begin(&mut self, request: &Request<'_>) {
        let bytes = request.bytes(&self.key);
        self.send(&bytes).expect("the request can be sent");
    }

    /// Reads an answer.
    pub(crate) fn read(&mut self) -> io::Result<Answer> {
        let status_line = self.line()?;
        let status = status_line.split(' ').nth(1).and_then(|text| text.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(format!("no status line: {status_line:?}")))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut answer = Answer { status, headers, body: Vec::new(), took: Duration::ZERO };
        let length = answer.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0_usize);
        answer.body = vec![0; length];
        self.stream.read_exact(&mut answer.body)?;
        Ok(answer)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}

impl Answer {
    /// Returns a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Returns the body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Returns a text of the body; empty where it is missing.
    #[track_caller]
    pub(crate) fn member(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_default().to_owned()
    }

    /// Returns the `status` of a business outcome.
    #[track_caller]
    pub(crate) fn outcome(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.text());
        self.member("status")
    }

    /// Returns the last word of a problem's type.
    #[track_caller]
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text());
        self.member("type").trim_start_matches("/problems/").to_owned()
    }

    /// Returns whether it is the repeat of an earlier answer.
    pub(crate) fn is_replayed(&self) -> bool {
        self.header("idempotency-replayed") == Some("true")
    }
}
