//! The transport over real sockets, against peers that behave and peers that do not.

mod authority;
mod buyer;
mod buyer_http2;
mod buyer_tls;
mod late;
mod peer;
mod questions;
mod seller;
mod seller_http2;
mod seller_tls;
mod server;
