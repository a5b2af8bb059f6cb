//! What the benches share: the catalog, the lead and the bid of `cargo xtask versus`, without sockets.
//!
//! Criterion shows trends on one machine. What counts against the peers is `cargo xtask versus`; see
//! `docs/benchmarks.md`.

mod market;

pub use market::{BID, LEAD, NOW, PINGED, bid, snapshot};
