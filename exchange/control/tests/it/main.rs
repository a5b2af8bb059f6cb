//! The control listener over real sockets, with an exchange behind it that is made up.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod access;
mod account;
mod catalog;
mod client;
mod made_up;
mod shutdown;
