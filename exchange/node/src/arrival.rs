//! [`Arrival`]: a request of a seller as the shell hands it to its shard.

use std::sync::Arc;

use exchange_protocol::{ClaimRecord, SaleKind, SellerPost, Waiter};
use exchange_types::{OfferId, Person, QualityFault, SellerIndex, Submission, Uuid7};

use crate::{Current, DayCount};

/// A lead or ping, parsed and complete.
#[derive(Debug)]
pub struct Arrival {
    /// One call or two steps.
    pub kind: SaleKind,
    /// The lead.
    pub submission: Box<Submission>,
    /// The catalog with which it was parsed, and with which it is auctioned: its indices hold in no other.
    pub current: Arc<Current>,
    /// The idempotency key, if the request has one.
    pub claim: Option<ClaimKey>,
    /// The person, as far as the request says who it is.
    pub person: Person,
    /// What makes the lead invalid; none of a good one.
    pub faults: Vec<QualityFault>,
    /// What the key that came with it may submit in a day, where that is bounded.
    pub quota: Option<KeyQuota>,
    /// The number under which the shell waits for the answer.
    pub token: u64,
}

/// What a key may submit in a day.
#[derive(Clone, Debug)]
pub struct KeyQuota {
    /// The most.
    pub a_day: u32,
    /// What it has submitted.
    pub used: Arc<DayCount>,
}

/// An idempotency key with the body that came under it, both as keyed hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimKey {
    /// The hash of seller, vertical, kind of request and key.
    pub key: u128,
    /// The hash of the body.
    pub digest: u128,
    /// Whether it is no key that the seller chose but what the ping says of the person: a consent token or `identity`.
    /// It names a ping for as long as that is open; with another body it is a new ping, and what the earlier one holds
    /// is given back. It is in no record.
    pub weak: bool,
}

impl ClaimKey {
    /// Returns the key as records have it.
    pub(crate) const fn record(self) -> ClaimRecord {
        ClaimRecord { key: self.key, digest: self.digest }
    }
}

/// The second step of a two-step sale.
#[derive(Debug)]
pub struct PostArrival {
    /// The ping.
    pub ping: Uuid7,
    /// Who posts.
    pub seller: SellerIndex,
    /// The seller's name, since its index may have changed with the catalog.
    pub seller_name: Box<str>,
    /// The fields and the consent that the post brings, parsed with the ping's vertical.
    pub post: SellerPost,
    /// The offers that the seller named.
    pub offer_ids: Vec<OfferId>,
    /// Whether changed fields keep the ping's values instead of refusing the post.
    pub keep_on_changed: bool,
    /// The idempotency key, if the request has one.
    pub claim: Option<ClaimKey>,
    /// Whether it came with a key for tests: it is one then, whatever it says.
    pub by_test_key: bool,
    /// The person, as far as the post says who it is.
    pub person: Person,
    /// What makes the fields of the post invalid. Rules across fields are looked at when it meets its ping.
    pub faults: Vec<QualityFault>,
    /// Who waits.
    pub waiter: Waiter,
}

/// Who asks how a sale stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requester {
    /// A seller, by name; it sees its own sales only.
    Seller(Box<str>),
    /// An operator, who sees the whole account.
    Operator,
}
