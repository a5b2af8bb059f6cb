//! [`Outgoing`]: what is sent over a connection, whatever it is.

use tokio::time::Instant;

use super::{Question, Request, RequestHeaders};

/// A message or a question.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outgoing<'a> {
    /// A `POST`.
    Message(&'a Request),
    /// A `GET`.
    Question(&'a Question),
}

impl Outgoing<'_> {
    pub(crate) const fn headers(&self) -> &RequestHeaders {
        match self {
            Self::Message(request) => &request.headers,
            Self::Question(question) => &question.headers,
        }
    }

    pub(crate) const fn deadline(&self) -> Instant {
        match self {
            Self::Message(request) => request.deadline,
            Self::Question(question) => question.deadline,
        }
    }

    pub(crate) const fn reply_bytes_max(&self) -> usize {
        match self {
            Self::Message(request) => request.reply_bytes_max,
            Self::Question(question) => question.reply_bytes_max,
        }
    }

    /// Returns whether it may be sent once more. To ask twice changes nothing.
    pub(crate) const fn retry_stale(&self) -> bool {
        match self {
            Self::Message(request) => request.retry_stale,
            Self::Question(_) => true,
        }
    }
}
