//! [`Effect`]: what a shard wants done.

use crate::{CandidateIndex, SlotKey};

/// What a shard wants done. It names slots and positions; whoever carries it out reads the rest from the
/// auction itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send a ping.
    SendPing(SlotKey, CandidateIndex),
    /// Take room in every counter of a candidate and say what came of it by `Input::Reserved`, at once.
    Reserve(SlotKey, CandidateIndex),
    /// Give back what a candidate has reserved.
    Release(SlotKey, CandidateIndex),
    /// An intent was written: what counts posts is posted now.
    CountSent(SlotKey, CandidateIndex),
    /// Nothing of a post left: what counts posts is given back too.
    ReleaseUnsent(SlotKey, CandidateIndex),
    /// A sale was made: charge what the sale says and give back the rest.
    Commit(SlotKey, CandidateIndex),
    /// A post came to its end, by its reply or because it was given up: the campaign's health is noted.
    PostEnded(SlotKey, CandidateIndex),
    /// Records were written into the shard's batch, up to this number.
    Append(u64),
    /// Send a post; its intent is on disk.
    SendPost(SlotKey, CandidateIndex),
    /// Answer all who wait for the auction.
    Answer(SlotKey),
    /// The auction is over and its last record is written; its slot is free after this.
    Ended(SlotKey),
}

const _: () = assert!(size_of::<Effect>() <= 32, "invariant: an effect is small enough to be copied freely");
