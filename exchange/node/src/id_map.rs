//! [`IdMap`] and [`SharedIdMap`]: maps whose keys are random bits already.
//!
//! They are looked up by key; the one search through a map throws out what says nothing any more, in whatever order
//! it comes, so no order reaches an outcome. A shared
//! map is called once at a time and no guard of it is kept over a second call.
#![expect(
    clippy::disallowed_types,
    reason = "the two maps are declared here alone, with a hasher that is not random"
)]

use core::hash::{BuildHasherDefault, Hasher};

/// A map of one shard.
pub(crate) type IdMap<V> = std::collections::HashMap<u128, V, BuildIdHasher>;

/// A map of all shards.
pub(crate) type SharedIdMap<V> = dashmap::DashMap<u128, V, BuildIdHasher>;

/// Builds [`IdHasher`]s.
pub(crate) type BuildIdHasher = BuildHasherDefault<IdHasher>;

/// Folds a key into a hash. Ids and keyed hashes are random bits that no outsider chooses, so a stronger
/// hash would cost without a gain; and without a random state the maps behave the same in each run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            for (place, byte) in word.iter_mut().zip(chunk) {
                *place = *byte;
            }
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }
}
