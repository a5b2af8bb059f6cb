//! [`ServerLimits`]: what one connection of a seller may use.

use core::time::Duration;

use exchange_types::limits;

/// Limits of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// The most bytes of a request's line and headers; 16 KiB by default. More is answered 431.
    pub header_bytes_max: usize,
    /// The most bytes of a body; 16 KiB by default. More is [`Refusal::BodyTooLarge`](crate::Refusal).
    pub body_bytes_max: usize,
    /// From a connection to the end of its TLS handshake; 5 s by default.
    pub handshake_wait_max: Duration,
    /// From the first byte of a request to the end of its headers; 5 s by default. Over HTTP/2, where the header of
    /// one request keeps those of all others waiting, `idle_max` bounds it.
    pub header_wait_max: Duration,
    /// From the first byte of a request to the end of its body; 10 s by default.
    pub request_wait_max: Duration,
    /// From the end of a request to its answer; 60 s by default. Auctions answer by their own deadline long
    /// before; this only bounds what a mistake could cost.
    pub answer_wait_max: Duration,
    /// How long a connection is kept without a request; 60 s by default.
    pub idle_max: Duration,
    /// How long a shutdown waits for answers; 10 s by default.
    pub drain_wait_max: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            header_bytes_max: limits::HEADER_BYTES_MAX,
            body_bytes_max: limits::SELLER_BODY_BYTES_DEFAULT,
            handshake_wait_max: Duration::from_secs(5),
            header_wait_max: Duration::from_secs(5),
            request_wait_max: Duration::from_secs(10),
            answer_wait_max: Duration::from_mins(1),
            idle_max: Duration::from_mins(1),
            drain_wait_max: Duration::from_secs(10),
        }
    }
}
