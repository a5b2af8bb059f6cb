//! [`Violation`]: a promise that was broken.

use core::fmt;
use std::collections::BTreeMap;

/// What the simulation holds the node to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// No post leaves before its intent is on disk.
    IntentFirst,
    /// No more buyers have, or may have, a person than the lead allows.
    Exclusivity,
    /// A buyer is charged at most once for a lead.
    OneCharge,
    /// What is posted and pending stays within every cap, and is what the records say.
    Cap,
    /// `sold` is answered only of what is on disk.
    DurableYes,
    /// Every request is answered in time.
    Deadline,
    /// Every request is answered once.
    OneAnswer,
    /// A repeat gets the answer of the first.
    StableAnswer,
    /// Who is posted to follows from the bids.
    BestBid,
    /// Every campaign that did not buy has a reason, and the record says what the seller was told.
    Account,
    /// Only campaigns that the auction's catalog pings are pinged, and none with too many unknown posts.
    Eligible,
    /// A seller's holds are bounded, and only live ones count.
    Holds,
    /// A seller sees its own sales only.
    Isolation,
    /// What was on disk is there after a restart, and nothing else is.
    NothingLost,
    /// A restart knows every open post, ping and person again.
    Recovery,
    /// A post of which nobody knew is resolved once, and as its buyer says.
    OneResolution,
    /// When all is over nothing is left open.
    Rest,
    /// The node does not panic.
    NoPanic,
}

impl Promise {
    /// Every promise that is checked in each run.
    pub const CHECKED: [Self; 17] = [
        Self::IntentFirst,
        Self::Exclusivity,
        Self::OneCharge,
        Self::Cap,
        Self::DurableYes,
        Self::Deadline,
        Self::OneAnswer,
        Self::StableAnswer,
        Self::BestBid,
        Self::Account,
        Self::Eligible,
        Self::Holds,
        Self::Isolation,
        Self::NothingLost,
        Self::Recovery,
        Self::OneResolution,
        Self::Rest,
    ];
}

/// A promise that was broken.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which.
    pub promise: Promise,
    /// How.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.promise, self.detail)
    }
}

/// How often each promise was checked, and the first that was broken.
#[derive(Debug, Default)]
pub struct Verdicts {
    counts: BTreeMap<Promise, u64>,
    broken: Option<Violation>,
}

impl Verdicts {
    /// Notes a check and, where it fails first, how.
    pub(crate) fn check(&mut self, promise: Promise, holds: bool, detail: impl FnOnce() -> String) {
        let count = self.counts.entry(promise).or_insert(0);
        *count = count.saturating_add(1);
        if !holds && self.broken.is_none() {
            self.broken = Some(Violation { promise, detail: detail() });
        }
    }

    /// Returns how often a promise was checked.
    pub fn count(&self, promise: Promise) -> u64 {
        self.counts.get(&promise).copied().unwrap_or(0)
    }

    /// Returns the first promise that was broken.
    pub fn broken(&self) -> Option<&Violation> {
        self.broken.as_ref()
    }
}
