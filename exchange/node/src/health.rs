//! [`CampaignHealth`]: whether a campaign gets posts, shared by all shards.

use core::sync::atomic::{AtomicU32, Ordering};

/// Unknown posts in a row after which a campaign gets no more; `docs/contract.md` states the number.
const UNKNOWN_IN_A_ROW_MAX: u32 = 3;

/// How the latest posts of a campaign came out. It outlives a change of the catalog.
#[derive(Debug, Default)]
pub(crate) struct CampaignHealth {
    /// Posts whose outcome nobody knows.
    unknown_open: AtomicU32,
    /// Unknown outcomes of consecutive posts.
    unknown_in_a_row: AtomicU32,
}

impl CampaignHealth {
    /// Returns whether the campaign may get no post.
    pub(crate) fn circuit_is_open(&self, unknown_max: u16) -> bool {
        // Relaxed: a count that is a moment old lets one more post through, which the limits allow for.
        self.unknown_open.load(Ordering::Relaxed) >= u32::from(unknown_max)
            || self.unknown_in_a_row.load(Ordering::Relaxed) >= UNKNOWN_IN_A_ROW_MAX
    }

    /// Notes a post whose outcome is definite.
    pub(crate) fn definite(&self) {
        self.unknown_in_a_row.store(0, Ordering::Relaxed);
    }

    /// Notes a post whose outcome nobody knows.
    pub(crate) fn unknown(&self) {
        self.unknown_open.fetch_add(1, Ordering::Relaxed);
        self.unknown_in_a_row.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_unknowns_in_a_row_or_too_many_open_ones_stop_a_campaign() {
        let health = CampaignHealth::default();
        health.unknown();
        health.unknown();
        assert!(!health.circuit_is_open(10));
        assert!(health.circuit_is_open(2));
        health.definite();
        health.unknown();
        assert!(!health.circuit_is_open(10), "a definite outcome breaks the row");
        health.unknown();
        health.unknown();
        assert!(health.circuit_is_open(10));
    }
}
