//! [`Bars`]: why a person may not go to some buyers.

use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::Campaign;
use exchange_types::{Person, Prints, Reason, UtcMicros};

use crate::Shared;
use crate::had::Had;

/// Why a person may not go to some buyers. Of most persons there is nothing in it, and then a look costs nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bars {
    /// Buyers that do not want the person.
    unwanted: Vec<u64>,
    /// Posts after which their buyers have the person.
    had: Vec<Had>,
}

impl Bars {
    /// Looks up what stands against a person, as it was named once or several times.
    pub(crate) fn of(shared: &Shared, persons: &[Person], prints: &[Prints]) -> Self {
        Self { unwanted: shared.suppressions.buyers(persons), had: shared.had_by.of(prints.as_flattened()) }
    }

    /// Returns why a campaign may not have the person.
    pub(crate) fn bar(
        &self,
        shared: &Shared,
        (snapshot, campaign): (&Snapshot, &Campaign),
        now: UtcMicros,
    ) -> Option<Reason> {
        if self.unwanted.is_empty() && self.had.is_empty() {
            return None;
        }
        let buyer = shared.buyer_key(snapshot.buyer(campaign.buyer).map_or("", |buyer| &*buyer.name));
        if self.unwanted.contains(&buyer) {
            return Some(Reason::Suppressed);
        }
        let counts = |had: &Had| now < had.since.saturating_add(campaign.duplicate_window);
        let has_it = self.had.iter().any(|had| had.buyer == buyer && counts(had));
        has_it.then_some(Reason::DuplicateForBuyer)
    }
}
