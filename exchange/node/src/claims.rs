//! [`Claims`]: which submission came first under an idempotency key.

use dashmap::Entry;
use exchange_types::Uuid7;

use crate::id_map::SharedIdMap;

/// The claims of all shards. Each method is one call into the map and keeps no guard.
#[derive(Debug)]
pub(crate) struct Claims(SharedIdMap<Claim>);

#[derive(Clone, Copy, Debug)]
struct Claim {
    digest: u128,
    id: Uuid7,
}

/// What a claim came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claimed {
    /// The key is new, and belongs to the sale now.
    New,
    /// The same body came before, as this sale.
    Join(Uuid7),
    /// Another body came before.
    Conflict,
}

impl Claims {
    pub(crate) fn new() -> Self {
        Self(SharedIdMap::default())
    }

    /// Claims a key for a sale.
    pub(crate) fn claim(&self, key: u128, digest: u128, id: Uuid7) -> Claimed {
        match self.0.entry(key) {
            Entry::Vacant(place) => {
                place.insert(Claim { digest, id });
                Claimed::New
            }
            Entry::Occupied(place) if place.get().digest == digest => Claimed::Join(place.get().id),
            Entry::Occupied(_) => Claimed::Conflict,
        }
    }

    /// Takes a claim back, if it is still this sale's.
    pub(crate) fn forget(&self, key: u128, id: Uuid7) {
        self.0.remove_if(&key, |_, claim| claim.id == id);
    }
}

#[cfg(test)]
mod tests {
    use exchange_types::UtcMicros;

    use super::*;

    #[test]
    fn the_first_claim_wins_until_it_is_taken_back() {
        let claims = Claims::new();
        let (first, second) = (Uuid7::new(UtcMicros(1), 1), Uuid7::new(UtcMicros(1), 2));
        assert_eq!(claims.claim(7, 100, first), Claimed::New);
        assert_eq!(claims.claim(7, 100, second), Claimed::Join(first));
        assert_eq!(claims.claim(7, 101, second), Claimed::Conflict);
        claims.forget(7, second);
        assert_eq!(claims.claim(7, 100, second), Claimed::Join(first), "only the owner takes its claim back");
        claims.forget(7, first);
        assert_eq!(claims.claim(7, 101, second), Claimed::New);
    }
}
