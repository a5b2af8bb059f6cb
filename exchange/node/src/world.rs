//! The seams of the node: what it asks of the world.

use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_engine::Auction;
use exchange_protocol::{Answer, CandidateIndex, ClaimRecord, RecordBatch, Reply, SealClass, Sealed};
use exchange_types::{ShardIndex, UtcMicros, Uuid7};

use crate::Unknown;

/// The network, and those who wait for an answer.
pub trait Net {
    /// Sends a ping. The answer comes back by `Shard::ping_reply`, at the latest at the candidate's deadline.
    fn send_ping(&mut self, auction: &Auction, candidate: CandidateIndex);

    /// Sends a post; its intent is on disk. The outcome comes back by `Shard::post_reply`.
    fn send_post(&mut self, auction: &Auction, candidate: CandidateIndex);

    /// Sends a post whose outcome nobody knows once more, with the same body and the same idempotency key.
    /// What came of it comes back by `Shard::resolver_reply`.
    fn repost(&mut self, unknown: &Unknown);

    /// Asks the buyer's status URL about a post whose outcome nobody knows. What it says comes back by
    /// `Shard::resolver_reply`.
    fn ask_status(&mut self, unknown: &Unknown);

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

/// The keys of personal data: each ciphertext has one of its own, which can be destroyed alone.
pub trait Vault {
    /// Encrypts what belongs to a lead under a new key and appends the ciphertext to `out`.
    ///
    /// Returns nothing where no key is ready: the lead is refused as overloaded then.
    fn seal(&mut self, lead: Uuid7, class: SealClass, plain: &[u8], out: &mut Vec<u8>) -> Option<Sealed>;

    /// Decrypts what belongs to a lead; nothing where its key is destroyed or the ciphertext damaged.
    fn unseal(&mut self, lead: Uuid7, sealed: &Sealed, ciphertext: &[u8]) -> Option<Vec<u8>>;
}

/// What has left the memory: the store.
pub trait Past {
    /// Asks about something older than the memory. The answer comes back by `Shard::remembered` under the
    /// same token; where it takes too long, the request is refused and a later answer is left out.
    fn look_up(&mut self, token: u64, question: Question);
}

/// Everything that the node asks of the world.
pub trait World: Net + Disk + Seed + Vault + Past {}

impl<W: Net + Disk + Seed + Vault + Past> World for W {}

/// What the node asks the store. It is asked only about what the filters take for seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// A submission came in: what is known of its idempotency key and of its person?
    Admission {
        /// The key with its body, where the filter has seen it.
        claim: Option<ClaimRecord>,
        /// The fingerprints, as far as the filter has seen them.
        prints: Vec<u128>,
        /// When it came in: what ended before this is of no interest.
        at: UtcMicros,
    },
    /// How does a sale stand?
    Sale(Uuid7),
}

/// What the store knows. Everything it does not know stays empty.
#[derive(Clone, Debug, Default)]
pub struct Remembered {
    /// The submission that came first under the key, with what its step was told.
    pub claim: Option<RememberedClaim>,
    /// What became of the person, one entry a fingerprint at most.
    pub persons: Vec<RememberedPerson>,
    /// Which buyers had the person, in any order.
    pub had: Vec<RememberedHad>,
    /// The sale that was asked for.
    pub sale: Option<RememberedSale>,
}

/// A submission under an idempotency key.
#[derive(Clone, Debug)]
pub struct RememberedClaim {
    /// The sale.
    pub id: Uuid7,
    /// The digest of the body that came under the key.
    pub digest: u128,
    /// Whether its lead was erased: nothing of it is told again.
    pub erased: bool,
    /// What its step was told, or for a pending sale how it stands now.
    pub answer: Box<Answer>,
    /// The catalog in which the answer's indices hold.
    pub snapshot: Arc<Snapshot>,
}

/// What became of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedPerson {
    /// The fingerprint that was asked for.
    pub print: u128,
    /// The sale.
    pub id: Uuid7,
    /// The seller's name.
    pub seller: Box<str>,
    /// Whether it was sold, or may have been; else it was not.
    pub taken: bool,
    /// Until when that counts.
    pub until: UtcMicros,
}

/// A post after which its buyer had a person, or may have had it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedHad {
    /// The fingerprint that was asked for.
    pub print: u128,
    /// The buyer's name.
    pub buyer: Box<str>,
    /// The sale and the post.
    pub post: (Uuid7, CandidateIndex),
    /// When the lead was admitted.
    pub since: UtcMicros,
}

/// How a sale stands.
#[derive(Clone, Debug)]
pub struct RememberedSale {
    /// The answer as its seller may see it.
    pub answer: Box<Answer>,
    /// The catalog in which the answer's indices hold.
    pub snapshot: Arc<Snapshot>,
}
