//! [`Candidate`]: a campaign that was left after the static filters, with its ping and its post.

use exchange_auction::Pick;
use exchange_protocol::{Asked, NoRoom, Outcome, Taken};
use exchange_types::{Amount, BuyerIndex, CampaignIndex, Nanos, Reason};

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
    /// Whether the answer to its ping may still come.
    pub(crate) waiting: bool,
    /// Why it had no bid that counted when the bids closed.
    pub(crate) out: Option<Reason>,
    /// How often its counters were asked for room.
    pub(crate) asks: u8,
    pub(crate) no_room: Option<NoRoom>,
    pub(crate) replied_us: u32,
    /// Whether its counters hold something for it.
    pub(crate) held: bool,
    /// What they have taken for it, as long as they hold it.
    pub taken: Taken,
    pub(crate) post: Option<Post>,
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
    /// What the seller was to earn when the intent was written.
    pub(crate) agreed: Amount,
    /// The price that the reply named, where it is another one than was posted.
    pub(crate) stated: Option<Amount>,
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

impl Candidate {
    /// Notes what the counters said to one more question for room.
    pub(crate) fn note_room(&mut self, room: Result<Taken, Reason>) {
        self.asks = self.asks.saturating_add(1);
        self.held = room.is_ok();
        match room {
            Ok(taken) => self.taken = taken,
            Err(reason) => self.no_room = Some(NoRoom { time: self.asks, reason }),
        }
    }
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
