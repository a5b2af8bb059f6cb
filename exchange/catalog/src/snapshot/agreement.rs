//! [`Agreement`]: what the exchange pays a seller.

use exchange_types::{Amount, BuyerIndex, Rate};

/// What a seller is paid in one vertical, with its overrides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// What holds where no override does.
    pub terms: Terms,
    /// Overrides by buyer, ordered by index; each replaces the whole.
    pub buyers: Box<[(BuyerIndex, Terms)]>,
    /// Overrides by the seller's source (`source.channel`), ordered by name; each replaces the whole.
    pub sources: Box<[(Box<str>, Terms)]>,
}

impl Agreement {
    /// Returns the terms for a sale: the buyer's override, else the source's, else the agreement's own.
    pub fn terms_for(&self, buyer: BuyerIndex, source: Option<&str>) -> Terms {
        if let Ok(position) = self.buyers.binary_search_by_key(&buyer, |&(index, _)| index)
            && let Some(&(_, terms)) = self.buyers.get(position)
        {
            return terms;
        }
        let by_source = source.and_then(|source| self.sources.iter().find(|(name, _)| **name == *source));
        by_source.map_or(self.terms, |&(_, terms)| terms)
    }
}

/// One set of terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How the payout follows from the price.
    pub payout: Payout,
    /// The least that the exchange keeps.
    pub min_margin: Amount,
    /// Whether a sale may cost the exchange money; waives `min_margin`.
    pub allow_loss: bool,
}

/// How a payout follows from a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payout {
    /// The exchange keeps a share of the price.
    MarginRate(Rate),
    /// The exchange keeps an amount of each price.
    MarginAmount(Amount),
    /// The seller gets a share of the price.
    Share(Rate),
    /// The seller gets an amount, once for a lead.
    FixedPerLead(Amount),
    /// The seller gets an amount for each sale.
    FixedPerSale(Amount),
    /// Own traffic: nobody is paid.
    None,
}
