//! One request to the control listener of a running exchange, and what its answer says.

use core::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use clap::Args;
use http::uri::Authority;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper::{Method, Request, Uri, header};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::control_tls::ControlTls;
use super::{Ending, Terminal};

/// For the whole request: a catalog of the largest size is checked within seconds, and a ledger of millions of
/// entries walked over within two minutes.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(150);
/// Bytes of an answer: all that is held about a person with a thousand leads, and more.
const ANSWER_BYTES_MAX: usize = 16 * 1_024 * 1_024;
/// Pages of a list that are read: two million items, the last of them long out of date.
pub(super) const PAGES_MAX: usize = 10_000;

/// A running exchange and the key of an operator for it.
#[derive(Debug, Args)]
pub(super) struct Control {
    /// The control listener
    #[arg(long, default_value = "http://127.0.0.1:8081")]
    url: String,
    /// The key of an operator; in the environment it is not seen by others, as a command line is
    #[arg(long, env = "EXCHANGE_KEY", hide_env_values = true)]
    key: String,
    #[command(flatten)]
    tls: ControlTls,
}

/// What is asked.
#[derive(Debug)]
struct Asked<'a> {
    method: Method,
    path: &'a str,
    idempotency_key: Option<&'a str>,
    body: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    status: u16,
    body: Bytes,
}

/// What is read of a problem document.
#[derive(Debug, Deserialize)]
struct ProblemBody {
    title: String,
    detail: String,
    #[serde(default)]
    errors: Vec<Finding>,
}

/// Something that is wrong, and where.
#[derive(Debug, Deserialize)]
pub(super) struct Finding {
    field: String,
    code: String,
    message: String,
}

/// A page of a list.
#[derive(Debug, Deserialize)]
struct Listed {
    items: Vec<Value>,
    next: Option<String>,
}

impl Control {
    /// Asks for what is at a path.
    pub(super) fn get(&self, path: &str) -> anyhow::Result<Reply> {
        self.send(Asked { method: Method::GET, path, idempotency_key: None, body: Vec::new() })
    }

    /// Deletes what is at a path.
    pub(super) fn delete(&self, path: &str) -> anyhow::Result<Reply> {
        self.send(Asked { method: Method::DELETE, path, idempotency_key: None, body: Vec::new() })
    }

    /// Deletes what a JSON body names.
    pub(super) fn delete_of(&self, path: &str, body: &Value) -> anyhow::Result<Reply> {
        let body = body.to_string().into_bytes();
        self.send(Asked { method: Method::DELETE, path, idempotency_key: None, body })
    }

    /// Puts a JSON body.
    pub(super) fn put(&self, path: &str, body: Vec<u8>) -> anyhow::Result<Reply> {
        self.send(Asked { method: Method::PUT, path, idempotency_key: None, body })
    }

    /// Posts a JSON body.
    pub(super) fn post(&self, path: &str, body: &Value) -> anyhow::Result<Reply> {
        let body = body.to_string().into_bytes();
        self.send(Asked { method: Method::POST, path, idempotency_key: None, body })
    }

    /// Posts a JSON body under a key, so that the same again changes nothing.
    pub(super) fn post_once(&self, path: &str, key: &str, body: &Value) -> anyhow::Result<Reply> {
        let body = body.to_string().into_bytes();
        self.send(Asked { method: Method::POST, path, idempotency_key: Some(key), body })
    }

