//! The control listener: health, the story of an auction, the catalog, and keys.
//!
//! It is for operators, on an address of its own, and never on the way of a lead: what it asks of the exchange
//! goes through [`Backend`], which the server implements. [`router`] holds every path, [`serve`] the sockets.

mod account_body;
mod auctions;
mod backend;
mod catalog;
mod health;
mod keys;
pub mod limits;
mod listener;
mod operator;
mod principal;
mod problem_response;
mod request_body;
mod router;

pub use backend::{Applied, ApplyError, Backend, CatalogSummary, KeysError, Readiness, Unavailable};
pub use listener::serve;
pub use principal::{Principal, Role};
pub use router::router;
