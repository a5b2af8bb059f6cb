//! [`Contender`]: a campaign in one auction, with what it bid and how it stands.

use exchange_catalog::snapshot::Terms;
use exchange_types::{Amount, BidEntries, BidEntry, BuyerIndex, CampaignIndex, Rate, Reason, limits};

/// A campaign in one auction.
#[derive(Clone, Debug)]
pub struct Contender {
    /// The campaign.
    pub campaign: CampaignIndex,
    /// Its company, which buys a lead once at most.
    pub buyer: BuyerIndex,
    /// A number that stands for the campaign in every snapshot, such as a hash of its name. It breaks ties.
    pub rotation_id: u64,
    /// Its tier; one is the highest.
    pub tier: u8,
    /// Its share among equal scores.
    pub weight: u32,
    /// What is taken off its positive scores.
    pub penalty: Rate,
    /// The campaign's own least bid.
    pub reserve: Option<Amount>,
    /// What the seller is paid for a sale to this buyer.
    pub terms: Terms,
    /// What it bid.
    pub entries: BidEntries,
    /// How it stands.
    pub standing: Standing,
    /// What the seller was promised for each entry, at the entry's position; all absent unless the lead was
    /// pinged first.
    pub offers: [Option<Offer>; limits::BID_ENTRIES_MAX],
}

/// What the seller was promised for a bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What the buyer pays.
    pub price: Amount,
    /// What the seller earns.
    pub payout: Amount,
    /// Whether the seller's post named this offer.
    pub named: bool,
}

/// How a campaign stands in an auction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Out before it was posted to: filtered, without a bid, without room, expired.
    Out(Reason),
    /// Its bid may still be chosen.
    Running,
    /// It is being posted to.
    Posted(Pick),
    /// Its post failed for certain.
    Failed {
        /// Why, as the record names it.
        reason: Reason,
        /// The round in which it was posted to.
        round: u16,
    },
    /// Nobody knows whether it took the lead.
    Unknown(Pick),
    /// It took the lead.
    Accepted(Pick),
    /// It took the lead, and its payout was stated to the seller and stands.
    Settled(Pick),
}

/// An entry that was chosen: whom to post to, or to offer, on what terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick {
    /// The contender, by its position.
    pub contender: u16,
    /// The bid entry, by its position.
    pub entry: u8,
    /// The round of posts, counted from one.
    pub round: u16,
    /// The bid: what is to be reserved.
    pub bid: Amount,
    /// What the buyer pays.
    pub price: Amount,
    /// What the seller earns. Under a payout per lead this is the whole amount until [`settle`](crate::settle).
    pub payout: Amount,
    /// What the exchange keeps.
    pub margin: Amount,
    /// Whether nobody else may get the lead.
    pub exclusive: bool,
}

impl Standing {
    /// Returns the terms of the post, where one is in flight, accepted or unknown.
    pub const fn kept(&self) -> Option<&Pick> {
        match self {
            Self::Posted(pick) | Self::Unknown(pick) | Self::Accepted(pick) | Self::Settled(pick) => {
                Some(pick)
            }
            Self::Out(_) | Self::Running | Self::Failed { .. } => None,
        }
    }

    /// Returns the terms of the sale, where there is one.
    pub const fn sale(&self) -> Option<&Pick> {
        match self {
            Self::Accepted(pick) | Self::Settled(pick) => Some(pick),
            Self::Out(_) | Self::Running | Self::Failed { .. } | Self::Posted(_) | Self::Unknown(_) => None,
        }
    }

    /// Returns the round in which it was posted to; zero where it was not.
    pub const fn round(&self) -> u16 {
        match self {
            Self::Posted(pick) | Self::Unknown(pick) | Self::Accepted(pick) | Self::Settled(pick) => {
                pick.round
            }
            Self::Failed { round, .. } => *round,
            Self::Out(_) | Self::Running => 0,
        }
    }
}

impl Contender {
    /// Notes a definite failure of the post that is in flight or unknown.
    pub const fn fail(&mut self, reason: Reason) {
        self.standing = Standing::Failed { reason, round: self.standing.round() };
    }

    pub(crate) fn entry(&self, position: u8) -> Option<&BidEntry> {
        self.entries.as_slice().get(usize::from(position))
    }

    pub(crate) fn offer(&self, position: u8) -> Option<&Offer> {
        self.offers.get(usize::from(position)).and_then(Option::as_ref)
    }
}