    /// Hands over every item of a list, page by page.
    pub(super) fn each(
        &self,
        path: &str,
        query: &[(&str, Option<&str>)],
        terminal: &mut Terminal<'_>,
        mut take: impl FnMut(&Value, &mut Terminal<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<Ending> {
        let given = query.iter().filter_map(|(key, value)| value.map(|value| (*key, value)));
        let mut narrowed = String::new();
        for (key, value) in given {
            narrowed.extend(["&", key, "=", &escaped(value)]);
        }
        let mut cursor = String::new();
        for _ in 0..PAGES_MAX {
            let reply = self.get(&format!("{path}?limit=200{narrowed}{cursor}"))?;
            let Some(Listed { items, next }) = reply.read(terminal)? else { return Ok(Ending::Refused) };
            items.iter().try_for_each(|item| take(item, terminal))?;
            let Some(next) = next else { return Ok(Ending::Done) };
            cursor = format!("&cursor={next}");
        }
        bail!("the list has more than {PAGES_MAX} pages: narrow it")
    }

    fn send(&self, asked: Asked<'_>) -> anyhow::Result<Reply> {
        super::runtime()?.block_on(async {
            let exchanged = timeout(REQUEST_TIMEOUT, self.exchange(asked)).await;
            let seconds = REQUEST_TIMEOUT.as_secs();
            exchanged.with_context(|| format!("no answer from {} within {seconds} s", self.url))?
        })
    }

    async fn exchange(&self, asked: Asked<'_>) -> anyhow::Result<Reply> {
        let Address { secured, authority } = address(&self.url)?;
        let port = authority.port_u16().unwrap_or(if secured { 443 } else { 80 });
        let host = authority.host().trim_matches(['[', ']']);
        let unreachable = || format!("cannot reach {}", self.url);
        let stream = TcpStream::connect((host, port)).await.with_context(unreachable)?;
        if secured {
            exchange(&self.key, &authority, asked, self.tls.connect(host, stream).await?).await
        } else {
            exchange(&self.key, &authority, asked, stream).await
        }
    }
}

/// Sends one request over a connection, which ends with its answer.
async fn exchange(
    key: &str,
    authority: &Authority,
    asked: Asked<'_>,
    stream: impl AsyncRead + AsyncWrite + Unpin,
) -> anyhow::Result<Reply> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut request = Request::builder()
        .method(asked.method)
        .uri(asked.path)
        .header(header::HOST, authority.as_str())
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(key) = asked.idempotency_key {
        request = request.header("idempotency-key", key);
    }
    let request =
        request.body(Full::<Bytes>::from(asked.body)).context("a key or id has characters that none has")?;
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

impl Reply {
    /// Reads what came; where that is a problem, the terminal shows it and nothing is returned.
    pub(super) fn read<T: DeserializeOwned>(&self, terminal: &mut Terminal<'_>) -> anyhow::Result<Option<T>> {
        if self.status == 200 {
            let read = serde_json::from_slice(&self.body).context("cannot read the exchange's answer")?;
            return Ok(Some(read));
        }
        let problem: ProblemBody = serde_json::from_slice(&self.body)
            .with_context(|| format!("the exchange answered {} and no problem document", self.status))?;
        complain_of(&problem.errors, terminal);
        terminal.complain(format_args!("{}: {}", problem.title, problem.detail));
        Ok(None)
    }

    /// Shows what came, as JSON for people and scripts alike.
    pub(super) fn show(&self, terminal: &mut Terminal<'_>) -> anyhow::Result<Ending> {
        let Some(value) = self.read::<Value>(terminal)? else { return Ok(Ending::Refused) };
        terminal.say(format_args!("{value:#}"));
        Ok(Ending::Done)
    }
}

/// Shows what is wrong, one a line.
pub(super) fn complain_of(findings: &[Finding], terminal: &mut Terminal<'_>) {
    for Finding { field, code, message } in findings {
        terminal.complain(format_args!("{field}: {code}: {message}"));
    }
}

/// Returns a text of an item, or nothing where it has none of this name.
pub(super) fn text_of<'a>(item: &'a Value, key: &str) -> &'a str {
    item.get(key).and_then(Value::as_str).unwrap_or("")
}

/// Returns a value as a part of a URL, where only letters, digits and `-._~` stand for themselves (RFC 3986).
pub(super) fn escaped(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    value.bytes().map(one).collect()
}

/// Where a control listener is.
#[derive(Debug)]
struct Address {
    /// Whether it speaks TLS.
    secured: bool,
    authority: Authority,
}

/// Reads the URL of a control listener.
fn address(url: &str) -> anyhow::Result<Address> {
    let uri: Uri = url.parse().with_context(|| format!("{url} is no URL"))?;
    let plain = uri.path().trim_end_matches('/').is_empty() && uri.query().is_none();
    let (Some(scheme @ ("http" | "https")), Some(authority), true) =
        (uri.scheme_str(), uri.authority(), plain)
    else {
        bail!("{url} is no URL of a control listener, such as http://127.0.0.1:8081");
    };
    if authority.as_str().contains('@') {
        bail!("a URL carries no key: give it as --key or in EXCHANGE_KEY");
    }
    Ok(Address { secured: scheme == "https", authority: authority.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_for_a_url() {
        assert_eq!(escaped("north-1.A_~"), "north-1.A_~");
        assert_eq!(escaped("a b/ü&c=?"), "a%20b%2F%C3%BC%26c%3D%3F");
    }

    #[test]
    fn urls_name_a_listener_and_nothing_else() {
        for (url, secured) in [
            ("http://127.0.0.1:8081", false),
            ("http://localhost/", false),
            ("https://[::1]:8081", true),
            ("https://a.example", true),
        ] {
            assert_eq!(address(url).expect(url).secured, secured, "{url}");
        }
        for url in [
            "",
            "127.0.0.1:8081",
            "ftp://a.example",
            "http://a.example/v1",
            "http://a.example?a",
            "http://key@a.example",
        ] {
            address(url).expect_err(url);
        }
    }
}
