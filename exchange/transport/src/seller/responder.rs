//! [`Responder`]: the way back to a seller.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use tokio::sync::oneshot;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The media type, if there is a body.
    pub content_type: Option<&'static str>,
    /// Further headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// Returns an answer without a body.
    pub const fn new(status: StatusCode) -> Self {
        Self { status, content_type: None, headers: Vec::new(), body: Bytes::new() }
    }

    /// Returns the answer with a body.
    #[must_use]
    pub fn with_body(self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { content_type: Some(content_type), body: body.into(), ..self }
    }

    /// Returns the answer with one more header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) fn into_response(self, then_close: bool) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if let Some(content_type) = self.content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        if then_close {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// The way back to the client of one request. Dropped without an answer, the client gets 500.
#[derive(Debug)]
pub struct Responder(oneshot::Sender<Answer>);

impl Responder {
    pub(crate) fn pair() -> (Self, oneshot::Receiver<Answer>) {
        let (tx, rx) = oneshot::channel();
        (Self(tx), rx)
    }

    /// Sends the answer.
    ///
    /// # Errors
    ///
    /// The answer itself, if the client is no longer there.
    pub fn send(self, answer: Answer) -> Result<(), Answer> {
        self.0.send(answer)
    }

    /// Returns whether the client has hung up.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}
