//! [`CampaignHealth`]: whether a campaign gets posts, shared by all shards.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

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

#[cfg(test)]
mod tests {
    use super::*;

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
