//! Redis, where others read the counters.
//!
//! [`keep_mirroring`] writes what the counters of caps and budgets say into Redis, for dashboards and other outside
//! readers. `docs/redis.md` in the repository documents the keys. Nothing is ever read back for a decision, and no
//! shard waits for Redis: it may be away, slow, emptied or read-only, and selling goes on as before.
//! [`Progress`] tells how far the mirror is.

mod address;
mod failure;
mod layout;
mod link;
mod mirror;
mod progress;
mod sweep;

pub use address::{Address, AddressError};
pub use failure::Failure;
pub use link::{Password, Trust, TrustError};
pub use mirror::{MirrorConfig, keep_mirroring};
pub use progress::{Progress, Standing};
