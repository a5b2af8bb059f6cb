//! Buyers over real sockets.

mod buyer_client;
mod configs;
mod faults;
mod later;
mod messages;
mod process;
mod secure;
mod witness;
