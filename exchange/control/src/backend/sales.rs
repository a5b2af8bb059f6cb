//! [`Sales`]: sales that were made, and what happens to them afterwards.

use core::future::Future;

use exchange_protocol::{ReturnReason, ReturnRefused, SaleState};
use exchange_types::{Amount, Currency, LeadId, PostId, SaleId, UtcMicros};

use super::{Filter, ListError, Listed, Page};
use crate::{Scope, Unavailable};

/// Sales that were made, and what happens to them afterwards.
pub trait Sales: Send + Sync + 'static {
    /// Lists the sales that the caller may see. The filter's status is one of [`SaleState::ALL`].
    ///
    /// # Errors
    ///
    /// Says that the cursor is none of this list, or that the store does not answer.
    fn sales(
        &self,
        scope: &Scope,
        filter: Filter,
        page: Page,
    ) -> impl Future<Output = Result<Listed<Sale>, ListError>> + Send;

    /// Finds a sale that the caller may see.
    ///
    /// # Errors
    ///
    /// Says that the store does not answer.
    fn sale(
        &self,
        scope: &Scope,
        id: SaleId,
    ) -> impl Future<Output = Result<Option<Sale>, Unavailable>> + Send;

    /// Changes a sale. It answers when that is durable, and runs to its end even if the caller hangs up.
    ///
    /// A sale is returned and reversed once: the same change again answers as the first time, and so does an
    /// adjustment with the digest of one before.
    ///
    /// # Errors
    ///
    /// Says why the sale stays as it was.
    fn change_sale(
        &self,
        change: ChangeSale,
    ) -> impl Future<Output = Result<SaleChanged, ChangeSaleError>> + Send;
}

/// A sale. Each side of its money is there for whom it concerns only, and for operators both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    /// The sale.
    pub id: SaleId,
    /// In which vertical.
    pub vertical: Box<str>,
    /// In which currency.
    pub currency: Currency,
    /// How it stands.
    pub state: SaleState,
    /// Whether nobody else may get the lead.
    pub exclusive: bool,
    /// When its post was decided on.
    pub at: UtcMicros,
    /// When it settles, or did.
    pub settles_at: Option<UtcMicros>,
    /// What its buyer may know, and operators.
    pub bought: Option<Bought>,
    /// What its seller may know, and operators.
    pub sold: Option<Sold>,
}

/// A sale as its buyer knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bought {
    /// The company.
    pub buyer: Box<str>,
    /// Its campaign.
    pub campaign: Box<str>,
    /// The post.
    pub post: PostId,
    /// What the buyer pays, corrections included.
    pub price: Amount,
}

/// A sale as its seller knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sold {
    /// The seller.
    pub seller: Box<str>,
    /// The lead.
    pub lead: LeadId,
    /// The company that bought, as this seller knows it.
    pub buyer_ref: Box<str>,
    /// What the seller earns, corrections included.
    pub payout: Amount,
}

/// A change that somebody wants of a sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSale {
    /// Who wants it: an operator, or for a return also the buyer of the sale.
    pub scope: Scope,
    /// Of which sale.
    pub sale: SaleId,
    /// What.
    pub change: WantedChange,
    /// Why, in the caller's words; a buyer may leave it empty.
    pub note: Box<str>,
    /// The digest of the request and its idempotency key: the evidence, and what knows a repeat.
    pub digest: [u8; 16],
}

/// What is wanted of a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WantedChange {
    /// The lead is given back.
    Return(ReturnReason),
    /// The price is corrected. Both amounts are the new ones, in full.
    Adjust {
        /// What the buyer pays from now on.
        price: Amount,
        /// What the seller earns from now on.
        payout: Amount,
    },
    /// The sale is taken back.
    Reverse,
}

/// A sale was changed, or had been changed in this way before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleChanged {
    /// The sale as it stands now.
    pub sale: Sale,
    /// Whether the change was made before, and this is its answer again.
    pub replayed: bool,
}

/// Why a sale stays as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeSaleError {
    /// There is no such sale, or the caller may not know of it.
    #[error("no such sale")]
    NotFound,
    /// The rules stand against it.
    #[error(transparent)]
    Refused(#[from] ReturnRefused),
    /// The exchange does not answer, or cannot write.
    #[error("the exchange does not answer")]
    Unavailable,
}
