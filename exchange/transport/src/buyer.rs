//! The client that sends pings and posts to buyers.

mod call;
mod chunks;
mod client;
mod connector;
mod endpoint;
mod failure;
mod http1_link;
mod http2_link;
mod lease;
mod outgoing;
mod pool;
mod progress;
mod question;
mod reply;
mod reply_head;
mod request;
mod resolver;
mod stats;
mod target;
mod tls;
mod write_gate;

pub use call::Call;
pub use client::{BuyerClient, ClientConfig};
pub use endpoint::{EndpointHandle, LATE_MAX};
pub use failure::Failure;
pub use question::Question;
pub use reply::Reply;
pub use request::{Request, RequestHeaders};
pub use stats::EndpointStats;
