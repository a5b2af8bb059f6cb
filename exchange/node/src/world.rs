//! The seams of the node: what it asks of the world.

use exchange_engine::Auction;
use exchange_protocol::{CandidateIndex, RecordBatch, Reply};
use exchange_types::ShardIndex;

/// The network, and those who wait for an answer.
pub trait Net {
    /// Sends a ping. The answer comes back by `Shard::ping_reply`, at the latest at the candidate's deadline.
    fn send_ping(&mut self, auction: &Auction, candidate: CandidateIndex);

    /// Sends a post; its intent is on disk. The outcome comes back by `Shard::post_reply`.
    fn send_post(&mut self, auction: &Auction, candidate: CandidateIndex);

    /// Hands a reply to the request that this place took in under `token`.
    fn reply(&mut self, token: u64, reply: Reply);

    /// Has another place of the mesh look into its queues.
    fn wake(&mut self, place: ShardIndex);
}

/// The journal.
pub trait Disk {
    /// Takes records. They come back by `Shard::durable` once they are on disk, in order.
    fn append(&mut self, batch: RecordBatch<'_>);
}

/// Randomness.
pub trait Seed {
    /// Returns 128 bits that nobody can foresee.
    fn entropy(&mut self) -> u128;
}

/// Everything that the node asks of the world.
pub trait World: Net + Disk + Seed {}

impl<W: Net + Disk + Seed> World for W {}
