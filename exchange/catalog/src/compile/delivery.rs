//! Where pings and posts go: endpoints with their limits, and the secrets that sign what is sent there.

use std::collections::BTreeMap;

use exchange_types::{EndpointIndex, Nanos};

use super::CompileOptions;
use super::vertical::set;
use crate::document::{Node, Range, Table};
use crate::snapshot::{Endpoint, HttpVersion, Scheme};
use crate::url::Url;
use crate::{SigningSecret, limits};

/// Requests at a time to an endpoint that says nothing else. At 200 ms each this is 320 pings a second from
/// every shard.
const CONCURRENCY_MAX_DEFAULT: u16 = 64;
/// Requests that wait for a place: what drains within the wait at the same pace.
const QUEUE_MAX_DEFAULT: u16 = 64;
/// A wait of more than a tenth of the usual bid window leaves the buyer too little.
const QUEUE_WAIT_MAX_DEFAULT: Nanos = Nanos::from_millis(50);

/// The endpoints of a catalog, each once.
#[derive(Debug, Default)]
pub(super) struct Endpoints {
    in_order: Vec<Endpoint>,
    positions: BTreeMap<Endpoint, EndpointIndex>,
}

impl Endpoints {
    pub(super) fn into_vec(self) -> Vec<Endpoint> {
        self.in_order
    }

    /// Reads the endpoint that a ping or post table names; the caller reads its other keys and finishes it.
    pub(super) fn read(&mut self, table: &Table<'_>, options: &CompileOptions<'_>) -> Option<EndpointIndex> {
        let url = table.require("url", "\"https://leads.example.org/ping\"");
        let url = url.and_then(|node| read_url(&node, options));
        let (mut version, mut queue_wait_max) = (HttpVersion::Auto, QUEUE_WAIT_MAX_DEFAULT);
        let (mut concurrency_max, mut queue_max) = (CONCURRENCY_MAX_DEFAULT, QUEUE_MAX_DEFAULT);
        set(&mut version, table.get("http"), |node| {
            node.one_of(&[("auto", HttpVersion::Auto), ("1", HttpVersion::Http1), ("2", HttpVersion::Http2)])
        });
        set(&mut concurrency_max, table.get("concurrency_max"), |node| {
            node.small(Range::new(1, limits::CONCURRENCY_MAX_MAX))
        });
        set(&mut queue_max, table.get("queue_max"), |node| node.small(Range::new(0, limits::QUEUE_MAX_MAX)));
        set(&mut queue_wait_max, table.get("queue_wait_max"), |node| {
            node.duration(Range::new(Nanos::ZERO, Nanos::from_secs(10)))
        });
        let ca_pem = table.get("ca").and_then(|node| read_ca(&node, options));
        let Url { scheme, host, port, path } = url?;
        if let Some(node) = table.get("ca")
            && scheme == Scheme::Http
        {
            node.error("has no meaning for a URL in clear http", "leave it out");
        }
        Some(self.intern(Endpoint {
            scheme,
            host,
            port,
            path,
            version,
            concurrency_max,
            queue_max,
            queue_wait_max,
            ca_pem,
        }))
    }

    fn intern(&mut self, endpoint: Endpoint) -> EndpointIndex {
        let next = EndpointIndex(u32::try_from(self.in_order.len()).unwrap_or(u32::MAX));
        *self.positions.entry(endpoint).or_insert_with_key(|endpoint| {
            self.in_order.push(endpoint.clone());
            next
        })
    }
}

fn read_url(node: &Node<'_>, options: &CompileOptions<'_>) -> Option<Url> {
    let text = node.text()?;
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => {
            // What may hold a password is not repeated.
            let shown = if text.contains('@') {
                "the URL".to_owned()
            } else {
                format!("\"{}\"", text.escape_debug())
            };
            node.error(format!("{shown} {error}"), error.remedy());
            return None;
        }
    };
    if url.scheme == Scheme::Http && !options.allow_http {
        node.error(
            "leads do not travel in clear text",
            format!(
                "use https://{}; the flag for development allows http",
                text.trim_start_matches("http://")
            ),
        );
    }
    Some(url)
}

/// Reads a private CA: a reference, or the PEM itself.
fn read_ca(node: &Node<'_>, options: &CompileOptions<'_>) -> Option<Box<str>> {
    let pem = resolve(node, options)?;
    if !pem.contains("-----BEGIN CERTIFICATE-----") {
        node.error("is no certificate", "PEM text, or \"file:PATH\" of such a file");
        return None;
    }
    Some(pem.into())
}

/// Reads `["whsec_...", "env:NAME", "file:PATH"]`.
pub(super) fn read_secrets(table: &Table<'_>, options: &CompileOptions<'_>) -> Box<[SigningSecret]> {
    const EXAMPLE: &str = "[\"env:NORTH_SIGNING_SECRET\"]";
    let Some(node) = table.require("signing_secrets", EXAMPLE) else { return [].into() };
    let Some(items) = node.items(limits::SECRETS_MAX) else { return [].into() };
    if items.is_empty() {
        node.error("has no secret, so posts could not be signed", format!("at least one, such as {EXAMPLE}"));
    }
    items.iter().filter_map(|item| read_secret(item, options)).collect()
}

fn read_secret(item: &Node<'_>, options: &CompileOptions<'_>) -> Option<SigningSecret> {
    let secret = SigningSecret::parse(&resolve(item, options)?);
    let remedy = "whsec_ and the base64 of 24 to 64 bytes, or \"env:NAME\" or \"file:PATH\" that holds it";
    secret.map_err(|error| item.error(error.to_string(), remedy)).ok()
}

/// Returns the text, or what its reference leads to. Neither is repeated in a message.
fn resolve(node: &Node<'_>, options: &CompileOptions<'_>) -> Option<String> {
    let text = node.text()?;
    if !text.starts_with("env:") && !text.starts_with("file:") {
        return Some(text.to_owned());
    }
    let found = (options.secrets)(text);
    if found.is_none() {
        let remedy = match text.split_once(':') {
            Some(("env", name)) => {
                format!("set the environment variable {} for the exchange", name.escape_debug())
            }
            Some((_, path)) => format!("make the file {} readable for the exchange", path.escape_debug()),
            None => String::new(),
        };
        node.error("leads to nothing", remedy);
    }
    found
}
