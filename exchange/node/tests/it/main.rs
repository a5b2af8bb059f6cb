//! Tests of a whole node in a world of their own.
#![expect(
    clippy::indexing_slicing,
    reason = "a test may fail by panicking, and so may what it is driven with"
)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "these tests read a few kinds of records and pass the others"
)]

mod answered;
mod buyer_persons;
mod intake;
mod market;
mod node;
mod past;
mod recount;
mod resolving;
mod restart;
mod stops;
mod world;
