//! [`Http2Client`]: a seller's program that sends many requests at a time over one connection.

use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::{Method, Request};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A connection of HTTP/2 over TLS. It may be cloned to send requests from several tasks.
#[derive(Clone, Debug)]
pub(crate) struct Http2Client {
    sender: SendRequest<Full<Bytes>>,
    key: String,
}

impl Http2Client {
    /// Connects; an error where there is no TLS in common.
    pub(crate) async fn connect(
        address: SocketAddr,
        settings: Arc<ClientConfig>,
        key: &str,
    ) -> std::io::Result<Self> {
        let name = ServerName::try_from("127.0.0.1").expect("an address");
        let stream = TcpStream::connect(address).await?;
        let stream = TlsConnector::from(settings).connect(name, stream).await?;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]), "HTTP/2 was agreed on");
        let handshaken = handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let (sender, connection) = handshaken.map_err(std::io::Error::other)?;
        tokio::spawn(connection);
        Ok(Self { sender, key: key.to_owned() })
    }

    /// Posts JSON, and returns status and body of the answer.
    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> hyper::Result<(u16, Value)> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("https://127.0.0.1{path}"))
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json")
            .body(Full::from(body.to_string()))
            .expect("a request");
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await?.to_bytes();
        Ok((status, serde_json::from_slice(&body).expect("JSON")))
    }
}
