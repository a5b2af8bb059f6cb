//! [`Tallies`]: what the shards have counted since the start, for whoever watches them.
//!
//! Each shard counts for itself, on cache lines of its own; who reads adds up. Nothing is decided by these numbers,
//! and a restart begins them anew.

use core::sync::atomic::{AtomicU64, Ordering};

use exchange_protocol::{AnswerStatus, SaleKind};
use exchange_types::{ShardIndex, UnsoldReason};

/// How an auction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Somebody bought.
    Sold,
    /// A post's outcome is unknown.
    Pending,
    /// The person was known.
    Duplicate,
    /// The lead's fields cannot be true.
    Invalid,
    /// Nobody bought.
    Unsold(UnsoldReason),
    /// The ping got no offer.
    NoOffer(UnsoldReason),
}

const REASONS: usize = UnsoldReason::ALL.len();
/// The four ends without a reason, and the two with one.
const ENDS: usize = 4 + 2 * REASONS;

impl Ended {
    /// Returns every end.
    pub fn all() -> impl Iterator<Item = Self> {
        let plain = [Self::Sold, Self::Pending, Self::Duplicate, Self::Invalid].into_iter();
        let reasons = || UnsoldReason::ALL.into_iter();
        plain.chain(reasons().map(Self::Unsold)).chain(reasons().map(Self::NoOffer))
    }

    /// Returns the end that an answer states; nothing while it states none.
    pub(crate) fn of(status: &AnswerStatus) -> Option<Self> {
        match *status {
            AnswerStatus::Sold => Some(Self::Sold),
            AnswerStatus::Pending(_) => Some(Self::Pending),
            AnswerStatus::Duplicate(..) => Some(Self::Duplicate),
            AnswerStatus::Invalid => Some(Self::Invalid),
            AnswerStatus::Unsold(reason) => Some(Self::Unsold(reason)),
            AnswerStatus::NoOffer(reason) => Some(Self::NoOffer(reason)),
            AnswerStatus::Running | AnswerStatus::Offers => None,
        }
    }

    /// Returns the status on the wire.
    pub const fn status(self) -> &'static str {
        match self {
            Self::Sold => "sold",
            Self::Pending => "pending",
            Self::Duplicate => "duplicate",
            Self::Invalid => "invalid",
            Self::Unsold(_) => "unsold",
            Self::NoOffer(_) => "no_offer",
        }
    }

    /// Returns the reason on the wire, empty where there is none.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Unsold(reason) | Self::NoOffer(reason) => reason.name(),
            Self::Sold | Self::Pending | Self::Duplicate | Self::Invalid => "",
        }
    }

    fn place(self) -> Option<usize> {
        Self::all().position(|end| end == self)
    }
}

/// What came of a post, where something did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Posted {
    Accepted,
    Failed,
    Unknown,
}

/// What one shard counts. A cache line is not shared with another shard.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct ShardTally {
    admitted: [AtomicU64; 2],
    ended: [[AtomicU64; ENDS]; 2],
    posts: [AtomicU64; 3],
    sales: AtomicU64,
    shed: AtomicU64,
    open: AtomicU64,
    unknown: AtomicU64,
}

impl ShardTally {
    /// Counts a lead or ping that was written down.
    pub(crate) fn admitted(&self, kind: SaleKind) {
        count(self.admitted.get(place_of(kind)));
    }

    /// Counts how an auction ended, where it did.
    pub(crate) fn ended(&self, kind: SaleKind, status: &AnswerStatus) {
        let place = Ended::of(status).and_then(Ended::place);
        count(self.ended.get(place_of(kind)).zip(place).and_then(|(ends, place)| ends.get(place)));
    }

    /// Counts what came of a post.
    pub(crate) fn posted(&self, posted: Posted) {
        let [accepted, failed, unknown] = &self.posts;
        count(Some(match posted {
            Posted::Accepted => accepted,
            Posted::Failed => failed,
            Posted::Unknown => unknown,
        }));
    }

    /// Counts a sale.
    pub(crate) fn sold(&self) {
        count(Some(&self.sales));
    }

    /// Counts a request that was turned away for want of room.
    pub(crate) fn shed(&self) {
        count(Some(&self.shed));
    }

