//! [`read`]: a body of the library's codecs, read within bounds.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It is larger than what is read.
    TooLarge,
    /// It broke off, or is no body.
    Broken,
}

/// Reads a body. A declared length that is too large is refused before anything is read.
///
/// Not cancel-safe: a future dropped early loses what it has read.
pub(crate) async fn read(incoming: &mut Incoming, bytes_max: usize) -> Result<Bytes, BodyError> {
    let declared = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
    if declared > bytes_max {
        return Err(BodyError::TooLarge);
    }
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(frame) = incoming.frame().await {
        // Trailers say nothing in this contract.
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        if first.len().max(joined.len()).saturating_add(data.len()) > bytes_max {
            return Err(BodyError::TooLarge);
        }
        if first.is_empty() {
            // The usual body is one piece, which is handed on without a copy.
            first = data;
            continue;
        }
        if joined.is_empty() {
            joined.reserve(declared);
            joined.extend_from_slice(&first);
        }
        joined.extend_from_slice(&data);
    }
    Ok(if joined.is_empty() { first } else { joined.freeze() })
}
