//! Buyers to test an exchange against, many in one process: how each answers pings and posts, how long
//! it takes, and what goes wrong with it stands in a profile file.
//!
//! The process is an outside party. It reads the wire contract with its own types and keeps its own log
//! of every ping and post, so that what the exchange says can be checked against what its buyers saw.
//! One thread serves everything; a buyer's answer depends on the seed, the buyer and the lead alone.

mod arguments;
mod buyer;
mod clock;
mod draws;
mod fault;
mod http1;
mod http2;
mod human_duration;
mod latency;
mod market;
mod message;
mod post_ledger;
mod price;
pub mod profile;
mod reply;
mod report;
mod request;
mod running;
mod signature;
mod simulator;
mod tls;
mod witness;

pub use arguments::Arguments;
pub use draws::Draws;
pub use fault::Fault;
pub use human_duration::{HumanDuration, HumanDurationError};
pub use latency::{Bounds, Latency, Quantiles};
pub use price::{Decimal, List, Price, Uniform};
pub use profile::{Profile, ProfileError};
pub use reply::{DRIP_PAUSE, FLOOD_BYTES};
pub use report::ReportTarget;
pub use running::{RunningSimulator, run};
pub use signature::{Signature, SigningKey};
pub use simulator::{Addresses, Options, Simulator, SimulatorError, TlsOptions};
pub use tls::TlsError;
