//! [`CampaignHealth`]: whether a campaign gets posts, shared by all shards.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Unknown posts in a row after which a campaign gets no more; `docs/contract.md` states the number.
const UNKNOWN_IN_A_ROW_MAX: u32 = 3;

/// How the latest posts of a campaign came out. It outlives a change of the catalog.
#[derive(Debug, Default)]
pub(crate) struct CampaignHealth {
    /// Posts whose outcome nobody knows.
    unknown_open: AtomicU32,
    /// Unknown outcomes of consecutive posts as they came, resolved since or not.
    unknown_in_a_row: AtomicU32,
    /// Whether the row is what keeps the circuit open.
    stopped_by_row: AtomicBool,
}

impl CampaignHealth {
    /// Returns whether the campaign may get no post.
    pub(crate) fn circuit_is_open(&self, unknown_max: u16) -> bool {
        // Relaxed: a count that is a moment old lets one more post through, which the limits allow for.
        self.unknown_open.load(Ordering::Relaxed) >= u32::from(unknown_max)
            || self.stopped_by_row.load(Ordering::Relaxed)
    }

    /// Returns how many posts have no known outcome.
    pub(crate) fn unknown_open(&self) -> u32 {
        self.unknown_open.load(Ordering::Relaxed)
    }

    /// Returns whether there is nothing to remember.
    fn is_clear(&self) -> bool {
        self.unknown_open() == 0 && self.unknown_in_a_row.load(Ordering::Relaxed) == 0
    }

    /// Notes a post whose outcome is definite.
    pub(crate) fn definite(&self) {
        self.unknown_in_a_row.store(0, Ordering::Relaxed);
        self.stopped_by_row.store(false, Ordering::Relaxed);
    }

    /// Notes a post whose outcome nobody knows. Returns whether it is the only open one: the operator is alerted.
    pub(crate) fn unknown(&self) -> bool {
        let before = self.unknown_open.fetch_add(1, Ordering::Relaxed);
        let in_a_row = self.unknown_in_a_row.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if in_a_row >= UNKNOWN_IN_A_ROW_MAX {
            self.stopped_by_row.store(true, Ordering::Relaxed);
        }
        before == 0
    }

    /// Notes a post from before a restart that is still open. What came in a row before it is not known.
    pub(crate) fn still_unknown(&self) {
        self.unknown_open.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that one of the unknown posts was resolved. That closes the circuit; the row stays as it came, so the
    /// next unknown outcome opens it again.
    pub(crate) fn resolved(&self) {
        let one_less = |open: u32| Some(open.saturating_sub(1));
        // Infallible: the closure always returns a value.
        let _ = self.unknown_open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        self.stopped_by_row.store(false, Ordering::Relaxed);
    }
}

/// The health of each campaign, by its name. One that leaves the catalog finds its own when it comes back.
#[derive(Debug, Default)]
pub(crate) struct Healths {
    /// Bounded by the campaigns of the catalog, and those that have left with posts of which nobody knew.
    by_name: Mutex<BTreeMap<Box<str>, Arc<CampaignHealth>>>,
}

impl Healths {
    /// Returns the health of a campaign, whether it is in the catalog or not.
    pub(crate) fn of(&self, campaign: &str) -> Arc<CampaignHealth> {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = by_name.get(campaign) {
            return Arc::clone(known);
        }
        Arc::clone(by_name.entry(campaign.into()).or_default())
    }

    /// Forgets the campaigns that have left, of which there is nothing to remember.
    pub(crate) fn prune(&self, stays: impl Fn(&str) -> bool) {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        // A catalog that is in use still may count more in what it shares.
        by_name.retain(|name, health| stays(name) || Arc::strong_count(health) > 1 || !health.is_clear());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_that_is_away_is_forgotten_once_there_is_nothing_to_remember() {
        let healths = Healths::default();
        healths.of("solar").still_unknown();
        healths.prune(|_| false);
        assert_eq!(healths.of("solar").unknown_open(), 1);
        healths.of("solar").resolved();
        let in_use = healths.of("solar");
        healths.prune(|_| false);
        in_use.still_unknown();
        assert_eq!(healths.of("solar").unknown_open(), 1, "what a catalog shares stays");
        in_use.resolved();
        drop(in_use);
        healths.prune(|_| false);
        assert_eq!(healths.by_name.lock().expect("no panic").len(), 0);
    }

    #[test]
    fn three_unknowns_in_a_row_or_too_many_open_ones_stop_a_campaign() {
        let health = CampaignHealth::default();
        assert!(health.unknown(), "the first is told");
        assert!(!health.unknown());
        assert!(!health.circuit_is_open(10));
        assert!(health.circuit_is_open(2));
        health.definite();
        health.unknown();
        assert!(!health.circuit_is_open(10), "a definite outcome breaks the row");
        health.unknown();
        health.unknown();
        assert!(health.circuit_is_open(10));
    }

    #[test]
    fn one_that_is_resolved_closes_the_circuit_until_the_next_unknown() {
        let health = CampaignHealth::default();
        for _ in 0..3 {
            health.unknown();
        }
        assert!(health.circuit_is_open(10));
        health.resolved();
        assert!(!health.circuit_is_open(10));
        assert_eq!(health.unknown_open(), 2);
        health.unknown();
        assert!(health.circuit_is_open(10), "the row is counted as it came, resolved since or not");
        health.definite();
        assert!(!health.circuit_is_open(10));
        health.unknown();
        assert!(!health.circuit_is_open(10), "a definite outcome began it anew");
    }

    #[test]
    fn too_many_open_ones_stop_a_campaign_until_one_is_resolved() {
        let health = CampaignHealth::default();
        health.still_unknown();
        health.still_unknown();
        assert!(health.circuit_is_open(2));
        assert!(!health.circuit_is_open(3));
        health.resolved();
        assert!(!health.circuit_is_open(2));
        health.resolved();
        health.resolved();
        assert_eq!(health.unknown_open(), 0, "it never falls below none");
    }
}
