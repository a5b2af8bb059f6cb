//! [`PostState`]: what came of a post, as the store knows it.

use exchange_protocol::Outcome;
use exchange_types::Reason;

/// What came of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostState {
    /// Its intent is written and no outcome is.
    Sending,
    /// The buyer took the lead.
    Accepted,
    /// The buyer does not have the lead, and why.
    Failed(Reason),
    /// Nobody knows.
    Unknown,
}

impl PostState {
    /// Returns the name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Failed(_) => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// Returns whether the buyer may have got the lead: every byte of it may have left, unless the post failed
    /// before the first one did.
    pub fn may_have_it(self) -> bool {
        self != Self::Failed(Reason::PostFailed)
    }

    /// Returns what came of the post, where that is known to be so or known not to be known; nothing while it is
    /// out.
    pub fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Sending => None,
            Self::Accepted => Some(Outcome::Accepted),
            Self::Failed(reason) => Some(Outcome::Failed(reason)),
            Self::Unknown => Some(Outcome::Unknown),
        }
    }

    pub(crate) fn numbers(self) -> (i64, i64) {
        match self {
            Self::Sending => (0, 0),
            Self::Accepted => (1, 0),
            Self::Failed(reason) => (2, i64::from(reason.code())),
            Self::Unknown => (3, 0),
        }
    }

    pub(crate) fn of_numbers(state: i64, reason: i64) -> Option<Self> {
        match state {
            0 => Some(Self::Sending),
            1 => Some(Self::Accepted),
            2 => u8::try_from(reason).ok().and_then(Reason::from_code).map(Self::Failed),
            3 => Some(Self::Unknown),
            _ => None,
        }
    }
}

impl From<Outcome> for PostState {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Accepted => Self::Accepted,
            Outcome::Failed(reason) => Self::Failed(reason),
            Outcome::Unknown => Self::Unknown,
        }
    }
}
