//! [`Reply`]: what a buyer answered, read within bounds.

use bytes::{Bytes, BytesMut};
use http::Response;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};

use super::Failure;

/// A buyer's answer. The body is as it came: what it means is for others to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The whole body, no longer than the request allowed.
    pub body: Bytes,
}

impl Reply {
    /// Reads the body of a response. A declared length that is too large is refused before anything is read.
    ///
    /// Not cancel-safe: a future dropped early loses the response and with it the connection.
    pub(crate) async fn read(response: Response<Incoming>, bytes_max: usize) -> Result<Self, Failure> {
        let status = response.status().as_u16();
        let too_large = Failure::ReplyTooLarge { status: Some(status) };
        let mut incoming = response.into_body();
        let declared = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
        if declared > bytes_max {
            return Err(too_large);
        }
        let mut first = Bytes::new();
        let mut joined = BytesMut::new();
        while let Some(frame) = incoming.frame().await {
            // Trailers say nothing in this contract.
            let Ok(data) = frame.map_err(|_| Failure::Broken)?.into_data() else { continue };
            if first.len().max(joined.len()).saturating_add(data.len()) > bytes_max {
                return Err(too_large);
            }
            if first.is_empty() {
                // The usual reply is one piece, which is handed on without a copy.
                first = data;
                continue;
            }
            if joined.is_empty() {
                joined.reserve(declared);
                joined.extend_from_slice(&first);
            }
            joined.extend_from_slice(&data);
        }
        let body = if joined.is_empty() { first } else { joined.freeze() };
        Ok(Self { status, body })
    }
}
