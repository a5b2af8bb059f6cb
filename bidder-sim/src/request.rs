//! [`Request`]: a request of the exchange, whatever protocol brought it.

/// What the buyers look at. Borrowed from the connection's buffer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Request<'a> {
    /// The method.
    pub(crate) method: &'a str,
    /// The path without its query.
    pub(crate) path: &'a str,
    /// `Idempotency-Key`.
    pub(crate) idempotency_key: Option<&'a str>,
    /// `webhook-id`.
    pub(crate) webhook_id: Option<&'a str>,
    /// `webhook-timestamp`.
    pub(crate) webhook_timestamp: Option<&'a str>,
    /// `webhook-signature`.
    pub(crate) webhook_signature: Option<&'a str>,
    /// The body.
    pub(crate) body: &'a [u8],
}

/// Bytes of a request's header that are read: what the exchange sends stays far below.
pub(crate) const HEAD_BYTES_MAX: usize = 32 * 1_024;
/// Bytes of a request's body that are read: the largest post that the exchange may send is 64 KiB and
/// its consent.
pub(crate) const BODY_BYTES_MAX: usize = 256 * 1_024;
