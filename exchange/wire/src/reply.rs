//! What buyers reply: hostile bytes into [`PingReply`](exchange_types::PingReply) and
//! [`PostReply`](exchange_types::PostReply).

mod ping;
mod post;

pub use ping::parse_ping;
pub use post::{parse_post, parse_repost, parse_status, unmatched};
