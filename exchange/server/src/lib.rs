//! The binary `exchange`: sockets, threads, files and the command line.
//!
//! It moves bytes and time between the world and the node; every decision about a lead is made below.

mod catalog_compiler;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control_backend;
mod core_dumps;
pub mod data_dir;
mod desk;
mod disposable_file;
pub mod entropy;
mod file_handles;
mod following;
mod held;
mod hex;
mod journal_files;
pub mod journal_handle;
mod journal_keeping;
mod journal_watch;
pub mod keys;
pub mod lifecycle;
pub mod listener_certificates;
mod listening;
mod logging;
mod mirroring;
mod old_catalogs;
mod outbox;
mod past;
pub mod peers;
mod projected_batch;
mod projection;
mod recovery;
mod reloading;
mod renewal;
pub mod secret_source;
pub mod serve;
mod settlement;
mod shard;
mod signed_headers;
mod startup;
mod vault_keeper;
pub mod wall_clock;
