//! The words that every crate of the exchange shares.
//!
//! Ids, money, time, reasons, and a lead as it travels from a seller's request to a buyer's post.
//! Nothing here reads a clock, draws a random number or does I/O; values come in as arguments.
#![deny(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::float_arithmetic)]

mod amount;
mod bid;
mod currency;
mod event_kind;
mod id;
mod index;
mod keyed_hash;
pub mod limits;
mod pace;
pub mod person;
mod pii;
mod post;
mod quality;
mod rate;
mod reason;
mod small_text;
mod status;
mod submission;
mod test;
mod time;
mod value;

pub use amount::{Amount, AmountError, AmountText};
pub use bid::{BidEntries, BidEntry, PingReply};
pub use currency::Currency;
pub use event_kind::EventKind;
pub use id::{AuctionId, IdError, LeadId, OfferId, PingId, PostId, SaleId, StopId, Uuid7};
pub use index::{
    BuyerIndex, CampaignIndex, EndpointIndex, FieldIndex, SellerIndex, ShardIndex, VerticalIndex,
};
pub use keyed_hash::{HashKey, KeyedHash};
pub use pace::Pace;
pub use person::{Person, Prints};
pub use pii::Pii;
pub use post::{NotSent, PostOutcome, PostReply, UnknownCause};
pub use quality::QualityFault;
pub use rate::{Rate, RateError};
pub use reason::Reason;
pub use small_text::{SmallText, TextTooLong};
pub use status::{DuplicateScope, PendingReason, UnsoldReason};
pub use submission::{ConsentKey, SourceKey, Submission};
pub use test::Test;
pub use time::{Nanos, Now, UtcMicros};
pub use value::{Date, Span, Value};
