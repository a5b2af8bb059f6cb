//! Where pings and posts go: endpoints with their limits, and the secrets that sign what is sent there.

use std::collections::BTreeMap;

use exchange_types::{EndpointIndex, Nanos};

use super::CompileOptions;
use super::vertical::set;
use crate::document::{Node, Range, Table};
use crate::snapshot::{Endpoint, HttpVersion, POST_ID_PLACE, PostbackPiece, Scheme};
use crate::url::Url;
use crate::{SigningSecret, limits};

/// Requests at a time to an endpoint that says nothing else. At 200 ms each this is 320 pings a second from
/// every shard.
const CONCURRENCY_MAX_DEFAULT: u16 = 64;
/// Requests that wait for a place: what drains within the wait at the same pace.
const QUEUE_MAX_DEFAULT: u16 = 64;
/// A wait of more than a tenth of the usual bid window leaves the buyer too little.
const QUEUE_WAIT_MAX_DEFAULT: Nanos = Nanos::from_millis(50);

/// Requests at a time to a status endpoint or webhook, from every shard: a trickle beside the posts.
const PLAIN_CONCURRENCY_MAX: u16 = 4;
/// Requests that wait for a place there.
const PLAIN_QUEUE_MAX: u16 = 64;
/// Nobody waits for their answers.
const PLAIN_QUEUE_WAIT_MAX: Nanos = Nanos::from_secs(5);

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

    /// Reads an endpoint that is only a URL: few requests go there and none of them is in a hurry. The private
    /// CA is that of another endpoint of the same partner.
    pub(super) fn read_plain(
        &mut self,
        node: &Node<'_>,
        ca_pem: Option<Box<str>>,
        options: &CompileOptions<'_>,
    ) -> Option<EndpointIndex> {
        let url = read_url(node, options)?;
        Some(self.intern_plain(url, ca_pem))
    }

    /// Reads the URL of a status endpoint, in whose path the id of the post has one place.
    pub(super) fn read_status(
        &mut self,
        node: &Node<'_>,
        ca_pem: Option<Box<str>>,
        options: &CompileOptions<'_>,
    ) -> Option<EndpointIndex> {
        let text = node.text()?;
        let places = text.matches(POST_ID_PLACE).count();
        // The reader of URLs takes no braces, and a place inside the host would send posts' ids anywhere.
        let stands_for = "post-id-stands-here";
        let url = read_url_text(node, &text.replace(POST_ID_PLACE, stands_for), options)?;
        if places != 1 || !url.path.contains(stands_for) {
            node.error(
                "does not name the post once in its path or query",
                "such as \"https://leads.example.org/posts/{post_id}\"",
            );
            return None;
        }
        let path = url.path.replace(stands_for, POST_ID_PLACE).into();
        Some(self.intern_plain(Url { path, ..url }, ca_pem))
    }

    /// Reads the URL of a template with places in its path and query, and returns its host's endpoint with the template
    /// of what is called there.
    pub(super) fn read_template(
        &mut self,
        node: &Node<'_>,
        pieces: &[PostbackPiece],
        options: &CompileOptions<'_>,
    ) -> Option<(EndpointIndex, Box<[PostbackPiece]>)> {
        // The reader of URLs takes no braces, and a place inside the host would send what became of leads anywhere.
        let filled = pieces.iter().map(|piece| match piece {
            PostbackPiece::Text(text) => text,
            PostbackPiece::Place(_) => "place",
        });
        let url = read_url_text(node, &filled.collect::<String>(), options)?;
        let begin = |text: &str| {
            let authority = text.find("://")?.saturating_add(3);
            text.get(authority..)?.find(['/', '?']).map(|length| authority.saturating_add(length))
        };
        let mut pieces = pieces.to_vec();
        let Some(PostbackPiece::Text(first)) = pieces.first_mut() else { return None };
        let path = begin(first).and_then(|at| first.get(at..)).map(str::to_owned);
        let Some(path) = path else {
            node.error("has a place in its host, or no path", "places stand behind the first / or ?");
            return None;
        };
        *first = if path.starts_with('/') { path.into() } else { format!("/{path}").into() };
        let host = Url { path: "/".into(), ..url };
        Some((self.intern_plain(host, None), pieces.into()))
    }

    /// Returns the endpoint of an index.
    pub(super) fn get(&self, index: EndpointIndex) -> Option<&Endpoint> {
        self.in_order.get(index.at())
    }

    fn intern_plain(&mut self, url: Url, ca_pem: Option<Box<str>>) -> EndpointIndex {
        let Url { scheme, host, port, path } = url;
        let ca_pem = ca_pem.filter(|_| scheme == Scheme::Https);
        self.intern(Endpoint {
            scheme,
            host,
            port,
            path,
            version: HttpVersion::Auto,
            concurrency_max: PLAIN_CONCURRENCY_MAX,
            queue_max: PLAIN_QUEUE_MAX,
            queue_wait_max: PLAIN_QUEUE_WAIT_MAX,
            ca_pem,
        })
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
    read_url_text(node, node.text()?, options)
}

fn read_url_text(node: &Node<'_>, text: &str, options: &CompileOptions<'_>) -> Option<Url> {
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => {
            // As it was written.
            let text = node.given_text().unwrap_or(text);
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
        let text = node.given_text().unwrap_or(text);
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

pub(super) fn read_secret(item: &Node<'_>, options: &CompileOptions<'_>) -> Option<SigningSecret> {
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
