//! [`Candidate`]: a campaign that was left after the static filters, with its ping and its post.

use exchange_auction::Pick;
use exchange_protocol::Outcome;
use exchange_types::{BuyerIndex, CampaignIndex, Nanos, Reason};

/// A campaign in an auction.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The campaign.
    pub campaign: CampaignIndex,
    /// Its company.
    pub buyer: BuyerIndex,
    /// When the answer to its ping counts no more.
    pub ping_deadline: Nanos,
    pub(crate) asked: Asked,
    pub(crate) replied_us: u32,
    /// Whether its counters hold something for it.
    pub(crate) held: bool,
    pub(crate) post: Option<Post>,
}

/// How far a candidate's ping has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It was not pinged: it is out, or its price stands.
    No,
    /// Its answer may still come.
    Waiting,
    /// Its answer came, or the bids closed without it.
    Done,
}

/// A post to a candidate.
#[derive(Clone, Debug)]
pub struct Post {
    /// What is sold, and for how much.
    pub pick: Pick,
    /// When the post is given up.
    pub give_up_at: Nanos,
    pub(crate) intent_us: u32,
    pub(crate) sent_us: u32,
    pub(crate) replied_us: u32,
    /// The record on which the next step waits: the intent, then the outcome.
    pub(crate) record: u64,
    pub(crate) stage: PostStage,
    pub(crate) digest: [u8; 16],
    pub(crate) redirect_url: Box<str>,
}

/// How far a post has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PostStage {
    /// Its intent is on the way to the disk.
    Intended,
    /// It was handed to the buyer's client.
    Sending,
    /// The buyer took the lead.
    Accepted,
    /// The buyer does not have it.
    Failed(Reason),
    /// Nobody knows.
    Unknown,
}

impl Post {
    /// Returns whether the post has no outcome yet.
    pub(crate) const fn is_out(&self) -> bool {
        matches!(self.stage, PostStage::Intended | PostStage::Sending)
    }

    /// Returns the outcome as it is written down, once there is one.
    pub const fn outcome(&self) -> Option<Outcome> {
        match self.stage {
            PostStage::Intended | PostStage::Sending => None,
            PostStage::Accepted => Some(Outcome::Accepted),
            PostStage::Failed(reason) => Some(Outcome::Failed(reason)),
            PostStage::Unknown => Some(Outcome::Unknown),
        }
    }
}
