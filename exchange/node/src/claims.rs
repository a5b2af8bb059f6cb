//! [`Claims`]: which submission came first under an idempotency key.

use std::sync::Arc;

use dashmap::Entry;
use exchange_catalog::Snapshot;
use exchange_protocol::Answer;
use exchange_types::Uuid7;

use crate::id_map::SharedIdMap;

/// The claims of all shards. Each method is one call into the map and keeps no guard.
#[derive(Debug)]
pub(crate) struct Claims(SharedIdMap<Claim>);

#[derive(Clone, Debug)]
struct Claim {
    digest: u128,
    id: Uuid7,
    /// What the step was told, once the next step of its sale has begun.
    told: Option<Arc<Told>>,
}

/// What a step of a sale was told, for ever.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) answer: Answer,
    pub(crate) snapshot: Arc<Snapshot>,
}

/// What a claim came to.
#[derive(Clone, Debug)]
pub(crate) enum Claimed {
    /// The key is new, and belongs to the sale now.
    New,
    /// The same body came before, as this sale.
    Join(Uuid7),
    /// The same body came before, and its sale has gone on to another step since.
    Replay(Arc<Told>),
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
                place.insert(Claim { digest, id, told: None });
                Claimed::New
            }
            Entry::Occupied(place) if place.get().digest != digest => Claimed::Conflict,
            Entry::Occupied(place) => match &place.get().told {
                Some(told) => Claimed::Replay(Arc::clone(told)),
                None => Claimed::Join(place.get().id),
            },
        }
    }

    /// Claims a key for a sale whatever came under it before.
    pub(crate) fn take_over(&self, key: u128, digest: u128, id: Uuid7) -> Option<Uuid7> {
        self.0.insert(key, Claim { digest, id, told: None }).map(|before| before.id)
    }

    /// Notes a claim from before a restart, with what its step was told where its sale went on since.
    pub(crate) fn recall(&self, key: u128, digest: u128, id: Uuid7, told: Option<Arc<Told>>) {
        self.0.entry(key).or_insert(Claim { digest, id, told });
    }

    /// Keeps what a step was told, before the next step of its sale begins. What is kept already stays.
    pub(crate) fn keep(&self, key: u128, id: Uuid7, told: &Arc<Told>) {
        self.0.alter(&key, |_, mut claim| {
            if claim.id == id {
                claim.told.get_or_insert_with(|| Arc::clone(told));
            }
            claim
        });
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
        let claim = |digest, id| match claims.claim(7, digest, id) {
            Claimed::New => "new".to_owned(),
            Claimed::Join(id) if id == first => "join the first".to_owned(),
            Claimed::Join(_) => "join another".to_owned(),
            Claimed::Replay(_) => "replay".to_owned(),
            Claimed::Conflict => "conflict".to_owned(),
        };
        assert_eq!(claim(100, first), "new");
        assert_eq!(claim(100, second), "join the first");
        assert_eq!(claim(101, second), "conflict");
        claims.forget(7, second);
        assert_eq!(claim(100, second), "join the first", "only the owner takes its claim back");
        claims.forget(7, first);
        assert_eq!(claim(101, second), "new");
    }
}
