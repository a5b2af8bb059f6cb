//! [`Fingerprints`]: which persons have been sold, or are being sold.

use dashmap::Entry;
use exchange_types::{DuplicateScope, Nanos, UtcMicros, Uuid7};

use crate::id_map::SharedIdMap;
use crate::lead_intake::PRINTS_MAX;

/// The fingerprints of all shards. Each step is one call into the map and keeps no guard.
#[derive(Debug)]
pub(crate) struct Fingerprints(SharedIdMap<Known>);

#[derive(Clone, Copy, Debug)]
struct Known {
    id: Uuid7,
    seller: u64,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Its auction is on the way.
    InFlight,
    /// It was sold, or may have been, and counts until then.
    Taken(UtcMicros),
    /// It was not sold, and may come again then.
    Unsold(UtcMicros),
}

/// What is known of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing; the person belongs to the sale now.
    Fresh,
    /// The person was sold, or is being sold, by this sale.
    Duplicate(DuplicateScope, Uuid7),
    /// The person was not sold and comes again too soon.
    TooSoon(Nanos),
}

impl Known {
    /// Returns what a seller may be told of the person.
    fn seen_by(self, seller: u64, now: UtcMicros) -> Seen {
        let scope = if self.seller == seller { DuplicateScope::Own } else { DuplicateScope::Exchange };
        match self.state {
            State::InFlight => Seen::Duplicate(scope, self.id),
            State::Taken(until) if now < until => Seen::Duplicate(scope, self.id),
            State::Unsold(until) if now < until && self.seller == seller => {
                let micros = u64::try_from(until.0.saturating_sub(now.0)).unwrap_or(0);
                Seen::TooSoon(Nanos(micros.saturating_mul(1_000)))
            }
            State::Taken(_) | State::Unsold(_) => Seen::Fresh,
        }
    }
}

impl Fingerprints {
    pub(crate) fn new() -> Self {
        Self(SharedIdMap::default())
    }

    /// Claims every fingerprint of a person for a sale, or none of them.
    pub(crate) fn claim(&self, prints: &[u128], id: Uuid7, seller: u64, now: UtcMicros) -> Seen {
        let mut new = [false; PRINTS_MAX];
        for (count, print) in prints.iter().enumerate() {
            let own = self.0.get(print).is_some_and(|known| known.id == id);
            let seen = self.claim_one(*print, id, seller, now);
            if seen != Seen::Fresh {
                // What the sale's own ping had claimed before stays claimed.
                for (taken, _) in prints.iter().zip(new).take(count).filter(|(_, new)| *new) {
                    self.forget(*taken, id);
                }
                return seen;
            }
            if let Some(place) = new.get_mut(count) {
                *place = !own;
            }
        }
        Seen::Fresh
    }

    /// Says what is known of a person, and claims nothing.
    pub(crate) fn look(&self, prints: &[Option<u128>], seller: u64, now: UtcMicros) -> Seen {
        let seen = |print: &u128| self.0.get(print).map_or(Seen::Fresh, |known| known.seen_by(seller, now));
        prints.iter().flatten().map(seen).find(|seen| *seen != Seen::Fresh).unwrap_or(Seen::Fresh)
    }

    fn claim_one(&self, print: u128, id: Uuid7, seller: u64, now: UtcMicros) -> Seen {
        let own = Known { id, seller, state: State::InFlight };
        match self.0.entry(print) {
            Entry::Vacant(place) => {
                place.insert(own);
                Seen::Fresh
            }
            Entry::Occupied(mut place) => {
                let known = *place.get();
                // A ping that was posted in vain is on its way again.
                let seen = if known.id == id { Seen::Fresh } else { known.seen_by(seller, now) };
                if seen == Seen::Fresh {
                    place.insert(own);
                }
                seen
            }
        }
    }

    /// Notes what is known of a person from before, unless as much is known here. Returns whether it did. That one
    /// sale came to nothing gives way to another that took the person: shards come back in any order.
    pub(crate) fn recall(
        &self,
        print: u128,
        (id, seller): (Uuid7, u64),
        taken: bool,
        until: UtcMicros,
    ) -> bool {
        let state = if taken { State::Taken(until) } else { State::Unsold(until) };
        let own = Known { id, seller, state };
        match self.0.entry(print) {
            Entry::Vacant(place) => {
                place.insert(own);
                true
            }
            Entry::Occupied(mut place) => {
                let gives_way = taken && matches!(place.get().state, State::Unsold(_));
                if gives_way {
                    place.insert(own);
                }
                gives_way
            }
        }
    }

