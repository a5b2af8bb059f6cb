//! [`KeyTable`]: the active keys by hash.

use std::collections::HashMap;
use std::sync::Arc;

use exchange_control::Principal;
use exchange_wire::KeyHash;

use super::KeyEntry;

/// The active keys by hash.
///
/// What is looked up and compared are hashes, so the time that it takes tells about a hash only, and whoever can
/// choose a hash freely has no use for a key.
#[derive(Debug)]
pub(super) struct KeyTable(HashMap<KeyHash, Arc<Principal>>);

impl KeyTable {
    pub(super) fn new(entries: &[KeyEntry]) -> Self {
        let active = entries.iter().filter(|entry| entry.is_active());
        let principal = |entry: &KeyEntry| {
            let principal =
                Principal { role: entry.owner.role, name: entry.owner.name.clone(), mode: entry.mode() };
            (entry.hash, Arc::new(principal))
        };
        Self(active.map(principal).collect())
    }

    /// Finds for whom a key speaks.
    pub(super) fn find(&self, hash: &KeyHash) -> Option<Arc<Principal>> {
        let (stored, principal) = self.0.get_key_value(hash)?;
        stored.same_as(hash).then(|| Arc::clone(principal))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
