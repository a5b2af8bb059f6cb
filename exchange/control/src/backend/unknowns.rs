//! [`Unknowns`]: posts whose outcome nobody knows, and what people say of them.

use core::future::Future;

use exchange_protocol::{Outcome, ResolvedBy};
use exchange_types::{Amount, AuctionId, Currency, PostId, Reason, SaleId, UtcMicros};

use super::{ListError, Listed, Page};
use crate::Scope;

/// Posts whose outcome nobody knows, and what people say of them.
pub trait Unknowns: Send + Sync + 'static {
    /// Lists the open unknown posts.
    ///
    /// # Errors
    ///
    /// Says that the cursor is none of this list, or that the exchange does not answer.
    fn unknowns(&self, page: Page) -> impl Future<Output = Result<Listed<UnknownPost>, ListError>> + Send;

    /// Resolves an unknown post, or records that the word contradicts what is known. It answers when that is
    /// durable, and runs to its end even if the caller hangs up.
    ///
    /// Whoever speaks is in [`PostWord::scope`]: an operator may speak of every post, a buyer of its own.
    ///
    /// # Errors
    ///
    /// Says why nothing was recorded.
    fn say(&self, word: PostWord) -> impl Future<Output = Result<PostSettled, PostWordError>> + Send;
}

/// An open unknown post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPost {
    /// The post.
    pub post: PostId,
    /// Its sale, should it have been accepted.
    pub sale: SaleId,
    /// Its auction.
    pub auction: AuctionId,
    /// Whose lead.
    pub seller: Box<str>,
    /// To which campaign.
    pub campaign: Box<str>,
    /// To which company.
    pub buyer: Box<str>,
    /// In which vertical.
    pub vertical: Box<str>,
    /// In which currency.
    pub currency: Currency,
    /// What the buyer would pay.
    pub price: Amount,
    /// What the seller would earn.
    pub payout: Amount,
    /// Whether nobody else may get the lead.
    pub exclusive: bool,
    /// When its intent was written.
    pub intent_at: UtcMicros,
    /// How often it was asked about since the exchange was started.
    pub attempts: u32,
    /// What happens next to it.
    pub next: NextStep,
    /// When that happens; nothing while it waits for a person.
    pub next_at: Option<UtcMicros>,
}

/// What happens next to an unknown post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// It is posted again under its idempotency key.
    Repost,
    /// The campaign's status URL is asked.
    AskStatus,
    /// The buyer's own report is awaited.
    AwaitReport,
    /// The campaign's `on_unknown` decides.
    Rule,
    /// A person has to decide.
    Person,
}

impl NextStep {
    /// Every step.
    pub const ALL: [Self; 5] = [Self::Repost, Self::AskStatus, Self::AwaitReport, Self::Rule, Self::Person];

    /// Returns the name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Repost => "repost",
            Self::AskStatus => "ask_status",
            Self::AwaitReport => "await_report",
            Self::Rule => "rule",
            Self::Person => "person",
        }
    }
}

/// What somebody says of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostWord {
    /// Who speaks: an operator, or the buyer of the post.
    pub scope: Scope,
    /// Of which post.
    pub post: PostId,
    /// What came of it.
    pub verdict: PostVerdict,
    /// What the buyer pays, where it is not the agreed price.
    pub price: Option<Amount>,
    /// Why, in words: an operator's reason, or the buyer's. It goes into the record.
    pub reason: Box<str>,
    /// The buyer's own reference.
    pub buyer_ref: Box<str>,
    /// The digest of the request: the evidence.
    pub evidence: [u8; 16],
}

/// What came of a post, as a person or a buyer says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostVerdict {
    /// The buyer took it.
    Accepted,
    /// The buyer did not take it.
    Rejected,
    /// The buyer had it before.
    Duplicate,
}

impl PostVerdict {
    /// Every verdict.
    pub const ALL: [Self; 3] = [Self::Accepted, Self::Rejected, Self::Duplicate];

    /// Returns the name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Duplicate => "duplicate",
        }
    }

    /// Returns the outcome that a record holds.
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Accepted => Outcome::Accepted,
            Self::Rejected => Outcome::Failed(Reason::PostRejected),
            Self::Duplicate => Outcome::Failed(Reason::PostDuplicate),
        }
    }
}

/// What became of a word about a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostSettled {
    /// What became of the word.
    pub effect: WordEffect,
    /// What is known of the post now: never unknown.
    pub outcome: Outcome,
    /// What the buyer pays; nothing unless it accepted.
    pub price: Amount,
    /// What the seller earns; nothing unless the buyer accepted.
    pub payout: Amount,
    /// In which currency.
    pub currency: Currency,
    /// The sale.
    pub sale: SaleId,
    /// Who or what settled it; nothing where the buyer's reply to the post did.
    pub by: Option<ResolvedBy>,
    /// When it was settled.
    pub at: UtcMicros,
}

/// What became of a word about a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordEffect {
    /// The post was unknown, and the word settled it.
    Resolved,
    /// The post was settled the same way before.
    AlreadySo,
    /// The post was settled the other way before: the word is on record as a dispute and changes no charge.
    Disputed,
}

impl WordEffect {
    /// Every effect.
    pub const ALL: [Self; 3] = [Self::Resolved, Self::AlreadySo, Self::Disputed];

    /// Returns the name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::AlreadySo => "already_so",
            Self::Disputed => "disputed",
        }
    }
}

/// Why a word about a post was not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostWordError {
    /// There is no such post, or the caller may not know of it.
    #[error("no such post")]
    NotFound,
    /// Its answer may still come: the exchange has not given it up.
    #[error("the post is still on its way")]
    InFlight,
    /// The price is above the agreed one.
    #[error("the price is above the agreed one")]
    PriceTooHigh,
    /// The price is below what the campaign, the floor and the margin allow.
    #[error("the price is below what is allowed")]
    PriceTooLow,
    /// The exchange does not answer, or cannot write.
    #[error("the exchange does not answer")]
    Unavailable,
}
