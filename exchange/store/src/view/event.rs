//! [`EventView`]: what a seller is told by webhook.

use exchange_protocol::ReturnReason;
use exchange_types::{Amount, Currency, SaleId, UtcMicros, Uuid7};

/// What a seller is told by webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A lead whose seller had been told `pending` was sold.
    LeadSold,
    /// A lead whose seller had been told `pending` was not sold.
    LeadUnsold,
    /// What the seller earned by a sale is due.
    LeadSettled,
    /// A buyer gave the lead back.
    SaleReturned,
    /// The amounts of a sale were corrected, or the sale was taken back.
    SaleAdjusted,
}

impl EventKind {
    /// Every kind, in the order of their numbers in the store.
    pub const ALL: [Self; 5] =
        [Self::LeadSold, Self::LeadUnsold, Self::LeadSettled, Self::SaleReturned, Self::SaleAdjusted];

    /// Returns the name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LeadSold => "lead.sold",
            Self::LeadUnsold => "lead.unsold",
            Self::LeadSettled => "lead.settled",
            Self::SaleReturned => "sale.returned",
            Self::SaleAdjusted => "sale.adjusted",
        }
    }
}

/// A webhook that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventView {
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
    /// Why the buyer gave the lead back, where it did.
    pub reason: Option<ReturnReason>,
    /// What the seller earns now: by the sale, or by the lead in all.
    pub payout: Amount,
    /// In which currency.
    pub currency: Currency,
    /// When it happened.
    pub at: UtcMicros,
    /// How often it was tried.
    pub attempts: u32,
}
