//! The catalog: verticals, sellers, buyers and campaigns, from TOML to a compiled snapshot.

mod filter;
mod schedule;
mod secret;
pub mod snapshot;
mod standing_price;

pub use filter::Filter;
pub use schedule::Schedule;
pub use secret::SigningSecret;
pub use snapshot::Snapshot;
pub use standing_price::StandingPrice;
