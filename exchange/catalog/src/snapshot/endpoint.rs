//! [`Endpoint`]: where pings or posts go.

use exchange_types::Nanos;

/// A buyer's endpoint with the limits of its connections.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// Clear text or TLS.
    pub scheme: Scheme,
    /// Host name or literal address, without brackets.
    pub host: Box<str>,
    /// TCP port.
    pub port: u16,
    /// Path with query, beginning with a slash.
    pub path: Box<str>,
    /// The protocol to speak.
    pub version: HttpVersion,
    /// The most requests at a time, over all connections of one shard. Over HTTP/1.1 each has its own
    /// connection.
    pub concurrency_max: u16,
    /// The most requests that wait for a free place.
    pub queue_max: u16,
    /// The longest wait for a free place.
    pub queue_wait_max: Nanos,
    /// A private CA in PEM that replaces the public ones.
    pub ca_pem: Option<Box<str>>,
}

/// Clear text or TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// Clear text.
    Http,
    /// TLS.
    Https,
}

/// The protocol of an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum HttpVersion {
    /// HTTP/2 where TLS negotiates it, else HTTP/1.1.
    #[default]
    Auto,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2, over clear text with prior knowledge.
    Http2,
}
