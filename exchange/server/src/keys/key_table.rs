//! [`KeyTable`]: the active keys by hash.

use std::collections::HashMap;
use std::sync::Arc;

use exchange_control::Principal;
use exchange_node::{DayCount, KeyQuota, Meter};
use exchange_wire::KeyHash;

use super::{KeyEntry, KeyLimits};

/// An active key.
#[derive(Debug)]
pub(crate) struct KnownKey {
    /// For whom it speaks.
    pub(crate) principal: Arc<Principal>,
    /// What may come with it.
    pub(crate) limits: KeyLimits,
    /// What is used up of that.
    pub(crate) used: Arc<KeyUse>,
}

/// What is used up of a key's limits.
#[derive(Debug, Default)]
pub(crate) struct KeyUse {
    pub(crate) rate: Meter,
    day: Arc<DayCount>,
}

impl KnownKey {
    /// Returns what may be submitted with it in a day, where that is bounded.
    pub(crate) fn quota(&self) -> Option<KeyQuota> {
        Some(KeyQuota { a_day: self.limits.quota_day?, used: Arc::clone(&self.used.day) })
    }
}

/// The active keys by hash.
///
/// What is looked up and compared are hashes, so the time that it takes tells about a hash only, and whoever can
/// choose a hash freely has no use for a key.
#[derive(Debug)]
pub(super) struct KeyTable(HashMap<KeyHash, Arc<KnownKey>>);

impl KeyTable {
    /// Returns the table of some keys. What was used up of those before goes on.
    pub(super) fn new(entries: &[KeyEntry], before: Option<&Self>) -> Self {
        let active = entries.iter().filter(|entry| entry.is_active());
        let known = |entry: &KeyEntry| {
            let principal =
                Principal { role: entry.owner.role, name: entry.owner.name.clone(), mode: entry.mode() };
            let used = before.and_then(|before| before.0.get(&entry.hash));
            let known = KnownKey {
                principal: Arc::new(principal),
                limits: entry.limits,
                used: used.map_or_else(Arc::default, |key| Arc::clone(&key.used)),
            };
            (entry.hash, Arc::new(known))
        };
        Self(active.map(known).collect())
    }

    /// Finds a key.
    pub(super) fn find(&self, hash: &KeyHash) -> Option<Arc<KnownKey>> {
        let (stored, known) = self.0.get_key_value(hash)?;
        stored.same_as(hash).then(|| Arc::clone(known))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
