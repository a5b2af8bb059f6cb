//! The control listener over real sockets, with an exchange behind it that is made up.
#![expect(
    clippy::indexing_slicing,
    reason = "a key that is missing in JSON reads as null, and the test fails"
)]

mod access;
mod account;
mod catalog;
mod client;
mod made_up;
mod shutdown;
