//! [`Unknown`]: a post whose outcome nobody knows, with all that it takes to ask about it.

use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::Campaign;
use exchange_protocol::{CandidateIndex, SaleKind};
use exchange_types::{Amount, BuyerIndex, CampaignIndex, PostOutcome, Submission, UtcMicros, Uuid7};

/// Names a post.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownKey {
    /// Of which sale.
    pub auction: Uuid7,
    /// To which of its candidates.
    pub candidate: CandidateIndex,
}

/// A post whose outcome nobody knows, with all that it takes to send it again.
#[derive(Debug)]
pub struct Unknown {
    /// Which post.
    pub key: UnknownKey,
    /// To which campaign, in `snapshot`.
    pub campaign: CampaignIndex,
    /// To which company, in `snapshot`.
    pub buyer: BuyerIndex,
    /// The catalog of the auction.
    pub snapshot: Arc<Snapshot>,
    /// The lead as it was posted; nothing where its key is destroyed.
    pub submission: Option<Box<Submission>>,
    /// One call or two steps.
    pub kind: SaleKind,
    /// What the buyer would pay, as the post said.
    pub price: Amount,
    /// What the seller would earn.
    pub payout: Amount,
    /// Whether nobody else may get the lead.
    pub exclusive: bool,
    /// The buyer's own name of its bid, or empty.
    pub bid_id: Box<str>,
    /// When the lead was admitted.
    pub admitted: UtcMicros,
    /// When the intent was written.
    pub intent_at: UtcMicros,
    /// When the post was given up.
    pub give_up_at: UtcMicros,
}

impl Unknown {
    /// Returns the campaign.
    pub fn campaign(&self) -> Option<&Campaign> {
        self.snapshot.campaign(self.campaign)
    }
}

/// What a resolver's request brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResolverReply {
    /// What it says of the post.
    pub outcome: PostOutcome,
    /// The digest of the reply.
    pub digest: [u8; 16],
}
