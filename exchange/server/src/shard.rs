//! A shard's thread: its runtime, its sellers, its buyers.

mod answer_body;
mod catalog_cache;
mod event;
mod form_body;
mod http_answer;
mod intake;
mod links;
mod names;
mod outbound;
mod pending;
mod route;
mod runtime;
mod seller_handler;
mod tester;
mod thread;

pub(crate) use thread::{Before, ShardSetup, start};
