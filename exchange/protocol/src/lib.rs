//! All that the engine and the shell around it say to each other.
//!
//! An [`Input`] goes into a shard, an [`Effect`] comes out, a [`Record`] goes to the journal, and what a
//! seller or an operator asked for comes back as a [`Reply`]. Everything here is data.

mod answer;
mod effect;
mod input;
mod key;
mod record;
mod refusal;
mod sale_keys;
mod story;

pub use answer::{Answer, AnswerOffer, AnswerSale, AnswerStatus, Reply};
pub use effect::Effect;
pub use input::{Considered, Input, SaleKind, SellerPost, Submit, Verdict};
pub use key::{CandidateIndex, OfferKey, SlotKey, Waiter};
pub use record::{DecodeError, Outcome, Record, RecordBatch, decode_record, encode_closed, encode_record};
pub use refusal::Refusal;
pub use sale_keys::SaleKeys;
pub use story::{Account, LeftOut, Story, StoryCandidate, StoryPost, UNKNOWN_SETTLED_AFTER};
