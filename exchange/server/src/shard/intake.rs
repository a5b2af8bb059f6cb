//! [`Intake`]: a complete request of a seller, and the way back to it.

use core::net::IpAddr;

use bytes::Bytes;

use super::http_answer::HttpAnswer;

/// How a request is answered.
pub(crate) type Respond = Box<dyn FnOnce(HttpAnswer)>;

/// A complete request of a seller.
pub(crate) struct Intake {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) peer: IpAddr,
    pub(crate) authorization: Option<String>,
    pub(crate) content_type: Option<String>,
    /// Whether the body came compressed, which is not read.
    pub(crate) encoded: bool,
    pub(crate) idempotency_key: Option<Vec<u8>>,
    pub(crate) body: Bytes,
    pub(crate) respond: Respond,
}

impl core::fmt::Debug for Intake {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Intake")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The methods that some path takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Delete,
    Other,
}
