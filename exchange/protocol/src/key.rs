//! Keys by which engine and shell name an auction in flight.

use exchange_types::ShardIndex;

/// A slot of one shard with the generation of its tenant, so that a late reply cannot reach the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotKey {
    /// The position in the shard's slab.
    pub slot: u32,
    /// Counts the tenants of the slot.
    pub generation: u32,
}

/// The position of a campaign among the candidates of one auction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CandidateIndex(pub u16);

impl CandidateIndex {
    /// Returns the index as a position in a slice.
    pub fn at(self) -> usize {
        usize::from(self.0)
    }
}

/// An offer of a two-step sale: an entry of a candidate's bid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OfferKey {
    /// Whose bid.
    pub candidate: CandidateIndex,
    /// The position of the entry in the bid.
    pub entry: u8,
}

impl OfferKey {
    /// Returns the number from which the offer's id is derived.
    pub fn number(self) -> u64 {
        (u64::from(self.candidate.0) << 8) | u64::from(self.entry)
    }
}

/// Somebody who waits for a [`crate::Reply`]: a request that some shard, or the control plane, took in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Waiter {
    /// The mesh place that took the request in.
    pub place: ShardIndex,
    /// The number under which that place knows it.
    pub token: u64,
}
