//! [`SaleKeys`]: the ids of a sale that only the exchange can compute.

use exchange_types::{HashKey, OfferId, PingId, PostId, SaleId, Uuid7};

use crate::{CandidateIndex, OfferKey};

/// Derives the ids that belong to a sale from its own id. A buyer or seller that sees one of them can compute
/// none of the others.
#[derive(Clone, Copy, Debug)]
pub struct SaleKeys {
    pings: HashKey,
    posts: HashKey,
    sales: HashKey,
    offers: HashKey,
}

impl SaleKeys {
    /// Returns the keys under a secret that has to stay the same over restarts.
    pub fn new(secret: &HashKey) -> Self {
        Self {
            pings: secret.derive("pings"),
            posts: secret.derive("posts"),
            sales: secret.derive("sales"),
            offers: secret.derive("offers"),
        }
    }

    /// Returns the id of a ping as its buyer sees it: another for each campaign, so they cannot be joined.
    pub fn ping(&self, sale: Uuid7, candidate: CandidateIndex) -> PingId {
        PingId(sale.derive(&self.pings, u64::from(candidate.0)))
    }

    /// Returns the id of a post: its idempotency key.
    pub fn post(&self, sale: Uuid7, candidate: CandidateIndex) -> PostId {
        PostId(sale.derive(&self.posts, u64::from(candidate.0)))
    }

    /// Returns the id of a sale to a buyer.
    pub fn sale(&self, sale: Uuid7, candidate: CandidateIndex) -> SaleId {
        SaleId(sale.derive(&self.sales, u64::from(candidate.0)))
    }

    /// Returns the id of an offer.
    pub fn offer(&self, sale: Uuid7, offer: OfferKey) -> OfferId {
        OfferId(sale.derive(&self.offers, offer.number()))
    }
}

#[cfg(test)]
mod tests {
    use exchange_types::UtcMicros;

    use super::*;

    #[test]
    fn ids_of_a_sale_differ_by_kind_and_candidate() {
        let keys = SaleKeys::new(&HashKey::new([4; 16]));
        let sale = Uuid7::new(UtcMicros(1), 9);
        let (first, second) = (CandidateIndex(0), CandidateIndex(1));
        assert_ne!(keys.ping(sale, first), keys.ping(sale, second));
        assert_ne!(keys.ping(sale, first).0, keys.post(sale, first).0);
        assert_ne!(keys.post(sale, first).0, keys.sale(sale, first).0);
        let offer = |entry| keys.offer(sale, OfferKey { candidate: first, entry });
        assert_ne!(offer(0), offer(1));
    }
}
