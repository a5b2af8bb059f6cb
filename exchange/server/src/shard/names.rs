//! [`Names`]: the ids and pseudonyms under which a sale is known outside.

use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::Disclosure;
use exchange_node::Shared;
use exchange_protocol::SaleKeys;
use exchange_types::{BuyerIndex, LeadId, Pii, SellerIndex, Submission, Uuid7, VerticalIndex};
use exchange_wire::{Pseudonym, Pseudonyms};

/// Makes the ids and pseudonyms of sales.
#[derive(Debug)]
pub(crate) struct Names {
    /// What names pings, posts, sales and offers.
    pub(crate) sale_keys: SaleKeys,
    pseudonyms: Pseudonyms,
}

impl Names {
    /// Returns the maker of names under the exchange's secret.
    pub(crate) fn new(shared: &Shared, secret: &[u8; 32]) -> Self {
        Self { sale_keys: *shared.sale_keys(), pseudonyms: Pseudonyms::new(secret) }
    }

    /// Returns how a campaign's buyer knows the lead.
    pub(crate) fn lead_ref(&self, sale: Uuid7, buyer: &str) -> Pseudonym {
        self.pseudonyms.lead_ref(buyer, LeadId(sale))
    }

    /// Returns how a buyer knows a seller.
    pub(crate) fn source_ref(&self, seller: &str, buyer: &str) -> Pseudonym {
        self.pseudonyms.source_ref(buyer, seller)
    }

    /// Returns how a buyer knows the lead's first sub-id, if it has one.
    pub(crate) fn sub_ref(&self, lead: &Submission, seller: &str, buyer: &str) -> Option<Pseudonym> {
        let sub = lead.sub_ids().next()?;
        Some(self.pseudonyms.sub_ref(buyer, seller, sub))
    }

    /// Returns how a seller knows a buyer.
    pub(crate) fn buyer_ref(&self, snapshot: &Snapshot, seller: SellerIndex, buyer: BuyerIndex) -> Pseudonym {
        let seller = snapshot.seller(seller).map_or("", |seller| &*seller.name);
        let buyer = snapshot.buyer(buyer).map_or("", |buyer| &*buyer.name);
        self.pseudonyms.buyer_ref(seller, buyer)
    }
}

/// Returns the legal name of a buyer where the vertical discloses it to sellers.
pub(crate) fn disclosed(snapshot: &Snapshot, vertical: VerticalIndex, buyer: BuyerIndex) -> Option<&str> {
    let open = snapshot.vertical(vertical).is_some_and(|vertical| vertical.disclosure == Disclosure::Legal);
    snapshot.buyer(buyer).filter(|_| open).map(|buyer| &*buyer.legal_name)
}

/// Returns the channel that a ping may show.
pub(crate) fn channel(lead: &Submission) -> Option<Pii<&str>> {
    exchange_wire::ping::channel_of(lead)
}
