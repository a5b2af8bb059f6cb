//! [`Failure`]: why a request has no reply, and above all whether it may have left.

use exchange_types::{NotSent, PingReply, PostOutcome, UnknownCause};

/// Why a request has no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Not a byte of it left, and none will.
    #[error("nothing was sent: {0:?}")]
    NotSent(NotSent),
    /// The deadline passed before a byte of it left, and none will. The field says for what it waited.
    #[error("the deadline passed before anything was sent: {0:?}")]
    TimeoutBeforeSend(NotSent),
    /// The deadline passed after its first byte may have left.
    #[error("no reply by the deadline")]
    Timeout,
    /// The connection broke after its first byte may have left.
    #[error("the connection broke")]
    Broken,
    /// What came is no HTTP.
    #[error("the reply is not HTTP")]
    BadReply,
    /// The reply's header or body is larger than what is read.
    #[error("the reply is too large")]
    ReplyTooLarge {
        /// The status, unless the header was too large.
        status: Option<u16>,
    },
}

impl Failure {
    /// Returns what the failure means for a ping.
    pub const fn ping_reply(self) -> PingReply {
        match self {
            Self::NotSent(_) | Self::Broken => PingReply::ConnectFailed,
            Self::TimeoutBeforeSend(_) | Self::Timeout => PingReply::Timeout,
            Self::BadReply | Self::ReplyTooLarge { .. } => PingReply::BadReply,
        }
    }

    /// Returns what the failure means for a post: definite only where nothing left.
    pub const fn post_outcome(self) -> PostOutcome {
        match self {
            Self::NotSent(cause) | Self::TimeoutBeforeSend(cause) => PostOutcome::NotSent(cause),
            Self::Timeout => PostOutcome::Unknown(UnknownCause::Timeout),
            Self::Broken | Self::BadReply | Self::ReplyTooLarge { status: None } => {
                PostOutcome::Unknown(UnknownCause::Broken)
            }
            Self::ReplyTooLarge { status: Some(status) } => {
                PostOutcome::Unknown(UnknownCause::Unreadable { status })
            }
        }
    }
}
