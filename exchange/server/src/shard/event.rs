//! [`Event`]: everything that can happen to a shard's thread.

use exchange_protocol::{CandidateIndex, SlotKey};
use exchange_transport::{Failure, Reply};

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
    /// Another thread rang: the mesh or the journal has something.
    Bell,
    /// The next timeout has come.
    Tick,
}

/// Whoever takes events.
pub(crate) trait Deliver {
    /// Takes an event, now or right after the one at hand.
    fn deliver(&self, event: Event);
}
