//! The client that sends pings and posts to buyers.

mod client;
mod connector;
mod endpoint;
mod failure;
mod lease;
mod link;
mod pool;
mod progress;
mod reply;
mod request;
mod resolver;
mod stats;
mod tls;
mod write_gate;

pub use client::{BuyerClient, ClientConfig};
pub use endpoint::EndpointHandle;
pub use failure::Failure;
pub use reply::Reply;
pub use request::{Request, RequestHeaders};
pub use stats::EndpointStats;
