//! The control listener over real sockets, with an exchange behind it that is made up.
#![expect(
    clippy::indexing_slicing,
    reason = "a key that is missing in JSON reads as null, and the test fails"
)]

mod access;
mod account;
mod books;
mod catalog;
mod client;
mod lists;
mod made_up;
mod metrics;
mod persons;
mod replays;
mod roles;
mod sales;
mod shutdown;
mod stops;
mod suppressions;
mod unknowns;
