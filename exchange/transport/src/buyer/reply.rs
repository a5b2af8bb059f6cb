//! [`Reply`]: what a buyer answered, read within bounds.

use bytes::Bytes;
use http::Response;
use hyper::body::Incoming;

use super::Failure;
use crate::bounded_body::{self, BodyError};

/// A buyer's answer. The body is as it came: what it means is for others to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The whole body, no longer than the request allowed.
    pub body: Bytes,
}

impl Reply {
    /// Reads the body of a response.
    ///
    /// Not cancel-safe: a future dropped early loses the response and with it the connection.
    pub(crate) async fn read(response: Response<Incoming>, bytes_max: usize) -> Result<Self, Failure> {
        let status = response.status().as_u16();
        match bounded_body::read(&mut response.into_body(), bytes_max).await {
            Ok(body) => Ok(Self { status, body }),
            Err(BodyError::TooLarge) => Err(Failure::ReplyTooLarge { status: Some(status) }),
            Err(BodyError::Broken) => Err(Failure::Broken),
        }
    }
}
