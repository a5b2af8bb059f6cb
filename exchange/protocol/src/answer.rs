//! [`Answer`]: the state of a sale as its seller may see it.

use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_types::{
    Amount, BuyerIndex, DuplicateScope, FieldIndex, PendingReason, QualityFault, SellerIndex, UnsoldReason,
    UtcMicros, Uuid7, VerticalIndex,
};

use crate::{Account, CandidateIndex, OfferKey, Outcome, Refusal, SaleKind};

/// What comes back to a [`crate::Waiter`].
#[derive(Clone, Debug)]
pub enum Reply {
    /// The state of the sale.
    Answer {
        /// The state.
        answer: Box<Answer>,
        /// The catalog in which its indices hold.
        snapshot: Arc<Snapshot>,
        /// Whether it repeats what an earlier request with the same key was, or will be, told.
        replayed: bool,
        /// Fields of the post that kept the ping's values, as the seller asked for.
        kept: Vec<FieldIndex>,
    },
    /// Why the request did not go through.
    Refusal(Refusal),
    /// The whole account, for an operator.
    Account(Box<Account>),
    /// What a report about a post whose outcome nobody knew has led to, on disk.
    Resolved(Resolved),
    /// How far posts whose outcome nobody knows have been asked about, in the order of the question; nothing for
    /// one that is not open.
    Inquiries(Vec<Option<Inquiry>>),
}

/// How far an unknown post has been asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inquiry {
    /// How often it was asked about.
    pub asked: u32,
    /// What happens next to it.
    pub next: NextInquiry,
    /// When that happens; a question that is under way happens now. Nothing where it waits for a person.
    pub next_at: Option<UtcMicros>,
}

/// What happens next to an unknown post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextInquiry {
    /// It is posted again under its idempotency key.
    Repost,
    /// The campaign's status URL is asked.
    AskStatus,
    /// The buyer's own report is awaited until the campaign's time is over.
    AwaitReport,
    /// The campaign's `on_unknown` decides.
    Rule,
    /// Its time is over, and a person has to decide.
    Person,
}

/// What a report about a post whose outcome nobody knew has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// The post is resolved by it.
    Now(Outcome),
    /// It was resolved the same way before; nothing was changed.
    Before(Outcome),
    /// It came out the other way before: the contradiction is written down, and a person decides.
    Disputed,
    /// Nothing was changed: the price is below what payout, floor and reserve allow.
    PriceTooLow,
}

/// The state of a sale as its seller may see it: first answer, repeat and `GET` are all made from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The number behind every id of the sale.
    pub id: Uuid7,
    /// One call or two steps.
    pub kind: SaleKind,
    /// Who asked.
    pub seller: SellerIndex,
    /// In which vertical.
    pub vertical: VerticalIndex,
    /// The catalog's version in which the indices hold.
    pub catalog_version: u64,
    /// How the sale stands.
    pub status: AnswerStatus,
    /// What makes an invalid lead invalid.
    pub faults: Vec<QualityFault>,
    /// Whether it is a test.
    pub test: bool,
    /// What the seller earns in all.
    pub payout: Amount,
    /// The sales made.
    pub sales: Vec<AnswerSale>,
    /// The offers of a two-step sale, best first.
    pub offers: Vec<AnswerOffer>,
    /// When the offers expire.
    pub expires_at: UtcMicros,
    /// From admission to this answer, in microseconds.
    pub elapsed_us: u64,
    /// Latest time by which a pending sale is settled, as far as it is known.
    pub settles_by: UtcMicros,
    /// Whether a post beside the sales has no outcome on disk yet, so that the lead may be sold once more.
    pub open: bool,
}

/// How a sale stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnswerStatus {
    /// Bids are being collected, or posts are out, and the answer is not due yet.
    #[default]
    Running,
    /// At least one buyer took the lead, and that is on disk.
    Sold,
    /// Nobody took it.
    Unsold(UnsoldReason),
    /// Neither yet.
    Pending(PendingReason),
    /// The person is known already; by its own earlier lead where the scope is the seller's own.
    Duplicate(DuplicateScope, Option<Uuid7>),
    /// A ping with offers that may be posted.
    Offers,
    /// A ping without offers.
    NoOffer(UnsoldReason),
    /// The lead is well formed and no good.
    Invalid,
}

/// A sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerSale {
    /// The candidate who bought; numbers the sale's id.
    pub candidate: CandidateIndex,
    /// The company.
    pub buyer: BuyerIndex,
    /// What the seller earns.
    pub payout: Amount,
    /// Whether nobody else may get the lead.
    pub exclusive: bool,
    /// Where the person is to be sent, or an empty text.
    pub redirect_url: Box<str>,
}

/// An offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerOffer {
    /// The entry behind it; numbers the offer's id.
    pub key: OfferKey,
    /// The company.
    pub buyer: BuyerIndex,
    /// What the seller would earn.
    pub payout: Amount,
    /// The most companies for which the price holds.
    pub max_buyers: u16,
}
