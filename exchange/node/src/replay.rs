//! [`replay`]: a recorded auction once more, from its record alone.
//!
//! A fresh engine is driven through the recorded inputs (verdicts, bids with their times, counters' refusals,
//! the seller's posts, replies to posts) on a clock that turns by itself. What comes out is compared with the
//! record, so a change of the rules shows; and with a [`Change`] it says what would have been. Nothing outside
//! is asked: no counter, no clock, no network. The cost is that of the auction itself.

mod differences;
mod inputs;
mod run;

use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_protocol::{AnswerOffer, AnswerStatus, Outcome, Story};
use exchange_types::{Amount, BidEntries, CampaignIndex, Reason, Submission, VerticalIndex};

use crate::TieKeys;
use inputs::Inputs;
use run::Run;

/// A recorded auction with what its record refers to.
#[derive(Clone, Debug)]
pub struct Recorded<'a> {
    /// Its account.
    pub story: &'a Story,
    /// Its lead as it was posted in the end; none where it is erased.
    pub submission: Option<&'a Submission>,
    /// The catalog of its version.
    pub snapshot: Arc<Snapshot>,
    /// What breaks its ties.
    pub ties: TieKeys,
}

/// What is to be otherwise than it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a handful of them, made for one question of an operator")]
pub enum Change {
    /// The seller asks for another least payout, or for none.
    Floor(Option<Amount>),
    /// A campaign bids otherwise; one that was not in the auction, or had no bid in it, joins it in time and
    /// with room in its counters.
    Bids(CampaignIndex, BidEntries),
    /// A campaign is not in the auction.
    LeftOut(CampaignIndex),
}

/// What a replay came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The account of the replayed auction. Where campaigns were left out or joined, its candidates stand at
    /// other places than in the record.
    pub story: Story,
    /// In what it differs from the record.
    pub differences: Vec<Difference>,
    /// What the record does not say and was taken for granted.
    pub assumptions: Vec<Assumption>,
}

/// A point in which a replay differs from its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// How the auction ended.
    Status {
        /// In the record.
        recorded: AnswerStatus,
        /// In the replay.
        replayed: AnswerStatus,
    },
    /// What the seller earns in all.
    Payout {
        /// In the record.
        recorded: Amount,
        /// In the replay.
        replayed: Amount,
    },
    /// Why a campaign did not win, or the least bid with which it would have; none where it is not there.
    Campaign {
        /// Which.
        campaign: CampaignIndex,
        /// In the record.
        recorded: Option<Standing>,
        /// In the replay.
        replayed: Option<Standing>,
    },
    /// A post; none where there is no post to the campaign.
    Post {
        /// To which campaign.
        campaign: CampaignIndex,
        /// In the record.
        recorded: Option<PostFacts>,
        /// In the replay.
        replayed: Option<PostFacts>,
    },
    /// The same posts in another order.
    PostOrder {
        /// In the record.
        recorded: Vec<CampaignIndex>,
        /// In the replay.
        replayed: Vec<CampaignIndex>,
    },
    /// An offer; none where the entry was not offered.
    Offer {
        /// Whose.
        campaign: CampaignIndex,
        /// Which entry of its bid.
        entry: u8,
        /// In the record.
        recorded: Option<AnswerOffer>,
        /// In the replay.
        replayed: Option<AnswerOffer>,
    },
}

/// How a campaign came out of an auction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Why it did not win; nothing where it bought.
    pub reason: Option<Reason>,
    /// The least bid with which it would have won, where price decided.
    pub minimum_to_win: Option<Amount>,
}

/// What was posted, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostFacts {
    /// Which entry of the bid was taken.
    pub entry: u8,
    /// What the buyer pays, or would pay.
    pub price: Amount,
    /// What the seller earns.
    pub payout: Amount,
    /// Whether nobody else may get the lead.
    pub exclusive: bool,
    /// What came of it.
    pub outcome: Option<Outcome>,
}

/// Something that the record does not say and that was taken for granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assumption {
    /// The lead is erased: filters on fields that the post added, its source, the companies that its consent
    /// names, and its proofs are not known.
    LeadErased,
    /// This campaign was never posted to, or nothing is known of what came of it: it is taken to accept.
    Accepts(CampaignIndex),
    /// None of the offers that the seller named was made: it is taken to post to all.
    PostsToAll,
}

/// Why an auction cannot be replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// There was no auction: the person was known already.
    #[error("nothing was auctioned: the person was a duplicate")]
    NoAuction,
    /// The process stopped before the auction ended, and bids are forgotten.
    #[error("the record is incomplete: the process stopped before the auction ended")]
    Interrupted,
    /// The catalog is another one than that of the record.
    #[error("the record needs catalog version {recorded}, not {given}")]
    Catalog {
        /// The version of the record.
        recorded: u64,
        /// The version that was handed in.
        given: u64,
    },
    /// The catalog does not hold what the record or a change names.
    #[error("campaign {} is none of the auction's vertical {}", .campaign.0, .vertical.0)]
    UnknownCampaign {
        /// The campaign.
        campaign: CampaignIndex,
        /// The auction's vertical.
        vertical: VerticalIndex,
    },
    /// The replay does not come to an end within the steps that any auction needs.
    #[error("the replay does not end")]
    Endless,
}

/// Plays a recorded auction once more, with changes or without.
///
/// # Errors
///
/// Says why the record is not enough, or which change cannot be.
pub fn replay(recorded: &Recorded<'_>, changes: &[Change]) -> Result<Replayed, ReplayError> {
    let inputs = Inputs::of(recorded, changes)?;
    let mut run = Run::new(recorded, &inputs);
    let mut story = run.play()?;
    inputs.resolve(&mut story);
    let differences = differences::between(recorded.story, &story);
    let mut assumptions = run.assumptions;
    if recorded.submission.is_none() {
        assumptions.insert(0, Assumption::LeadErased);
    }
    Ok(Replayed { story, differences, assumptions })
}

#[cfg(test)]
mod tests;
