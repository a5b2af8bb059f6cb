//! [`Outgoing`]: what is sent over a connection, whatever it is.

use tokio::time::Instant;

use super::{Call, Question, Request, RequestHeaders};

/// A message, a question or a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outgoing<'a> {
    /// A `POST`.
    Message(&'a Request),
    /// A `GET`.
    Question(&'a Question),
    /// A `GET`, or a `POST` of a form.
    Call(&'a Call),
}

impl Outgoing<'_> {
    pub(crate) const fn headers(&self) -> &RequestHeaders {
        match self {
            Self::Message(request) => &request.headers,
            Self::Question(question) => &question.headers,
            Self::Call(call) => &call.headers,
        }
    }

    pub(crate) const fn deadline(&self) -> Instant {
        match self {
            Self::Message(request) => request.deadline,
            Self::Question(question) => question.deadline,
            Self::Call(call) => call.deadline,
        }
    }

    pub(crate) const fn reply_bytes_max(&self) -> usize {
        match self {
            Self::Message(request) => request.reply_bytes_max,
            Self::Question(question) => question.reply_bytes_max,
            Self::Call(call) => call.reply_bytes_max,
        }
    }

    /// Returns whether it may be sent once more. To ask twice changes nothing; a call tells its event's id, if anything.
    pub(crate) const fn retry_stale(&self) -> bool {
        match self {
            Self::Message(request) => request.retry_stale,
            Self::Question(_) | Self::Call(_) => true,
        }
    }
}
