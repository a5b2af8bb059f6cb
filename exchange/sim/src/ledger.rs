//! [`Ledger`]: the world's own account of every ping and post, beside the node's.

use std::collections::BTreeMap;

use exchange_protocol::{CandidateIndex, Outcome};
use exchange_types::{Amount, BidEntries, Nanos, Now, ShardIndex, UtcMicros, Uuid7};

use crate::queue::Truth;

/// What the world knows of the auctions.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) auctions: BTreeMap<Uuid7, AuctionLog>,
    pub(crate) posts: BTreeMap<(Uuid7, CandidateIndex), PostLog>,
    /// The unknown outcomes of each campaign: all of them, and the latest in a row.
    pub(crate) unknown: BTreeMap<String, Unknown>,
    /// Sellers for whose pings holds were refused as too many in the present step, and no offer was made.
    pub(crate) throttled: Vec<String>,
    /// Counts every change by which the counters change.
    pub(crate) changes: u64,
}

/// Posts of a campaign of which nobody knows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unknown {
    pub(crate) open: u64,
    pub(crate) in_a_row: u64,
}

/// An auction, as the world met it.
#[derive(Debug)]
pub(crate) struct AuctionLog {
    pub(crate) admitted: Now,
    pub(crate) catalog: u64,
    /// What was pinged, by name of the campaign.
    pub(crate) pinged: BTreeMap<CandidateIndex, String>,
    /// What came of each ping first, where it came before the close; no entries where that was no bid.
    pub(crate) bids: BTreeMap<CandidateIndex, BidEntries>,
    /// The same as the node was told; another thing only where a fault is planted.
    pub(crate) told: BTreeMap<CandidateIndex, BidEntries>,
}

/// A post, from its intent on.
#[derive(Debug)]
pub(crate) struct PostLog {
    pub(crate) place: ShardIndex,
    /// The number of its intent.
    pub(crate) intent: u64,
    pub(crate) at: UtcMicros,
    pub(crate) campaign: String,
    pub(crate) buyer: String,
    pub(crate) price: Amount,
    /// What was reserved.
    pub(crate) reserved: Amount,
    pub(crate) sent: u32,
    pub(crate) sent_at: Nanos,
    pub(crate) truth: Option<Truth>,
    /// The lower price of the reply, if it named one.
    pub(crate) lower: Option<Amount>,
    pub(crate) outcome: Option<OutcomeLog>,
}

/// What the record says came of a post.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutcomeLog {
    pub(crate) outcome: Outcome,
    pub(crate) price: Amount,
    /// The number of the record.
    pub(crate) record: u64,
}

impl PostLog {
    /// Returns whether the buyer has the lead or may have it, by the record or in truth.
    pub(crate) fn holds_lead(&self) -> bool {
        let by_record = !matches!(self.outcome, Some(OutcomeLog { outcome: Outcome::Failed(_), .. }));
        by_record || self.truth == Some(Truth::Took)
    }

    /// Returns whether nobody knows yet, or ever, what came of it.
    pub(crate) fn is_open(&self) -> bool {
        self.outcome.is_none_or(|found| found.outcome == Outcome::Unknown)
    }
}
