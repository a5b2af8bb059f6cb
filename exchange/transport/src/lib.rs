//! The exchange's sockets: connections to buyers, the server that sellers speak to, and the TLS of listeners.
//!
//! Everything here runs on one shard's thread (a current-thread runtime with a `LocalSet`) and is not `Send`;
//! only [`Acceptor`] and [`ListenerTls`] live elsewhere. What a message means is decided in
//! other crates: this one knows bytes, deadlines, and whether a byte of a request may have left.

mod address_guard;
mod bounded_body;
mod buyer;
mod listener_tls;
mod network;
mod seller;
mod tcp_or_tls;

pub use address_guard::{AddressGuard, AddressRefused};
pub use buyer::{
    BuyerClient, Call, ClientConfig, EndpointHandle, EndpointStats, Failure, LATE_MAX, Question, Reply,
    Request, RequestHeaders,
};
pub use listener_tls::{
    Certificates, ClientCertificates, ListenerTls, ListenerTlsError, PreparedCertificates,
};
pub use network::{Network, NetworkError};
pub use seller::{
    Accepted, Acceptor, Answer, Handler, Refusal, Responder, SellerRequest, SellerServer, ServerLimits,
    ServerSettings, ShardInlet, ShardOutlet, shard_inlet,
};
