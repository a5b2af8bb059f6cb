//! What reads return: one type for each reader of a thing, so that what one may not see is not in its type.

mod api_key;
mod closing;
mod event;
mod filter;
mod receiver;
mod suppression;
mod violation;

pub use api_key::ApiKeyView;
pub use closing::ClosingView;
pub use event::EventView;
pub use filter::{LeadFilter, LedgerFilter, SaleFilter};
pub use receiver::ReceiverView;
pub use suppression::SuppressionView;
pub use violation::{Violation, ViolationKind};

use std::sync::Arc;

use exchange_protocol::{
    Answer, AnswerStatus, CandidateIndex, CatalogNames, ResolvedBy, SaleKind, SaleState, Sealed, Story,
};
use exchange_types::{
    Amount, Currency, DuplicateScope, PendingReason, PostId, SaleId, UnsoldReason, UtcMicros, Uuid7,
};

use crate::PostState;

/// How a lead stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the wire's status of the same name")]
pub enum LeadState {
    Running,
    Sold,
    Unsold,
    Pending,
    Duplicate,
    Offers,
    NoOffer,
    Invalid,
}

impl LeadState {
    /// Every state, in the order of their numbers in the store.
    pub const ALL: [Self; 8] = [
        Self::Running,
        Self::Sold,
        Self::Unsold,
        Self::Pending,
        Self::Duplicate,
        Self::Offers,
        Self::NoOffer,
        Self::Invalid,
    ];

    /// Returns the name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Sold => "sold",
            Self::Unsold => "unsold",
            Self::Pending => "pending",
            Self::Duplicate => "duplicate",
            Self::Offers => "offers",
            Self::NoOffer => "no_offer",
            Self::Invalid => "invalid",
        }
    }

    /// Returns whether its auction goes on.
    pub(crate) const fn is_open(self) -> bool {
        matches!(self, Self::Running | Self::Offers)
    }

    /// Returns the state of a name on the wire.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Returns the state of a status.
    pub fn of(status: AnswerStatus) -> Self {
        match status {
            AnswerStatus::Running => Self::Running,
            AnswerStatus::Sold => Self::Sold,
            AnswerStatus::Unsold(_) => Self::Unsold,
            AnswerStatus::Pending(_) => Self::Pending,
            AnswerStatus::Duplicate(..) => Self::Duplicate,
            AnswerStatus::Offers => Self::Offers,
            AnswerStatus::NoOffer(_) => Self::NoOffer,
            AnswerStatus::Invalid => Self::Invalid,
        }
    }

    /// Returns a status of this state, of whatever reason: the story holds the true one.
    pub(crate) fn status(self) -> AnswerStatus {
        match self {
            Self::Running => AnswerStatus::Running,
            Self::Sold => AnswerStatus::Sold,
            Self::Unsold => AnswerStatus::Unsold(UnsoldReason::PostsRejected),
            Self::Pending => AnswerStatus::Pending(PendingReason::PostUnknown),
            Self::Duplicate => AnswerStatus::Duplicate(DuplicateScope::Exchange, None),
            Self::Offers => AnswerStatus::Offers,
            Self::NoOffer => AnswerStatus::NoOffer(UnsoldReason::NoBid),
            Self::Invalid => AnswerStatus::Invalid,
        }
    }
}

/// A lead, to its seller and to operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadView {
    /// The number behind every id of the sale.
    pub id: Uuid7,
    /// One call or two steps.
    pub kind: SaleKind,
    /// Whose.
    pub seller: Box<str>,
    /// In which vertical.
    pub vertical: Box<str>,
    /// Whether it is a test and no lead.
    pub test: bool,
    /// The vertical's currency.
    pub currency: Currency,
    /// The catalog's version.
    pub catalog_version: u64,
    /// When it was admitted.
    pub admitted: UtcMicros,
    /// How it stands.
    pub state: LeadState,
    /// What the seller earns in all, as the auction closed.
    pub payout: Amount,
    /// When its personal data was erased, if it was.
    pub erased_at: Option<UtcMicros>,
}

/// A ciphertext of a lead, which its key opens while the key lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPart {
    /// Whose key, and which ciphertext.
    pub sealed: Sealed,
    /// The ciphertext.
    pub ciphertext: Vec<u8>,
}

/// A whole auction, for operators and replay.
#[derive(Clone, Debug)]
pub struct AuctionView {
    /// The lead.
    pub lead: LeadView,
    /// The recorded account, as far as there is one.
    pub story: Option<Story>,
    /// What the account's indices stand for.
    pub names: Arc<CatalogNames>,
    /// Every post.
    pub posts: Vec<SaleView>,
}

