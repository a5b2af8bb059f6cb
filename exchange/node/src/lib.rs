//! All shards of a process, without I/O.
//!
//! Between the engine and the sockets stands the node: it admits leads, joins repeats, reserves room, passes
//! messages between shards and keeps finished auctions. It reaches the world through [`Net`], [`Disk`] and
//! [`Seed`], and is told the time with every call; `server` implements these with tokio and threads, `sim`
//! with a seeded world. Every decision about a lead is made here or below, none above.

mod alert;
mod allowance;
mod arrival;
mod bars;
mod bid_end;
mod claims;
mod config;
mod eligibility;
mod fingerprints;
mod gate;
mod had;
mod health;
mod history;
mod id_map;
mod lead_intake;
mod mesh;
mod meter;
mod near;
mod past;
mod persons;
mod pings;
mod recovery;
pub mod replay;
mod requests;
mod reservations;
mod resolving;
mod restored_counts;
mod restoring;
mod sealing;
mod seen_filter;
mod seller_post;
mod shard;
mod shared;
mod stops;
mod suppressions;
mod tallies;
mod tenants;
mod test_mode;
mod tie_keys;
mod unknown_post;
mod unknown_posts;
mod unknowns;
mod world;

pub use alert::Alert;
pub use arrival::{Arrival, ClaimKey, KeyQuota, PostArrival, Requester};
pub use bid_end::{BidEnd, BidFate, ResolvedPost};
pub use config::NodeConfig;
pub use gate::{Gate, GateLimits};
pub use mesh::{Mesh, Message, ResolveRequest};
pub use meter::{DayCount, Meter};
pub use recovery::{CheckpointError, Recovery, RecoveryLimits};
pub use shard::Shard;
pub use shared::{Admission, Current, Shared};
pub use stops::{Stops, can_stop};
pub use tallies::{Ended, Tally};
pub use tie_keys::TieKeys;
pub use unknowns::{
    Action, Evidence, Late, Open, ResolveError, ResolverReply, Unknown, UnknownKey, Unknowns, Verdict,
};
pub use world::{
    Disk, Net, Past, Question, Remembered, RememberedClaim, RememberedHad, RememberedPerson, RememberedSale,
    Seed, Vault, World,
};
