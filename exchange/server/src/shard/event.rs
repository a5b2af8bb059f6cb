//! [`Event`]: everything that can happen to a shard's thread.

use exchange_node::UnknownKey;
use exchange_protocol::{CandidateIndex, SlotKey};
use exchange_transport::{Failure, Reply};
use exchange_types::Currency;

use super::intake::Intake;

/// Everything that can happen to a shard's thread. One synchronous call takes each.
#[derive(Debug)]
pub(crate) enum Event {
    /// A seller's request is complete.
    Request(Box<Intake>),
    /// A ping has its answer, or none.
    PingDone {
        /// Whose.
        auction: SlotKey,
        /// Which ping.
        candidate: CandidateIndex,
        /// What came.
        result: Result<Reply, Failure>,
    },
    /// A post has its answer, or none.
    PostDone {
        /// Whose.
        auction: SlotKey,
        /// Which post.
        candidate: CandidateIndex,
        /// What came.
        result: Result<Reply, Failure>,
    },
    /// A post that was given up has its answer after all.
    LateAnswer {
        /// Which post.
        key: UnknownKey,
        /// The currency of its price.
        currency: Currency,
        /// What came.
        reply: Reply,
    },
    /// A question about a post whose outcome nobody knows has its answer, or none.
    Asked {
        /// Which post.
        key: UnknownKey,
        /// How the answer is read.
        reading: Reading,
        /// What came.
        result: Result<Reply, Failure>,
    },
    /// Another thread rang: the mesh, the journal or the store has something.
    Bell,
    /// The next timeout has come.
    Tick,
}

/// How the answer about an unknown post is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// Whether it answers the post sent again, or the status URL.
    pub(crate) reposted: bool,
    /// The currency of its price.
    pub(crate) currency: Currency,
}

/// Whoever takes events.
pub(crate) trait Deliver {
    /// Takes an event, now or right after the one at hand.
    fn deliver(&self, event: Event);
}
