//! [`Input`]: what happens to a shard.

use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_types::{
    Amount, CampaignIndex, HashKey, Nanos, PingReply, PostReply, Reason, Submission, UtcMicros, Uuid7,
};

use crate::{CandidateIndex, OfferKey, SlotKey};

/// What happens to a shard. Verdicts of what the engine does not own are part of it.
#[derive(Debug)]
pub enum Input<'a> {
    /// A lead or ping was admitted.
    Submit(Submit<'a>),
    /// A ping came to an end.
    PingReply {
        /// Whose.
        auction: SlotKey,
        /// Which ping.
        candidate: CandidateIndex,
        /// What came of it.
        reply: &'a PingReply,
    },
    /// The counters answered [`crate::Effect::Reserve`].
    Reserved {
        /// Whose.
        auction: SlotKey,
        /// For which candidate.
        candidate: CandidateIndex,
        /// What was taken, or why there is no room.
        room: Result<Taken, Reason>,
    },
    /// A post came to an end.
    PostReply {
        /// Whose.
        auction: SlotKey,
        /// Which post.
        candidate: CandidateIndex,
        /// What came of it.
        reply: PostReply<'a>,
    },
    /// The second step of a two-step sale; it passed [`SellerPost`]'s checks.
    SellerPost {
        /// Whose.
        auction: SlotKey,
        /// What the seller chose and added.
        post: &'a SellerPost,
    },
    /// A seller gives its offers back.
    GiveBack {
        /// Whose.
        auction: SlotKey,
    },
    /// Records up to this number of the shard are on disk.
    Durable {
        /// The last of them.
        up_to: u64,
    },
    /// Time passed.
    Tick,
}

/// What the counters have taken for a candidate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// As of when it counts: not before the latest window that has begun, whatever the clock says.
    pub at: UtcMicros,
    /// From every budget.
    pub money: Amount,
}

/// An admitted lead or ping.
#[derive(Debug)]
pub struct Submit<'a> {
    /// The number behind every id of the sale.
    pub id: Uuid7,
    /// One call or two steps.
    pub kind: SaleKind,
    /// The lead.
    pub submission: Box<Submission>,
    /// The catalog with which it was parsed.
    pub snapshot: Arc<Snapshot>,
    /// The campaigns left after the static filters, in the order of the catalog.
    pub considered: &'a [Considered],
    /// The vertical's key for breaking ties.
    pub rotation: HashKey,
}

/// A campaign left after the static filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Considered {
    /// The campaign.
    pub campaign: CampaignIndex,
    /// Whether it is asked.
    pub verdict: Verdict,
    /// Its stable number for rotation, made of its name.
    pub rotation_id: u64,
}

/// Whether a campaign is asked for a bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is pinged; its answer counts when it arrives within this time.
    Ping {
        /// The time for the answer.
        timeout: Nanos,
    },
    /// It bids its standing price at once.
    Standing(Amount),
    /// It is out.
    Out(Reason),
}

/// How a lead is sold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SaleKind {
    /// The exchange pings, chooses and posts.
    #[default]
    OneCall,
    /// The exchange makes offers; the seller posts.
    TwoStep,
}

/// The second step of a two-step sale.
#[derive(Debug)]
pub struct SellerPost {
    /// The fields and the consent that the post brings.
    pub submission: Box<Submission>,
    /// The offers that the seller named; none stands for all live ones.
    pub named: Vec<OfferKey>,
    /// Whether live offers that were not named may follow.
    pub fallback: bool,
    /// The most that the answer may take.
    pub wait: Option<Nanos>,
}
