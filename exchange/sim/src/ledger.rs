//! [`Ledger`]: the world's own account of every ping and post, beside the node's.

use std::collections::{BTreeMap, BTreeSet};

use exchange_protocol::{CandidateIndex, Outcome};
use exchange_types::{Amount, BidEntries, Nanos, Now, PostOutcome, UtcMicros, Uuid7};

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
    /// Each hold of offers, by its record.
    pub(crate) held: BTreeMap<(Uuid7, CandidateIndex), HoldLog>,
    /// Offers that a start found without their campaign: they hold nothing, and a post asks for room anew.
    pub(crate) unheld: BTreeSet<(Uuid7, CandidateIndex)>,
    /// Counts every change by which the counters change.
    pub(crate) changes: u64,
}

/// A hold of offers.
#[derive(Debug)]
pub(crate) struct HoldLog {
    pub(crate) campaign: String,
    /// As of when it counts.
    pub(crate) at: UtcMicros,
}

/// Posts of a campaign of which nobody knows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unknown {
    pub(crate) open: u64,
    pub(crate) in_a_row: u64,
    /// Whether the row is what stops the campaign.
    pub(crate) stopped: bool,
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
    /// Where the intent stands among the records.
    pub(crate) intent: usize,
    /// As of when it counts, by its intent.
    pub(crate) at: UtcMicros,
    pub(crate) campaign: String,
    pub(crate) buyer: String,
    /// The catalog of the auction.
    pub(crate) catalog: u64,
    pub(crate) price: Amount,
    /// What was reserved.
    pub(crate) reserved: Amount,
    pub(crate) sent: u32,
    pub(crate) sent_at: Nanos,
    pub(crate) truth: Option<Truth>,
    /// What the buyer says when it is asked again; drawn then where the post never reached it.
    pub(crate) again: Option<PostOutcome>,
    /// How often it was asked.
    pub(crate) asked: u32,
    /// The lower price of the reply, if it named one.
    pub(crate) lower: Option<Amount>,
    pub(crate) outcome: Option<OutcomeLog>,
    pub(crate) resolution: Option<ResolutionLog>,
}

/// What the record says came of a post.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutcomeLog {
    pub(crate) outcome: Outcome,
    pub(crate) price: Amount,
    /// Where the record stands.
    pub(crate) record: usize,
}

/// What the record says a post of which nobody knew turned out to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResolutionLog {
    pub(crate) found: OutcomeLog,
    /// Whether a rule of the catalog says so, and nobody who knows.
    pub(crate) by_rule: bool,
    /// Whether the shard was told that the record is on disk.
    pub(crate) settled: bool,
}

impl PostLog {
    /// Returns what came of it by the records: the resolution, else the outcome.
    pub(crate) fn came_to(&self) -> Option<OutcomeLog> {
        self.resolution.map(|resolution| resolution.found).or(self.outcome)
    }

    /// Returns the same as far as the counters know.
    pub(crate) fn counts_as(&self) -> Option<OutcomeLog> {
        self.resolution.filter(|found| found.settled).map(|found| found.found).or(self.outcome)
    }

    /// Returns whether the buyer has the lead or may have it, by the record or in truth.
    pub(crate) fn holds_lead(&self) -> bool {
        let by_record = !matches!(self.came_to(), Some(OutcomeLog { outcome: Outcome::Failed(_), .. }));
        // Whoever lets a rule decide bears that it may be wrong.
        let assumed = self.resolution.is_some_and(|found| found.by_rule);
        by_record || (self.truth == Some(Truth::Took) && !assumed)
    }

    /// Returns whether nobody knows what came of it, as far as the counters know.
    pub(crate) fn is_open(&self) -> bool {
        self.counts_as().is_none_or(|found| found.outcome == Outcome::Unknown)
    }

    /// Returns whether its record says that nobody knows, and nothing was found out since.
    pub(crate) fn is_unknown(&self) -> bool {
        self.resolution.is_none() && self.outcome.is_some_and(|found| found.outcome == Outcome::Unknown)
    }
}
