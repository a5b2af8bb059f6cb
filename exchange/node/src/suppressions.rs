//! [`Suppressions`]: persons who are not to be sold, to anybody or to some buyers.

use core::sync::atomic::{AtomicUsize, Ordering};

use exchange_protocol::{Suppression, SuppressionList};
use exchange_types::Person;

use crate::Shared;
use crate::id_map::SharedIdMap;

/// The suppression lists of all shards, by the digests of phones and e-mail addresses. Each step is one call into the
/// map and keeps no guard. Changes come one after another, from the control plane.
#[derive(Debug, Default)]
pub(crate) struct Suppressions {
    by_digest: SharedIdMap<Listed>,
    count: AtomicUsize,
}

/// On which lists a phone or e-mail address stands.
#[derive(Clone, Debug, Default)]
struct Listed {
    /// A bit for each list of the exchange.
    exchange: u8,
    /// The buyers on whose own lists it stands.
    buyers: Vec<u64>,
}

impl Listed {
    /// Returns whether that changed something.
    fn set(&mut self, list: SuppressionList, buyer: u64, on: bool) -> bool {
        if list == SuppressionList::Own {
            let place = self.buyers.iter().position(|known| *known == buyer);
            match (place, on) {
                (None, true) => self.buyers.push(buyer),
                (Some(place), false) => {
                    self.buyers.swap_remove(place);
                }
                (None, false) | (Some(_), true) => return false,
            }
            return true;
        }
        let bit = 1_u8 << list.code();
        let before = self.exchange;
        self.exchange = if on { before | bit } else { before & !bit };
        self.exchange != before
    }

    fn is_empty(&self) -> bool {
        self.exchange == 0 && self.buyers.is_empty()
    }
}

impl Suppressions {
    /// Puts an entry on a list or takes it off, and returns whether that changed something.
    fn set(&self, digest: u128, list: SuppressionList, buyer: u64, on: bool) -> bool {
        let mut listed = self.by_digest.entry(digest).or_default();
        let changed = listed.set(list, buyer, on);
        let is_empty = listed.is_empty();
        drop(listed);
        if is_empty {
            self.by_digest.remove_if(&digest, |_, listed| listed.is_empty());
        }
        match (changed, on) {
            (true, true) => self.count.fetch_add(1, Ordering::Relaxed),
            (true, false) => self.count.fetch_sub(1, Ordering::Relaxed),
            (false, _) => 0,
        };
        changed
    }

    fn listed(&self, person: &Person) -> impl Iterator<Item = Listed> {
        let digests = person.digests().into_iter().flatten();
        digests.filter_map(|digest| self.by_digest.get(&digest).map(|listed| listed.clone()))
    }

    /// Returns whether somebody is sold to nobody.
    pub(crate) fn bar_sale(&self, persons: &[Person]) -> bool {
        self.len() > 0 && persons.iter().any(|person| self.listed(person).any(|listed| listed.exchange != 0))
    }

    /// Returns the buyers that do not want somebody.
    pub(crate) fn buyers(&self, persons: &[Person]) -> Vec<u64> {
        if self.len() == 0 {
            return Vec::new();
        }
        persons.iter().flat_map(|person| self.listed(person)).flat_map(|listed| listed.buyers).collect()
    }

    fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

impl Shared {
    /// Puts persons on a suppression list or takes them off, for every lead and every reservation from now on. Returns
    /// those for whom that changed something.
    pub fn take_suppression(&self, change: &Suppression) -> Vec<u128> {
        let buyer = self.buyer_key(&change.buyer);
        let digests = change.digests.iter().copied();
        digests.filter(|digest| self.suppressions.set(*digest, change.list, buyer, change.on)).collect()
    }

    /// Puts an entry on its list again that stood there before a restart, however many there may be by now.
    pub(crate) fn restore_suppression(&self, digest: u128, list: SuppressionList, buyer: &str) {
        self.suppressions.set(digest, list, self.buyer_key(buyer), true);
    }

    /// Returns how many entries the suppression lists have.
    pub fn suppressions(&self) -> usize {
        self.suppressions.len()
    }

    /// Returns whether a phone or e-mail address stands on a list; `buyer` is empty but for a buyer's own.
    pub fn is_listed(&self, digest: u128, list: SuppressionList, buyer: &str) -> bool {
        let Some(listed) = self.suppressions.by_digest.get(&digest) else { return false };
        if list == SuppressionList::Own {
            return listed.buyers.contains(&self.buyer_key(buyer));
        }
        listed.exchange & (1 << list.code()) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_bars_whom_its_lists_say_until_the_last_is_left() {
        use SuppressionList::{DoNotCall, Own, Revoked};
        let lists = Suppressions::default();
        let person = |phone, email| [Person::new([Some(phone), Some(email), None, None])];
        let (ada, eve) = (person(1, 2), person(3, 4));
        // (digest, list, buyer, on, whether it changes something, entries, whether ada is sold, her buyers)
        let steps: [(u128, _, u64, _, _, _, _, &[u64]); 9] = [
            (2, Own, 7, true, true, 1, true, &[7]),
            (2, Own, 7, true, false, 1, true, &[7]),
            (1, Revoked, 0, true, true, 2, false, &[7]),
            (1, DoNotCall, 0, true, true, 3, false, &[7]),
            (1, Revoked, 0, false, true, 2, false, &[7]),
            (2, Own, 8, false, false, 2, false, &[7]),
            (2, Own, 7, false, true, 1, false, &[]),
            (1, DoNotCall, 0, false, true, 0, true, &[]),
            (1, DoNotCall, 0, false, false, 0, true, &[]),
        ];
        for (number, (digest, list, buyer, on, changes, entries, sold, buyers)) in
            steps.into_iter().enumerate()
        {
            assert_eq!(lists.set(digest, list, buyer, on), changes, "step {number}");
            assert_eq!((lists.len(), !lists.bar_sale(&ada)), (entries, sold), "step {number}");
            assert_eq!(lists.buyers(&ada), buyers, "step {number}");
            assert!(!lists.bar_sale(&eve) && lists.buyers(&eve).is_empty(), "step {number}");
        }
        assert!(lists.by_digest.is_empty(), "nothing is kept of who left every list");
    }
}