/// A post, and the sale that came of it, to operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleView {
    /// Of which auction.
    pub auction: Uuid7,
    /// Of which candidate.
    pub candidate: CandidateIndex,
    /// The post as its buyer knows it.
    pub post_id: PostId,
    /// The sale as its buyer and seller know it.
    pub sale_id: SaleId,
    /// To which campaign.
    pub campaign: Box<str>,
    /// To which company.
    pub buyer: Box<str>,
    /// Whose lead.
    pub seller: Box<str>,
    /// In which vertical.
    pub vertical: Box<str>,
    /// In which currency.
    pub currency: Currency,
    /// What the buyer pays, corrections included; what it would pay while nothing is decided.
    pub price: Amount,
    /// What the seller earns, corrections included.
    pub payout: Amount,
    /// What the buyer pays as it was agreed, before any correction.
    pub price_agreed: Amount,
    /// What the seller earns as it was agreed, before any correction.
    pub payout_agreed: Amount,
    /// Whether nobody else may get the lead.
    pub exclusive: bool,
    /// What came of the post.
    pub state: PostState,
    /// How the sale stands, where there is one.
    pub sale: Option<SaleState>,
    /// The number of its intent in the journal.
    pub intent_sequence: u64,
    /// When its intent was written.
    pub intent_at: UtcMicros,
    /// When the post is given up.
    pub give_up_at: UtcMicros,
    /// When its outcome was known.
    pub outcome_at: Option<UtcMicros>,
    /// When the sale settles, where there is one.
    pub settles_at: Option<UtcMicros>,
    /// The digest of the evidence.
    pub digest: [u8; 16],
    /// Who or what resolved it, where it was unknown.
    pub resolved_by: Option<ResolvedBy>,
    /// What the resolving person noted.
    pub note: Box<str>,
    /// Whether a later fact contradicts how it was resolved.
    pub disputed: bool,
}

/// A sale to its buyer: neither the seller nor what it earns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuyerSale {
    /// The sale.
    pub sale_id: SaleId,
    /// The post.
    pub post_id: PostId,
    /// Of which campaign.
    pub campaign: Box<str>,
    /// In which vertical.
    pub vertical: Box<str>,
    /// In which currency.
    pub currency: Currency,
    /// What the buyer pays, corrections included.
    pub price: Amount,
    /// Whether nobody else may get the lead.
    pub exclusive: bool,
    /// What came of the post.
    pub state: PostState,
    /// How the sale stands, where there is one.
    pub sale: Option<SaleState>,
    /// When the post was decided on.
    pub at: UtcMicros,
    /// When the sale settles, where there is one.
    pub settles_at: Option<UtcMicros>,
}

/// A sale to its seller: neither what the buyer pays nor its campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SellerSale {
    /// Of which lead.
    pub lead: Uuid7,
    /// The sale.
    pub sale_id: SaleId,
    /// The company: what its pseudonym to this seller is made of, never shown itself.
    pub buyer: Box<str>,
    /// In which vertical.
    pub vertical: Box<str>,
    /// In which currency.
    pub currency: Currency,
    /// What the seller earns, corrections included.
    pub payout: Amount,
    /// Whether nobody else may get the lead.
    pub exclusive: bool,
    /// How the sale stands.
    pub sale: SaleState,
    /// When the post was decided on.
    pub at: UtcMicros,
    /// When the sale settles.
    pub settles_at: Option<UtcMicros>,
}

/// What an old idempotency key stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimFound {
    /// Which lead or ping.
    pub lead: Uuid7,
    /// The keyed digest of the body that came under it.
    pub digest: u128,
    /// Whether the lead was erased.
    pub erased: bool,
    /// The present answer; nothing while the auction runs, or where it was lost before anything was sent.
    pub answer: Option<Answer>,
}

/// A lead of a known person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonSeen {
    /// The lead.
    pub lead: Uuid7,
    /// Whose.
    pub seller: Box<str>,
    /// In which vertical.
    pub vertical: Box<str>,
    /// How it stands.
    pub state: LeadState,
    /// Until when the person counts as a duplicate, where the lead is sold, pending or unknown.
    pub taken_until: UtcMicros,
    /// When the person may come again, where it is not.
    pub again_from: UtcMicros,
}

/// A post after which its buyer had a person, or may have had it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HadView {
    /// The buyer.
    pub buyer: Box<str>,
    /// The sale.
    pub auction: Uuid7,
    /// The post.
    pub candidate: CandidateIndex,
    /// When the lead was admitted.
    pub admitted: UtcMicros,
}

/// A sale whose return window is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueSale {
    /// Of which auction.
    pub auction: Uuid7,
    /// Of which candidate.
    pub candidate: CandidateIndex,
    /// When it was due.
    pub settles_at: UtcMicros,
}

/// A post whose outcome nobody knows, as its resolver and operators see it.
pub type OpenUnknown = SaleView;

/// What an account holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceView {
    /// The account: `buyer:NAME receivable`.
    pub account: Box<str>,
    /// In which currency.
    pub currency: Currency,
    /// The sum of its entries in micros: what is owed to the exchange above zero, what it owes below.
    pub micros: i128,
}

/// An erasure, with every buyer that may have got the lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureView {
    /// The number of its record in the journal.
    pub sequence: u64,
    /// Names the request.
    pub request: Uuid7,
    /// Whose data.
    pub lead: Uuid7,
    /// Who asked for it.
    pub by: Box<str>,
    /// When.
    pub at: UtcMicros,
    /// Whose lead it was.
    pub seller: Box<str>,
    /// In which vertical.
    pub vertical: Box<str>,
    /// The buyers that may have got the lead.
    pub buyers: Vec<ErasedAt>,
}

/// A buyer that may have got an erased lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasedAt {
    /// The buyer.
    pub buyer: Box<str>,
    /// The post that may have carried the lead.
    pub post_id: PostId,
    /// The sale that came of it, if one did.
    pub sale_id: SaleId,
    /// When the buyer erased it too.
    pub acknowledged: Option<UtcMicros>,
}
