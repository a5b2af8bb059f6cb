//! [`Rules`]: what holds for every campaign of one auction.

use exchange_catalog::snapshot::{RankBy, Rule};
use exchange_types::{Amount, Currency, HashKey};

/// What holds for every campaign of one auction: the vertical's rule and what the lead brought along.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The currency of every amount; its minor unit is what prices and payouts are rounded to.
    pub currency: Currency,
    /// How a price follows from the bids.
    pub rule: Rule,
    /// What a score is made of.
    pub rank_by: RankBy,
    /// The most companies that may get the lead: the lead's number within the vertical's.
    pub max_buyers: u16,
    /// Companies that got the lead elsewhere; they count in the size of every set.
    pub prior_sales: u16,
    /// The vertical's least bid.
    pub reserve: Option<Amount>,
    /// The seller's least payout.
    pub floor: Option<Amount>,
    /// Whether an offer that follows a rejection may be raised out of the margin.
    pub cascade_into_margin: bool,
    /// The vertical's key for breaking ties.
    pub rotation: HashKey,
    /// The auction's id as a number.
    pub auction: u128,
    /// What the seller's post said, where the lead was pinged first.
    pub two_step: Option<TwoStep>,
}

/// What the seller's post said about the offers of its ping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TwoStep {
    /// Whether the seller named offers; without, all live ones are allowed.
    pub named: bool,
    /// Whether live offers that were not named may follow when none of the named is left.
    pub fallback: bool,
}
