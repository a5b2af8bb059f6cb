//! [`Handler`]: what is done with a seller's request.

use core::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};
use tokio::time::Instant;

use super::{Answer, Responder};

/// A request, read whole.
#[derive(Clone, Debug)]
pub struct SellerRequest {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub uri: Uri,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, no longer than the limit.
    pub body: Bytes,
    /// Who sent it.
    pub peer: SocketAddr,
    /// When its first byte was read.
    pub started_at: Instant,
}

impl SellerRequest {
    /// Returns the value of a header that is there once and is visible ASCII.
    pub fn header(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    }
}

/// A request that is answered without the handler, because it cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The body is larger than the limit.
    #[error("the body is larger than {bytes_max} bytes")]
    BodyTooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// The body did not come in time.
    #[error("the request took too long")]
    Timeout,
    /// `Content-Length` came together with `Transfer-Encoding`: two readers could see two requests.
    #[error("content-length and transfer-encoding together")]
    ConflictingLength,
    /// The body's encoding is broken.
    #[error("the body cannot be read")]
    BrokenBody,
    /// There are as many connections and requests as there may be. Over HTTP/1.1 the connection waits instead.
    #[error("too many requests at a time")]
    NoPlace,
}

impl Refusal {
    /// Returns the HTTP status.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::ConflictingLength | Self::BrokenBody => StatusCode::BAD_REQUEST,
            Self::NoPlace => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// What is done with requests. Runs on the shard's thread.
pub trait Handler {
    /// Takes a request. The answer may be sent at once or at any time later; a client that hangs up stops
    /// nothing that the handler has begun.
    fn handle(&self, request: SellerRequest, responder: Responder);

    /// Returns the answer to a request that cannot be read. A connection of HTTP/1.1 closes after it.
    fn refuse(&self, refusal: Refusal) -> Answer {
        Answer::new(refusal.status())
    }
}
