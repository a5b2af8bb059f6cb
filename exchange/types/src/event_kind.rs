//! [`EventKind`]: what a seller is told of its leads and sales.

/// What a seller is told of its leads and sales.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A lead was sold.
    LeadSold,
    /// A lead was not sold.
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