    /// Notes how many auctions are in flight or hold offers.
    pub(crate) fn open(&self, auctions: usize) {
        self.open.store(u64::try_from(auctions).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Notes how many posts there are whose outcome nobody knows.
    pub(crate) fn unknown(&self, posts: usize) {
        self.unknown.store(u64::try_from(posts).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

fn count(counter: Option<&AtomicU64>) {
    if let Some(counter) = counter {
        // Relaxed: each is a number of its own, and its only writer is its shard.
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

const fn place_of(kind: SaleKind) -> usize {
    match kind {
        SaleKind::OneCall => 0,
        SaleKind::TwoStep => 1,
    }
}

/// What all shards have counted since the start, added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Leads and pings that were written down: of one call, of two steps.
    pub admitted: [u64; 2],
    /// Auctions that ended, by kind and end; ends that did not occur stand at zero.
    pub ended: Vec<(SaleKind, Ended, u64)>,
    /// Posts whose outcome was definite or given up: accepted, failed, unknown.
    pub posts: [u64; 3],
    /// Sales, those found out later among them.
    pub sales: u64,
    /// Requests that were turned away for want of room.
    pub shed: u64,
    /// Auctions that are in flight or hold offers now.
    pub open: u64,
    /// Posts whose outcome nobody knows now.
    pub unknown: u64,
}

/// What the shards count.
#[derive(Debug)]
pub(crate) struct Tallies {
    shards: Box<[ShardTally]>,
    /// Takes what a place that is no shard would count.
    elsewhere: ShardTally,
}

impl Tallies {
    pub(crate) fn new(shards: u16) -> Self {
        let shards = (0..shards.max(1)).map(|_| ShardTally::default()).collect();
        Self { shards, elsewhere: ShardTally::default() }
    }

    /// Returns the tally of a shard.
    pub(crate) fn of(&self, place: ShardIndex) -> &ShardTally {
        self.shards.get(place.at()).unwrap_or(&self.elsewhere)
    }

    /// Adds up what all have counted.
    pub(crate) fn sum(&self) -> Tally {
        let sum = |one: &dyn Fn(&ShardTally) -> Option<&AtomicU64>| {
            let each = self.shards.iter().filter_map(one).map(|counter| counter.load(Ordering::Relaxed));
            each.fold(0, u64::saturating_add)
        };
        let mut ended = Vec::new();
        for kind in [SaleKind::OneCall, SaleKind::TwoStep] {
            for (place, end) in Ended::all().enumerate() {
                let count = sum(&|shard| shard.ended.get(place_of(kind)).and_then(|ends| ends.get(place)));
                ended.push((kind, end, count));
            }
        }
        Tally {
            admitted: [0, 1].map(|place| sum(&|shard| shard.admitted.get(place))),
            ended,
            posts: [0, 1, 2].map(|place| sum(&|shard| shard.posts.get(place))),
            sales: sum(&|shard| Some(&shard.sales)),
            shed: sum(&|shard| Some(&shard.shed)),
            open: sum(&|shard| Some(&shard.open)),
            unknown: sum(&|shard| Some(&shard.unknown)),
        }
    }
}

#[cfg(test)]
mod tests {
    use exchange_types::{DuplicateScope, PendingReason};

    use super::*;

    #[test]
    fn every_end_is_counted_in_its_own_place() {
        let tallies = Tallies::new(2);
        let statuses = [
            AnswerStatus::Sold,
            AnswerStatus::Pending(PendingReason::PostUnknown),
            AnswerStatus::Duplicate(DuplicateScope::Exchange, None),
            AnswerStatus::Invalid,
        ];
        let reasons = UnsoldReason::ALL.into_iter();
        let unsold = reasons.clone().map(AnswerStatus::Unsold);
        let all: Vec<_> =
            statuses.into_iter().chain(unsold).chain(reasons.map(AnswerStatus::NoOffer)).collect();
        assert_eq!(all.len(), ENDS);
        for shard in [0, 1] {
            for status in &all {
                tallies.of(ShardIndex(shard)).ended(SaleKind::OneCall, status);
            }
        }
        tallies.of(ShardIndex(0)).ended(SaleKind::TwoStep, &AnswerStatus::Offers);
        for (kind, end, count) in tallies.sum().ended {
            assert_eq!(count, if kind == SaleKind::OneCall { 2 } else { 0 }, "{end:?}");
        }
    }

    #[test]
    fn what_shards_count_is_added_up() {
        let tallies = Tallies::new(2);
        for shard in [0, 1] {
            let tally = tallies.of(ShardIndex(shard));
            tally.admitted(SaleKind::TwoStep);
            tally.posted(Posted::Unknown);
            tally.sold();
            tally.shed();
            tally.open(3);
            tally.open(4);
            tally.unknown(5);
        }
        let sum = tallies.sum();
        assert_eq!((sum.admitted, sum.posts), ([0, 2], [0, 0, 2]));
        assert_eq!((sum.sales, sum.shed, sum.open, sum.unknown), (2, 2, 8, 10));
    }
}
