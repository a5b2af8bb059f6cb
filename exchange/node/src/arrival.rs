//! [`Arrival`]: a request of a seller as the shell hands it to its shard.

use std::sync::Arc;

use exchange_protocol::{SaleKind, SellerPost, Waiter};
use exchange_types::{OfferId, QualityFault, SellerIndex, Submission, Uuid7};

use crate::Current;

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
    /// The fingerprints of the person: at most one of the phone and one of the e-mail.
    pub fingerprints: [Option<u128>; 2],
    /// What makes the lead invalid; none of a good one.
    pub faults: Vec<QualityFault>,
    /// The number under which the shell waits for the answer.
    pub token: u64,
}

/// An idempotency key with the body that came under it, both as keyed hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimKey {
    /// The hash of seller, vertical, kind of request and key.
    pub key: u128,
    /// The hash of the body.
    pub digest: u128,
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
    /// The fingerprints of the person.
    pub fingerprints: [Option<u128>; 2],
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
