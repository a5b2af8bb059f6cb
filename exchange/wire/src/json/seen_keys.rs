//! [`SeenKeys`]: finds a key that stands twice in one object.

/// Keys of all objects that are open at the same place: a vertical's fields and as many again that it does
/// not know. The bound keeps the comparison of every key with those before it short.
pub(crate) const OPEN_KEYS_MAX: usize = 1_024;

/// What is kept in place; more keys than these move to the heap.
const IN_PLACE: usize = 32;

/// The keys of the open objects, as hashes: those of an inner object stand behind those of the outer one.
///
/// Two different keys with one hash would be taken for duplicates. By chance that happens once in 2^64 over
/// the pairs of keys; whoever provokes it has only his own body refused.
pub(super) struct SeenKeys {
    in_place: [u64; IN_PLACE],
    more: Vec<u64>,
    count: usize,
}

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Insert {
    New,
    Duplicate,
    Full,
}

impl SeenKeys {
    pub(super) const fn new() -> Self {
        Self { in_place: [0; IN_PLACE], more: Vec::new(), count: 0 }
    }

    /// Returns where the keys of an object that opens now will begin.
    pub(super) const fn mark(&self) -> usize {
        self.count
    }

    /// Forgets the keys of the object that began at `mark`.
    pub(super) fn release(&mut self, mark: usize) {
        self.count = self.count.min(mark);
        self.more.truncate(self.count.saturating_sub(IN_PLACE));
    }

    /// Adds a key to the object that began at `mark`.
    pub(super) fn insert(&mut self, mark: usize, key: &str) -> Insert {
        let hash = hash(key.as_bytes());
        let in_place = self.in_place.get(mark.min(IN_PLACE)..self.count.min(IN_PLACE)).unwrap_or(&[]);
        let more = self.more.get(mark.saturating_sub(IN_PLACE)..).unwrap_or(&[]);
        if in_place.contains(&hash) || more.contains(&hash) {
            return Insert::Duplicate;
        }
        if self.count >= OPEN_KEYS_MAX {
            return Insert::Full;
        }
        match self.in_place.get_mut(self.count) {
            Some(place) => *place = hash,
            None => self.more.push(hash),
        }
        self.count = self.count.saturating_add(1);
        Insert::New
    }
}

/// The hash of rustc and Firefox, eight bytes at a time, begun with the length so that the zeros behind the
/// last bytes are none of the key's: <https://github.com/rust-lang/rustc-hash>.
fn hash(bytes: &[u8]) -> u64 {
    let step = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    let (words, rest) = bytes.as_chunks();
    let mut last = [0; 8];
    for (place, &byte) in last.iter_mut().zip(rest) {
        *place = byte;
    }
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let hash = words.iter().fold(length, |hash, word| step(hash, u64::from_le_bytes(*word)));
    step(hash, u64::from_le_bytes(last))
}