    /// Notes what is known of a person from before, instead of what was known before that. A sale that came to
    /// nothing says nothing of a person whom another one has sold meanwhile.
    pub(crate) fn recall_later(
        &self,
        print: u128,
        (id, seller): (Uuid7, u64),
        (taken, until): (bool, UtcMicros),
        now: UtcMicros,
    ) {
        let state = if taken { State::Taken(until) } else { State::Unsold(until) };
        let own = Known { id, seller, state };
        match self.0.entry(print) {
            Entry::Vacant(place) => {
                place.insert(own);
            }
            Entry::Occupied(mut place) => {
                let known = *place.get();
                let sold = matches!(known.state, State::Taken(until) if now < until) && known.id != id;
                if taken || !sold {
                    place.insert(own);
                }
            }
        }
    }

    /// Returns whether anything is known of a fingerprint.
    pub(crate) fn knows(&self, print: u128) -> bool {
        self.0.contains_key(&print)
    }

    /// Notes that the sale took the person, until a moment.
    pub(crate) fn taken(&self, print: u128, id: Uuid7, until: UtcMicros) {
        self.set(print, id, State::Taken(until));
    }

    /// Notes that the person was not sold and may come again at a moment.
    pub(crate) fn unsold(&self, print: u128, id: Uuid7, until: UtcMicros) {
        self.set(print, id, State::Unsold(until));
    }

    /// Forgets a fingerprint, if it is still this sale's.
    pub(crate) fn forget(&self, print: u128, id: Uuid7) {
        self.0.remove_if(&print, |_, known| known.id == id);
    }

    fn set(&self, print: u128, id: Uuid7, state: State) {
        self.0.alter(&print, |_, known| if known.id == id { Known { state, ..known } } else { known });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_taken_until_the_window_is_over() {
        let seen = Fingerprints::new();
        let id = |number| Uuid7::new(UtcMicros(1), number);
        let at = UtcMicros;
        assert_eq!(seen.claim(&[1, 2], id(1), 10, at(0)), Seen::Fresh);
        assert_eq!(seen.claim(&[2], id(2), 10, at(0)), Seen::Duplicate(DuplicateScope::Own, id(1)));
        assert_eq!(seen.claim(&[3, 2], id(2), 11, at(0)), Seen::Duplicate(DuplicateScope::Exchange, id(1)));
        assert_eq!(seen.claim(&[3], id(3), 11, at(0)), Seen::Fresh, "a refused claim holds nothing");
        seen.taken(2, id(1), at(100));
        assert_eq!(seen.claim(&[2], id(4), 10, at(99)), Seen::Duplicate(DuplicateScope::Own, id(1)));
        assert_eq!(seen.claim(&[2], id(4), 10, at(100)), Seen::Fresh);
        seen.unsold(1, id(1), at(50));
        assert_eq!(seen.claim(&[1], id(5), 10, at(49)), Seen::TooSoon(Nanos(1_000)));
        assert_eq!(seen.claim(&[1], id(5), 11, at(49)), Seen::Fresh, "another seller may offer it at once");
    }

    #[test]
    fn a_sale_that_came_to_nothing_gives_way_to_one_that_took_the_person() {
        let (sold, unsold) = (Uuid7::new(UtcMicros(1), 1), Uuid7::new(UtcMicros(1), 2));
        let (until, now) = (UtcMicros(100), UtcMicros(0));
        // (what is recalled, in this order: sale, whether it took the person, whether that is noted)
        let cases = [
            [(unsold, false, true), (sold, true, true)],
            [(sold, true, true), (unsold, false, false)],
            [(sold, true, true), (unsold, true, false)],
            [(unsold, false, true), (sold, false, false)],
        ];
        for case in cases {
            let seen = Fingerprints::new();
            for (id, taken, noted) in case {
                assert_eq!(seen.recall(1, (id, 10), taken, until), noted, "{case:?}");
            }
            let taken = case.iter().find(|(_, taken, _)| *taken);
            let expected = match taken {
                Some((id, ..)) => Seen::Duplicate(DuplicateScope::Own, *id),
                None => Seen::TooSoon(Nanos(100_000)),
            };
            assert_eq!(seen.look(&[Some(1)], 10, now), expected, "{case:?}");
        }
    }
}
