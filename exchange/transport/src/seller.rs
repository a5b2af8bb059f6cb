//! The server that sellers speak to.

mod acceptor;
mod activity;
mod handler;
mod handshakes;
mod head_scanner;
mod http1;
mod http2;
mod inlet;
mod limits;
mod request_reader;
mod responder;
mod server;
mod streams;

pub use acceptor::Acceptor;
pub use handler::{Handler, Refusal, SellerRequest};
pub use inlet::{Accepted, ShardInlet, ShardOutlet, shard_inlet};
pub use limits::ServerLimits;
pub use responder::{Answer, Responder};
pub use server::{SellerServer, ServerSettings};
