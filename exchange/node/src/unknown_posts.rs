//! [`UnknownPosts`]: by what id buyers and operators name the posts whose outcome nobody knows.

use exchange_types::PostId;

use crate::UnknownKey;
use crate::id_map::SharedIdMap;

/// The unknown posts of all shards, and those that were resolved lately. Each method is one call into the map
/// and keeps no guard.
#[derive(Debug, Default)]
pub(crate) struct UnknownPosts(SharedIdMap<UnknownKey>);

impl UnknownPosts {
    pub(crate) fn insert(&self, post: PostId, key: UnknownKey) {
        self.0.insert(post.0.as_u128(), key);
    }

    pub(crate) fn get(&self, post: PostId) -> Option<UnknownKey> {
        self.0.get(&post.0.as_u128()).map(|key| *key)
    }

    pub(crate) fn remove(&self, post: PostId) {
        self.0.remove(&post.0.as_u128());
    }
}
