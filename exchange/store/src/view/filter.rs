//! Filters of lists.

use exchange_protocol::SaleState;
use exchange_types::{UtcMicros, Uuid7};

use super::LeadState;

/// Which leads.
#[derive(Clone, Debug, Default)]
pub struct LeadFilter {
    /// Of this seller. A seller's own reads ignore it.
    pub seller: Option<Box<str>>,
    /// In this vertical.
    pub vertical: Option<Box<str>>,
    /// In this state.
    pub state: Option<LeadState>,
    /// Admitted at this time or later, to the millisecond.
    pub from: Option<UtcMicros>,
    /// Admitted before this time, to the millisecond.
    pub to: Option<UtcMicros>,
}

/// Which sales.
#[derive(Clone, Debug, Default)]
pub struct SaleFilter {
    /// Of this seller. A seller's own reads ignore it.
    pub seller: Option<Box<str>>,
    /// Of this buyer. A buyer's own reads ignore it.
    pub buyer: Option<Box<str>>,
    /// In this vertical.
    pub vertical: Option<Box<str>>,
    /// In this state.
    pub state: Option<SaleState>,
    /// Of leads admitted at this time or later, to the millisecond.
    pub from: Option<UtcMicros>,
    /// Of leads admitted before this time, to the millisecond.
    pub to: Option<UtcMicros>,
}

/// Which entries of the ledger.
#[derive(Clone, Debug, Default)]
pub struct LedgerFilter {
    /// Of this account, by its name: `buyer:NAME receivable`.
    pub account: Option<Box<str>>,
    /// Of every account of this partner: `buyer:NAME`.
    pub owner: Option<Box<str>>,
    /// Of this auction.
    pub auction: Option<Uuid7>,
    /// At this time or later.
    pub from: Option<UtcMicros>,
    /// Before this time.
    pub to: Option<UtcMicros>,
}
