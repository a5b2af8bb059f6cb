//! The server that sellers speak to.

mod acceptor;
mod activity;
mod connection;
mod handler;
mod head_scanner;
mod inlet;
mod limits;
mod responder;
mod server;

pub use acceptor::Acceptor;
pub use connection::serve_connection;
pub use handler::{Handler, Refusal, SellerRequest};
pub use inlet::{Accepted, ShardInlet, ShardOutlet, shard_inlet};
pub use limits::ServerLimits;
pub use responder::{Answer, Responder};
pub use server::SellerServer;
