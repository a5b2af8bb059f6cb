//! [`HadBy`]: which buyers had a person already.
//!
//! What is known of a fingerprint here leaves the memory with the fingerprint itself: then the store is asked for both.

use exchange_protocol::{CandidateIndex, Outcome, SlotKey};
use exchange_types::{Reason, UtcMicros, Uuid7};

use crate::id_map::SharedIdMap;
use crate::{Shard, Shared};

/// Posts that are remembered of a fingerprint: as many as one auction may make. The oldest leave.
const POSTS_MAX: usize = 256;

/// Which buyers had which persons, over all shards. Each step is one call into the map and keeps no guard.
#[derive(Debug, Default)]
pub(crate) struct HadBy(SharedIdMap<Vec<Had>>);

/// A post after which a buyer has a person, or may have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Had {
    /// The number that stands for the buyer.
    pub(crate) buyer: u64,
    pub(crate) sale: Uuid7,
    pub(crate) candidate: CandidateIndex,
    /// When the lead was admitted: windows count from there.
    pub(crate) since: UtcMicros,
}

/// Returns whether a buyer has the person after a post, may have it, or said that it had it before.
pub(crate) const fn has_person(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Accepted | Outcome::Unknown | Outcome::Failed(Reason::PostDuplicate))
}

impl HadBy {
    pub(crate) fn note(&self, print: u128, had: Had) {
        let mut known = self.0.entry(print).or_default();
        if known.contains(&had) {
            return;
        }
        known.push(had);
        if known.len() > POSTS_MAX {
            known.remove(0);
        }
    }

    /// Takes back that a post brought the person to its buyer.
    pub(crate) fn forget_post(&self, print: u128, sale: Uuid7, candidate: CandidateIndex) {
        let is_it = |had: &Had| had.sale == sale && had.candidate == candidate;
        self.0.alter(&print, |_, mut known| {
            known.retain(|had| !is_it(had));
            known
        });
        self.0.remove_if(&print, |_, known| known.is_empty());
    }

    pub(crate) fn forget(&self, print: u128) {
        self.0.remove(&print);
    }

    /// Returns every post of a person that counts.
    pub(crate) fn of(&self, prints: &[Option<u128>]) -> Vec<Had> {
        let known = prints.iter().flatten().filter_map(|print| self.0.get(print).map(|known| known.clone()));
        known.flatten().collect()
    }
}

impl Shared {
    /// Notes that a buyer had a person, from before a restart or from the store.
    pub(crate) fn recall_had(
        &self,
        print: u128,
        buyer: &str,
        (sale, candidate): (Uuid7, CandidateIndex),
        since: UtcMicros,
    ) {
        self.had_by.note(print, Had { buyer: self.buyer_key(buyer), sale, candidate, since });
    }
}

impl Shard {
    /// Notes what the end of a post says of its buyer and the person.
    pub(crate) fn note_buyer(&self, auction: SlotKey, candidate: CandidateIndex) {
        let Some(found) = self.engine.auction(auction) else { return };
        let outcome = found.post(candidate).and_then(exchange_engine::Post::outcome);
        let (Some(tenant), true) = (self.tenants.get(auction), outcome.is_some_and(has_person)) else {
            return;
        };
        let buyer = found.snapshot().and_then(|own| own.buyer(found.campaign(candidate)?.buyer));
        let buyer = self.shared.buyer_key(buyer.map_or("", |buyer| &*buyer.name));
        let had = Had { buyer, sale: found.id(), candidate, since: found.admitted().utc };
        for print in tenant.fingerprints.into_iter().flatten().flatten() {
            self.shared.had_by.note(print, had);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_are_remembered_until_they_are_taken_back_or_too_many() {
        let known = HadBy::default();
        let had = |buyer, number| Had {
            buyer,
            sale: Uuid7::new(UtcMicros(1), number),
            candidate: CandidateIndex(0),
            since: UtcMicros(5),
        };
        for had in [had(7, 1), had(7, 1), had(8, 2)] {
            known.note(1, had);
        }
        known.note(2, had(9, 3));
        assert_eq!(known.of(&[Some(1), None, Some(2)]), [had(7, 1), had(8, 2), had(9, 3)]);
        known.forget_post(1, had(7, 1).sale, CandidateIndex(1));
        known.forget_post(1, had(7, 1).sale, CandidateIndex(0));
        assert_eq!(known.of(&[Some(1)]), [had(8, 2)]);
        known.forget_post(2, had(9, 3).sale, CandidateIndex(0));
        assert_eq!(known.0.len(), 1, "an empty list takes no place");
        for number in 0..=256 {
            known.note(3, had(7, number));
        }
        let kept = known.of(&[Some(3)]);
        assert_eq!((kept.len(), kept.first()), (256, Some(&had(7, 1))));
    }

    #[test]
    fn only_who_may_have_the_person_counts() {
        let outcomes = [
            (Outcome::Accepted, true),
            (Outcome::Unknown, true),
            (Outcome::Failed(Reason::PostDuplicate), true),
            (Outcome::Failed(Reason::PostRejected), false),
            (Outcome::Failed(Reason::PostFailed), false),
        ];
        for (outcome, expected) in outcomes {
            assert_eq!(has_person(outcome), expected, "{outcome:?}");
        }
    }
}
