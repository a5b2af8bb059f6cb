//! The binary `exchange`: sockets, threads, files and the command line.
//!
//! It moves bytes and time between the world and the node; every decision about a lead is made below.

pub mod cli;
pub mod clock;
pub mod config;
pub mod control_backend;
pub mod data_dir;
pub mod entropy;
mod file_handles;
mod hex;
pub mod journal_handle;
pub mod keys;
pub mod lifecycle;
pub mod memory_journal;
pub mod peers;
pub mod secret_source;
pub mod serve;
mod shard;
pub mod wall_clock;
