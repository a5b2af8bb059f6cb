//! Bytes to types and back: what crosses the wire between the exchange and the people who use it.
//!
//! The pages `docs/contract.md` and `docs/architecture.md` say what the bytes mean; this crate says how
//! they are read and written. It has no sockets and no clocks.
//!
//! What arrives is hostile: every reader is bounded in depth, keys and length, reads money from its digits,
//! and has no panic that bytes can reach. What leaves is written by hand into a reused buffer, so that ten
//! pings of one auction allocate nothing.
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::arithmetic_side_effects))]

pub mod answer;
pub mod api_key;
pub mod event;
mod field_form;
pub mod fingerprint;
pub mod form;
mod hmac_key;
mod json;
pub mod lead;
#[cfg(test)]
mod mutations;
pub mod notice;
pub mod ping;
pub mod post;
pub mod postback;
pub mod problem;
pub mod pseudonym;
pub mod reply;
#[cfg(test)]
mod sample;
pub mod sign;

pub use answer::{LeadAnswer, LeadStatus, OfferAnswer, PingAnswer, PingStatus, SaleAnswer, Unsettled};
pub use api_key::{ApiKey, KeyHash, KeyMode};
pub use event::{EventId, EventMessage};
pub use fingerprint::{Fingerprint, FingerprintKey};
pub use lead::{Identity, Mode, Parsed, PostRequest};
pub use ping::PingMessage;
pub use post::PostMessage;
pub use problem::{FieldError, Problem, ProblemKind};
pub use pseudonym::{Pseudonym, Pseudonyms, SourceRefs};
pub use sign::Signer;
