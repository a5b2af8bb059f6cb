//! [`EventView`]: what a seller is told.

use exchange_types::{Amount, Currency, EventKind, SaleId, UtcMicros, Uuid7};

/// What a seller is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventView {
    /// The number of its record in the journal.
    pub sequence: u64,
    /// Names the event, in every attempt and after every rebuild.
    pub id: u128,
    /// What happened.
    pub kind: EventKind,
    /// Who is told.
    pub seller: Box<str>,
    /// Of which lead.
    pub lead: Uuid7,
    /// Of which sale, where it is about one.
    pub sale_id: Option<SaleId>,
    /// Why the buyer gave the lead back, or the lead was not sold.
    pub reason: Option<&'static str>,
    /// What the seller earns now: by the sale, or by the lead in all.
    pub payout: Amount,
    /// In which currency.
    pub currency: Currency,
    /// When it happened.
    pub at: UtcMicros,
}
