//! One shard of the exchange without I/O: inputs go in, effects come out.
//!
//! The engine reads no clock, draws no random number, opens no socket, starts no thread and logs nothing. So
//! the same engine runs under real sockets, in the simulator, in a benchmark and in the replay of a recorded
//! auction. See [`Engine`] for the order of calls.

mod auction;
mod candidate;
mod engine;
mod outbox;
mod slab;
mod timers;

pub use auction::{Auction, Restored};
pub use candidate::{Candidate, Post};
pub use engine::{Content, Engine};
pub use exchange_auction::{Contender, Pick, Rules, Standing, least_bid};
