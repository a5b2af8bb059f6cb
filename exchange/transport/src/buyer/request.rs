//! [`Request`]: one message to a buyer.

use bytes::Bytes;
use http::HeaderValue;
use tokio::time::Instant;

/// A ping, post or notice, rendered and signed. It goes out as `POST` of `application/json`.
#[derive(Clone, Debug)]
pub struct Request {
    /// The headers that differ from message to message.
    pub headers: RequestHeaders,
    /// The body.
    pub body: Bytes,
    /// When to give up. Computed once at admission; covers the wait for a place, connecting, TLS, writing
    /// and reading.
    pub deadline: Instant,
    /// The most bytes of a reply's body that are read.
    pub reply_bytes_max: usize,
    /// Whether the request is sent once more when a kept connection closed before a byte of the reply came.
    /// For pings, which a buyer knows by their id; never for posts.
    pub retry_stale: bool,
}

/// The headers of a message. Values are made by the caller, so that what does not change is made once.
#[derive(Clone, Debug, Default)]
pub struct RequestHeaders {
    /// `webhook-id`, if the message is signed.
    pub webhook_id: Option<HeaderValue>,
    /// `webhook-timestamp`, if the message is signed.
    pub webhook_timestamp: Option<HeaderValue>,
    /// `webhook-signature`, if the message is signed.
    pub webhook_signature: Option<HeaderValue>,
    /// `idempotency-key`, for posts.
    pub idempotency_key: Option<HeaderValue>,
    /// `traceparent`, if the auction is traced.
    pub traceparent: Option<HeaderValue>,
}
