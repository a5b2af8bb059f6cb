//! [`Mesh`]: bounded queues between the shards and the control plane, one for each pair.

use std::sync::Arc;

use crossbeam_queue::ArrayQueue;
use exchange_protocol::{Outcome, Reply, ResolvedBy, Waiter};
use exchange_types::{Amount, ShardIndex, Uuid7};

use crate::{PostArrival, Requester, UnknownKey};

/// What one place of the mesh tells another.
#[derive(Debug)]
pub enum Message {
    /// Somebody repeats a submission that the receiver has.
    Join {
        /// The sale.
        id: Uuid7,
        /// Whether the lead or ping is repeated, not the post.
        first: bool,
        /// Who waits.
        waiter: Waiter,
    },
    /// A seller posts to a ping that the receiver has.
    Post(Box<PostArrival>),
    /// Somebody asks how a sale stands.
    Read {
        /// The sale.
        id: Uuid7,
        /// Who asks.
        requester: Requester,
        /// Who waits.
        waiter: Waiter,
    },
    /// A seller gives its offers back.
    GiveBack {
        /// The sale.
        id: Uuid7,
        /// Who asks.
        requester: Requester,
        /// Who waits.
        waiter: Waiter,
    },
    /// The receiver's ping was repeated with another body: what it holds is given back.
    Supersede {
        /// The ping.
        id: Uuid7,
    },
    /// Somebody says what came of a post whose outcome nobody knows.
    Resolve(Box<ResolveRequest>),
    /// An operator asks how far open posts of the receiver have been asked about.
    Inquire {
        /// Which posts: a page of them.
        keys: Vec<UnknownKey>,
        /// Who waits.
        waiter: Waiter,
    },
    /// The personal data of a lead was erased.
    Erase {
        /// The sale.
        id: Uuid7,
    },
    /// A reply for a waiter of the receiver.
    Reply {
        /// The number under which the receiver knows it.
        token: u64,
        /// The reply.
        reply: Reply,
    },
}

/// What somebody says about a post whose outcome nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolveRequest {
    /// Which post.
    pub key: UnknownKey,
    /// What came of it: accepted or failed.
    pub says: Outcome,
    /// What the buyer pays, where it says so; else the price of the intent.
    pub price: Option<Amount>,
    /// Who says so: the buyer's own report, or a person.
    pub by: ResolvedBy,
    /// The digest of the evidence.
    pub digest: [u8; 16],
    /// The operator who decided and the reason given, or empty.
    pub note: Box<str>,
    /// Who waits.
    pub waiter: Waiter,
}

/// The queues of a process. Places 0 to n-1 are the shards; place n is the control plane.
#[derive(Clone, Debug)]
pub struct Mesh {
    places: usize,
    queues: Arc<[ArrayQueue<Message>]>,
}

impl Mesh {
    /// Returns the queues between so many places, each of so many messages.
    pub fn new(places: u16, queue_max: usize) -> Self {
        let places = usize::from(places).max(1);
        let queues = (0..places.saturating_mul(places)).map(|_| ArrayQueue::new(queue_max.max(1))).collect();
        Self { places, queues }
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// Hands the message back where the queue is full or the place unknown: the sender sheds it at once.
    pub fn send(&self, from: ShardIndex, to: ShardIndex, message: Message) -> Result<(), Box<Message>> {
        match self.queue(from, to) {
            Some(queue) => queue.push(message).map_err(Box::new),
            None => Err(Box::new(message)),
        }
    }

    /// Takes the next message for a place, from any other.
    pub fn receive(&self, to: ShardIndex) -> Option<Message> {
        (0..self.places).find_map(|from| self.queue(ShardIndex(u16::try_from(from).ok()?), to)?.pop())
    }

    fn queue(&self, from: ShardIndex, to: ShardIndex) -> Option<&ArrayQueue<Message>> {
        if from.at() >= self.places || to.at() >= self.places {
            return None;
        }
        self.queues.get(from.at().saturating_mul(self.places).saturating_add(to.at()))
    }
}

#[cfg(test)]
mod tests {
    use exchange_types::UtcMicros;

    use super::*;

    #[test]
    fn a_full_queue_hands_the_message_back() {
        let mesh = Mesh::new(2, 1);
        let message = || Message::Join {
            id: Uuid7::new(UtcMicros(1), 1),
            first: true,
            waiter: Waiter { place: ShardIndex(0), token: 5 },
        };
        let (here, there) = (ShardIndex(0), ShardIndex(1));
        assert!(mesh.send(here, there, message()).is_ok());
        assert!(mesh.send(here, there, message()).is_err(), "one past the limit");
        assert!(mesh.send(here, ShardIndex(2), message()).is_err(), "an unknown place");
        assert!(mesh.receive(here).is_none());
        assert!(matches!(mesh.receive(there), Some(Message::Join { .. })));
        assert!(mesh.receive(there).is_none());
    }
}
