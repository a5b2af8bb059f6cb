//! The mirror against a real Redis, of which each test starts one of its own.
//!
//! What stands in Redis is read with `redis-cli`, which shares no code with the mirror.

mod counting;
mod mirroring;
mod redis_server;
mod tls;
mod troubles;
