//! The auction's rules as pure functions: who is posted to, at what price, and why the others are not.
//!
//! The caller keeps a [`Contender`] for every campaign that was considered, moves its [`Standing`] as
//! replies come in, and asks in this order: [`offers`] where the seller pings first; [`clear`] before every
//! round of posts, until it names nobody; [`judge_price`] for each acceptance; and at the end [`settle`],
//! [`reasons`] and [`unsold_reason`]. Everything follows from the arguments: no clock, no randomness, no
//! order of arrival. A reused [`Scratch`] holds what the functions compute with, so that in steady state
//! nothing is allocated.
//!
//! Clearing costs `O(b n + n log n)` for `n` bid entries with `b` distinct limits on the number of buyers;
//! no subset is ever enumerated.
#![deny(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::float_arithmetic)]

mod contender;
mod rules;
mod scratch;

mod rotation;
mod score;
mod terms;
mod two_step;

mod best_set;
mod field;
mod price;
mod threshold;

mod clearing;
mod lower_price;
mod minimum_to_win;
mod offers;
mod reasons;
mod settlement;

pub use clearing::clear;
pub use contender::{Contender, Offer, Pick, Standing};
pub use lower_price::{PriceChanged, judge_price};
pub use offers::offers;
pub use reasons::{Loss, reasons, unsold_reason};
pub use rules::{Rules, TwoStep};
pub use scratch::Scratch;
pub use settlement::settle;
pub use terms::least_bid;
