//! All that the engine and the shell around it say to each other.
//!
//! An [`Input`] goes into a shard, an [`Effect`] comes out, a [`Record`] goes to the journal, and what a
//! seller or an operator asked for comes back as a [`Reply`]. Everything here is data.

mod answer;
mod effect;
mod input;
mod interrupted;
mod key;
mod record;
mod refusal;
mod sale;
mod sale_keys;
mod story;
mod submission_bytes;

pub use answer::{Answer, AnswerOffer, AnswerSale, AnswerStatus, Inquiry, NextInquiry, Reply, Resolved};
pub use effect::Effect;
pub use input::{Considered, Input, SaleKind, SellerPost, Submit, Taken, Verdict};
pub use key::{CandidateIndex, OfferKey, SlotKey, Waiter};
pub use record::{
    Acknowledgement, AnsweredRecord, BalanceChange, CatalogNames, ClaimRecord, CompletedRecord, CounterMove,
    DecodeError, Dispute, Erasure, HeldOffer, LeadRecord, OfferedRecord, Outcome, Record, RecordBatch,
    Resolution, ResolvedBy, ReturnReason, SaleChange, SaleStep, SealClass, Sealed, SealedText, SlotRef, Stop,
    StopKind, Suppression, SuppressionList, decode_record, encode_closed, encode_offered, encode_record,
    sale_changes,
};
pub use refusal::Refusal;
pub use sale::{ReturnRefused, ReturnTerms, SaleFacts, SaleState, StepRefused, judge_return};
pub use sale_keys::SaleKeys;
pub use story::{
    Account, Asked, Asks, FORGOTTEN, LeftOut, NoRoom, Story, StoryCandidate, StoryPost, StoryStep,
    UNKNOWN_SETTLED_AFTER,
};
pub use submission_bytes::{decode_submission, encode_submission, has_consent};
