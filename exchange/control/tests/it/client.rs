//! One request over a connection of its own, written and read by hand.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use exchange_control::{router, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::made_up::MadeUp;

/// A control listener that runs until it is stopped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) ended: JoinHandle<()>,
}

pub(crate) async fn start(backend: MadeUp) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("bound");
    let (stop, stopped) = oneshot::channel::<()>();
    let ended = tokio::spawn(serve(listener, None, router(Arc::new(backend)), async {
        stopped.await.ok();
    }));
    Running { address, stop, ended }
}

/// Asks a made-up exchange for one thing, with the key of this bearer.
pub(crate) async fn ask(backend: MadeUp, bearer: &str, request: &str, body: &str) -> Reply {
    let running = start(backend).await;
    let (first, headers) = request.split_once('\n').unwrap_or((request, "X-None: 1"));
    let head = format!(
        "{first} HTTP/1.1\nAuthorization: Bearer {bearer}\nContent-Type: application/json\n{headers}"
    );
    send(running.address, &head, body).await
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Returns the field and the code of every mistake that a problem names.
    pub(crate) fn errors(&self) -> Vec<(String, String)> {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| (text(&error["field"]), text(&error["code"]))).collect()
    }

    /// Returns the status and the name of a problem.
    pub(crate) fn problem(&self) -> (u16, String) {
        let kind = self.json()["type"].as_str().unwrap_or_default().replace("/problems/", "");
        (self.status, kind)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let line = self.headers.lines().find(|line| line.starts_with(&format!("{name}: ")))?;
        line.split_once(": ").map(|(_, value)| value)
    }
}

/// Sends a request whose lines are given, and reads the answer until the connection closes.
pub(crate) async fn send(address: SocketAddr, head: &str, body: &str) -> Reply {
    send_as_is(address, &format!("{head}\nContent-Length: {}", body.len()), body).await
}

/// Sends a request that says itself how long its body is.
pub(crate) async fn send_as_is(address: SocketAddr, head: &str, body: &str) -> Reply {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let head = head.replace('\n', "\r\n");
    let request = format!("{head}\r\nHost: control\r\nConnection: close\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.expect("written");
    read(&mut stream).await
}

async fn read(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    let reading = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut bytes));
    reading.await.expect("the connection closes").expect("an answer");
    let text = String::from_utf8(bytes).expect("UTF-8");
    let (headers, body) = text.split_once("\r\n\r\n").expect("a whole answer");
    let status = headers.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Reply { status, headers: headers.to_owned(), body: body.to_owned() }
}
