//! The exchange's sockets: connections to buyers, and the server that sellers speak to.
//!
//! Everything here runs on one shard's thread (a current-thread runtime with a `LocalSet`) and is not `Send`;
//! only [`Acceptor`] lives elsewhere and hands accepted connections over. What a message means is decided in
//! other crates: this one knows bytes, deadlines, and whether a byte of a request may have left.

mod address_guard;
mod bounded_body;
mod buyer;
mod network;
mod seller;
mod tcp_or_tls;

pub use address_guard::{AddressGuard, AddressRefused};
pub use buyer::{
    BuyerClient, ClientConfig, EndpointHandle, EndpointStats, Failure, Question, Reply, Request,
    RequestHeaders,
};
pub use network::{Network, NetworkError};
pub use seller::{
    Accepted, Acceptor, Answer, Handler, Refusal, Responder, SellerRequest, SellerServer, ServerLimits,
    ShardInlet, ShardOutlet, serve_connection, shard_inlet,
};
