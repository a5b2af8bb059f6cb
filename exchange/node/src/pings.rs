//! [`Pings`]: with which catalog a ping was parsed, so that any shard can parse its post.

use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_types::{Uuid7, VerticalIndex};

use crate::id_map::SharedIdMap;

/// The open pings of all shards; an entry lives as long as its auction has a slot. Each method is one call
/// into the map and keeps no guard.
#[derive(Debug, Default)]
pub(crate) struct Pings(SharedIdMap<(Arc<Snapshot>, VerticalIndex)>);

impl Pings {
    pub(crate) fn insert(&self, id: Uuid7, snapshot: Arc<Snapshot>, vertical: VerticalIndex) {
        self.0.insert(id.as_u128(), (snapshot, vertical));
    }

    pub(crate) fn get(&self, id: Uuid7) -> Option<(Arc<Snapshot>, VerticalIndex)> {
        self.0.get(&id.as_u128()).map(|entry| (Arc::clone(&entry.0), entry.1))
    }

    pub(crate) fn remove(&self, id: Uuid7) {
        self.0.remove(&id.as_u128());
    }
}
