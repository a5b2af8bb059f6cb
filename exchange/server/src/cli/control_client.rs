//! One request to the control listener of a running exchange.

use core::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::uri::Authority;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper::{Request, Uri, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// For the whole request: a catalog of the largest size is checked within seconds.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of an answer: every mistake that a catalog is told of, and more.
const ANSWER_BYTES_MAX: usize = 4 * 1_024 * 1_024;

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

/// Puts a JSON body.
pub(super) fn put(url: &str, path: &str, key: &str, body: Vec<u8>) -> anyhow::Result<Reply> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let exchanged = timeout(REQUEST_TIMEOUT, exchange(url, path, key, body)).await;
        exchanged.with_context(|| format!("no answer from {url} within {} s", REQUEST_TIMEOUT.as_secs()))?
    })
}

async fn exchange(url: &str, path: &str, key: &str, body: Vec<u8>) -> anyhow::Result<Reply> {
    let authority = authority(url)?;
    let (host, port) = (authority.host().trim_matches(['[', ']']), authority.port_u16().unwrap_or(80));
    let stream = TcpStream::connect((host, port)).await.with_context(|| format!("cannot reach {url}"))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::put(path)
        .header(header::HOST, authority.as_str())
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::<Bytes>::from(body))
        .context("the key has characters that no key has")?;
    let answering = async {
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| anyhow::anyhow!(error)).context("the answer broke off")?.to_bytes();
        drop(sender);
        Ok(Reply { status, body })
    };
    // The connection has to be driven while the answer comes; how it ends afterwards does not matter.
    let (reply, _) = tokio::join!(answering, connection);
    reply
}

/// Reads the URL of a control listener.
fn authority(url: &str) -> anyhow::Result<Authority> {
    let uri: Uri = url.parse().with_context(|| format!("{url} is no URL"))?;
    let plain = uri.path().trim_end_matches('/').is_empty() && uri.query().is_none();
    let (Some("http"), Some(authority), true) = (uri.scheme_str(), uri.authority(), plain) else {
        bail!("{url} is no URL of a control listener, such as http://127.0.0.1:8081");
    };
    if authority.as_str().contains('@') {
        bail!("a URL carries no key: give it as --key or in EXCHANGE_KEY");
    }
    Ok(authority.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_a_listener_and_nothing_else() {
        for url in ["http://127.0.0.1:8081", "http://localhost/", "http://[::1]:8081"] {
            authority(url).expect(url);
        }
        for url in [
            "",
            "127.0.0.1:8081",
            "https://a.example",
            "http://a.example/v1",
            "http://a.example?a",
            "http://key@a.example",
        ] {
            authority(url).expect_err(url);
        }
    }
}
