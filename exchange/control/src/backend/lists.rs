//! [`Lists`]: leads and auctions, as the store holds them.

use core::future::Future;

use exchange_protocol::SaleKind;
use exchange_types::{Amount, Currency, LeadId, UtcMicros};

use super::{Filter, ListError, Listed, Page, Sale};
use crate::{Scope, Unavailable};

/// Leads and auctions, as the store holds them.
pub trait Lists: Send + Sync + 'static {
    /// Lists the leads that the caller may see. The filter's status is one of [`LeadStatus::ALL`]; it has no buyer.
    ///
    /// # Errors
    ///
    /// Says that the cursor is none of this list, or that the store does not answer.
    fn leads(
        &self,
        scope: &Scope,
        filter: Filter,
        page: Page,
    ) -> impl Future<Output = Result<Listed<Lead>, ListError>> + Send;

    /// Finds a lead that the caller may see, with its sales.
    ///
    /// # Errors
    ///
    /// Says that neither shard nor store answers.
    fn lead(
        &self,
        scope: &Scope,
        id: LeadId,
    ) -> impl Future<Output = Result<Option<(Lead, Vec<Sale>)>, Unavailable>> + Send;

    /// Lists the auctions: each is the sale of one lead. The filter is that of leads.
    ///
    /// # Errors
    ///
    /// Says that the cursor is none of this list, or that the store does not answer.
    fn auctions(
        &self,
        filter: Filter,
        page: Page,
    ) -> impl Future<Output = Result<Listed<Lead>, ListError>> + Send;
}

/// A lead; no personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead {
    /// The lead.
    pub id: LeadId,
    /// One call or two steps.
    pub kind: SaleKind,
    /// Who brought it.
    pub seller: Box<str>,
    /// In which vertical.
    pub vertical: Box<str>,
    /// Whether it is a test and no lead.
    pub test: bool,
    /// In which currency.
    pub currency: Currency,
    /// The catalog's version.
    pub catalog_version: u64,
    /// How it stands.
    pub status: LeadStatus,
    /// What the seller earns in all, as the auction closed.
    pub payout: Amount,
    /// When it was admitted.
    pub admitted: UtcMicros,
    /// When its personal data was erased.
    pub erased: Option<UtcMicros>,
}

/// How a lead stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the wire's status of the same name")]
pub enum LeadStatus {
    Running,
    Sold,
    Unsold,
    Pending,
    Duplicate,
    Offers,
    NoOffer,
    Invalid,
}

impl LeadStatus {
    /// Every status.
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
}
