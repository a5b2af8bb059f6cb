//! A seeded world around the node: virtual clock, network, disk, buyers and sellers.
//!
//! [`run`] takes a seed from its first request to its rest. The node is the real one; the world answers its
//! pings and posts, delays its disk, repeats its sellers' requests and changes its catalog, all as the seed has
//! it. After every step it checks what the exchange promises ([`Promise`]), and at the end it works out anew
//! who should have bought. The same seed writes the same trace.

mod best_bid;
mod catalog;
mod clock;
mod disk;
mod draws;
mod fault;
mod intake;
mod invariants;
mod ledger;
mod network;
mod oracle;
mod queue;
mod resolver;
mod restart;
mod run;
mod seller;
mod step;
mod storage;
mod store;
mod survivors;
mod trace;
mod vault;
mod violation;
mod witness;
mod world;

pub use fault::Fault;
pub use run::{Options, Report, run};
pub use trace::Trace;
pub use violation::{Promise, Verdicts, Violation};
