//! All shards of a process, without I/O.
//!
//! Between the engine and the sockets stands the node: it admits leads, joins repeats, reserves room, passes
//! messages between shards and keeps finished auctions. It reaches the world through [`Net`], [`Disk`] and
//! [`Seed`], and is told the time with every call; `server` implements these with tokio and threads, `sim`
//! with a seeded world. Every decision about a lead is made here or below, none above.

mod arrival;
mod claims;
mod config;
mod eligibility;
mod fingerprints;
mod health;
mod history;
mod id_map;
mod lead_intake;
mod mesh;
mod pings;
mod requests;
mod reservations;
mod seller_post;
mod shard;
mod shared;
mod tenants;
mod world;

pub use arrival::{Arrival, ClaimKey, PostArrival, Requester};
pub use config::NodeConfig;
pub use mesh::{Mesh, Message};
pub use shard::Shard;
pub use shared::{Current, Shared};
pub use world::{Disk, Net, Seed, World};
