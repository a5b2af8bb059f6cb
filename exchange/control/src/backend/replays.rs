//! [`Replays`]: a recorded auction through today's rules once more.

use core::future::Future;

use exchange_protocol::Account;
use exchange_types::{Amount, AuctionId};

/// A recorded auction through today's rules once more.
pub trait Replays: Send + Sync + 'static {
    /// Runs the recorded inputs of an auction through the rules again, with changes.
    ///
    /// # Errors
    ///
    /// Says why there is nothing to compare.
    ///
    /// # Cancel safety
    ///
    /// It has to be cancel-safe: it is dropped when the operator hangs up or a limit passes.
    fn replay(
        &self,
        id: AuctionId,
        changes: ReplayChanges,
    ) -> impl Future<Output = Result<Box<Replayed>, ReplayError>> + Send;
}

/// What is to be different in a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayChanges {
    /// Another floor of the seller.
    pub floor: Option<Amount>,
    /// Campaigns of the auction that bid something else.
    pub bids: Vec<ReplayBid>,
    /// Campaigns that are left out.
    pub without: Vec<Box<str>>,
    /// Campaigns that take part although they did not.
    pub with: Vec<ReplayBid>,
}

/// What a campaign bids in a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayBid {
    /// The campaign.
    pub campaign: Box<str>,
    /// Its bid.
    pub bid: Amount,
}

/// A replay beside what is on record.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// What is on record.
    pub recorded: Account,
    /// What the rules make of the same inputs.
    pub replayed: Account,
}

/// Why an auction is not replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// There is no such auction.
    #[error("no such auction")]
    NotFound,
    /// It is still on its way.
    #[error("the auction is not over yet")]
    Running,
    /// What it needs is no longer held: the lead was erased, or its records are archived.
    #[error("what a replay needs is no longer held")]
    Gone,
    /// A campaign that is changed is not what the change takes: not of this auction, or already in it.
    #[error("the campaign cannot be changed so")]
    Campaign {
        /// Where it stands in the changes: `bids.0.campaign`.
        field: String,
    },
    /// The shard or the store does not answer.
    #[error("the exchange does not answer")]
    Unavailable,
}
