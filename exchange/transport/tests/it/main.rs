//! The transport over real sockets, against peers that behave and peers that do not.

mod buyer;
mod buyer_http2;
mod buyer_tls;
mod peer;
mod questions;
mod seller;
