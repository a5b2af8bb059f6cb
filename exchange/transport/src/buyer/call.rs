//! [`Call`]: calls a URL that is made anew each time.

use bytes::Bytes;
use tokio::time::Instant;

use super::RequestHeaders;

/// A call of a path at the host of an endpoint: a `GET`, or a `POST` of a form.
#[derive(Clone, Debug)]
pub struct Call {
    /// The headers that differ from call to call.
    pub headers: RequestHeaders,
    /// Path and query, beginning with a slash, encoded as a URL has them.
    pub path: Box<str>,
    /// The form, encoded as such, where it is a `POST`.
    pub form: Option<Bytes>,
    /// When to give up.
    pub deadline: Instant,
    /// The most bytes of a reply's body that are read.
    pub reply_bytes_max: usize,
}

impl Call {
    /// Returns whether the path can stand in a request line as it is.
    pub(crate) fn is_plain(&self) -> bool {
        self.path.starts_with('/') && self.path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
    }
}
