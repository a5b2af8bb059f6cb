//! [`SeenFilter`]: what has left the memory, remembered in bounded bytes.
//!
//! Bloom filters in generations. A key that was put in is found for at least the filter's horizon; a key that
//! was not is now and then taken for one that was, and never the other way round. Each generation is cut into
//! blocks of a cache line (Putze, Sanders, Singler: "Cache-, Hash- and Space-Efficient Bloom Filters", 2007),
//! so that a look-up reads one line of each generation. With 16 bits a key one of about 500 strange keys is
//! taken for seen in each generation, with 8 bits one of 40; then the store is asked in vain.
//!
//! Keys are digests under a secret, so nobody can aim at a block. All shards use one filter without a lock.

use core::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use exchange_types::{Nanos, UtcMicros};

/// Spans into which the horizon is cut: more would waste fewer bytes and cost more look-ups.
const SPANS: i64 = 3;
/// Generations: those of the horizon, the present one, and one that is empty for the next span.
const GENERATIONS: usize = 5;
/// Words of a block: a cache line.
const BLOCK_WORDS: usize = 8;
/// Bits that a key sets in its block.
const BITS: u32 = 6;
/// Bits of a digest that name one bit of a block.
const BIT_WIDTH: u32 = 9;

/// What has left the memory.
#[derive(Debug)]
pub(crate) struct SeenFilter {
    generations: [Box<[AtomicU64]>; GENERATIONS],
    span_micros: i64,
    /// Counts the spans since 1970; the last is the generation that is written.
    present: AtomicI64,
    /// Whether somebody turns to the next generation.
    turning: AtomicBool,
}

impl SeenFilter {
    /// Returns an empty filter of at most so many bytes that remembers a key for at least `horizon`.
    pub(crate) fn new(bytes: usize, horizon: Nanos) -> Self {
        let blocks = bytes.div_euclid(GENERATIONS.saturating_mul(BLOCK_WORDS).saturating_mul(8)).max(1);
        let words = blocks.saturating_mul(BLOCK_WORDS);
        let horizon = i64::try_from(horizon.as_micros()).unwrap_or(i64::MAX);
        Self {
            generations: core::array::from_fn(|_| (0..words).map(|_| AtomicU64::new(0)).collect()),
            span_micros: horizon.div_euclid(SPANS).max(1),
            present: AtomicI64::new(i64::MIN),
            turning: AtomicBool::new(false),
        }
    }

    /// Puts a key in.
    pub(crate) fn insert(&self, key: u128, now: UtcMicros) {
        self.turn(now);
        let Some(words) = self.generation(self.present.load(Ordering::Acquire)) else { return };
        for (word, mask) in places(key, words.len()) {
            if let Some(word) = words.get(word) {
                word.fetch_or(mask, Ordering::Relaxed);
            }
        }
    }

    /// Returns whether a key may have been put in within the horizon.
    pub(crate) fn has_seen(&self, key: u128) -> bool {
        self.generations.iter().any(|words| {
            let set = |word: usize, mask: u64| {
                words.get(word).is_none_or(|word| word.load(Ordering::Relaxed) & mask != 0)
            };
            places(key, words.len()).all(|(word, mask)| set(word, mask))
        })
    }

    /// Goes on to the generation of a moment, and empties the one that comes after it.
    ///
    /// The generation that is written next is empty before it is reached, so nothing that another shard puts in
    /// is lost. Whoever finds somebody else at it writes into the generation before, which only lasts longer.
    fn turn(&self, now: UtcMicros) {
        let wanted = now.0.div_euclid(self.span_micros);
        if self.present.load(Ordering::Acquire) >= wanted || self.turning.swap(true, Ordering::Acquire) {
            return;
        }
        let present = self.present.load(Ordering::Acquire);
        // After a long rest every generation is emptied once.
        let all = i64::try_from(GENERATIONS).unwrap_or(i64::MAX);
        let first = if present == i64::MIN { wanted } else { present.saturating_add(1) };
        for next in first.max(wanted.saturating_sub(all))..=wanted {
            self.present.store(next, Ordering::Release);
            for word in self.generation(next.saturating_add(1)).into_iter().flatten() {
                word.store(0, Ordering::Relaxed);
            }
        }
        self.turning.store(false, Ordering::Release);
    }

    fn generation(&self, number: i64) -> Option<&[AtomicU64]> {
        let count = i64::try_from(GENERATIONS).unwrap_or(1);
        let position = usize::try_from(number.rem_euclid(count)).ok()?;
        self.generations.get(position).map(|words| &**words)
    }

    /// Returns the number of the generation that is written.
    pub(crate) fn present(&self) -> i64 {
        self.present.load(Ordering::Acquire)
    }

    /// Returns the words of each generation, in the order of their places.
    pub(crate) fn words(&self) -> impl Iterator<Item = &[AtomicU64]> {
        self.generations.iter().map(|words| &**words)
    }

    /// Makes this filter know what another one knows. One of another size cannot be read, so then every key
    /// counts as seen until the horizon has passed.
    pub(crate) fn take_over(&self, other: &Self) {
        self.present.store(other.present(), Ordering::Release);
        for (own, others) in self.words().zip(other.words()) {
            let same = own.len() == others.len() && self.span_micros == other.span_micros;
            let used = others.iter().any(|word| word.load(Ordering::Relaxed) != 0);
            for (position, word) in own.iter().enumerate() {
                let known = others.get(position).map_or(0, |word| word.load(Ordering::Relaxed));
                let value = if same { known } else { u64::MAX * u64::from(used) };
                word.store(value, Ordering::Relaxed);
            }
        }
    }

    /// Sets what a checkpoint says of the generations.
    pub(crate) fn set_present(&self, present: i64) {
        self.present.store(present, Ordering::Release);
    }
}

/// Returns the words that a key touches, each with its bit.
fn places(key: u128, words: usize) -> impl Iterator<Item = (usize, u64)> {
    let (high, low) = (key >> 64, key & u128::from(u64::MAX));
    // The high half chooses the block, the low half the bits in it.
    let blocks = u128::try_from(words.div_euclid(BLOCK_WORDS).max(1)).unwrap_or(1);
    let block = usize::try_from((high.wrapping_mul(blocks)) >> 64).unwrap_or(0);
    (0..BITS).map(move |number| {
        let bit = (low >> number.wrapping_mul(BIT_WIDTH)) & ((1 << BIT_WIDTH) - 1);
        let bit = usize::try_from(bit).unwrap_or(0);
        let word = block.saturating_mul(BLOCK_WORDS).saturating_add(bit.div_euclid(64));
        (word, 1_u64 << (bit & 63))
    })
}

#[cfg(test)]
mod tests {
    use exchange_types::HashKey;

    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn key(number: u64) -> u128 {
        HashKey::new([3; 16]).hasher().number(u128::from(number)).finish()
    }

    fn filter(bytes: usize) -> SeenFilter {
        SeenFilter::new(bytes, Nanos::from_secs(72 * 3_600))
    }

    #[test]
    fn whatever_was_put_in_is_found_for_72_hours() {
        let seen = filter(1 << 16);
        let begin = 20_000 * 24 * HOUR;
        // One key every quarter of an hour over ten days: each is looked for until its time is over.
        for step in 0..960_u64 {
            let at = begin + i64::try_from(step).expect("small") * (HOUR / 4);
            seen.insert(key(step), UtcMicros(at));
            for known in step.saturating_sub(288)..=step {
                assert!(seen.has_seen(key(known)), "{known} is forgotten at {step}");
            }
        }
        let forgotten = (0..400).filter(|number| !seen.has_seen(key(*number))).count();
        assert!(forgotten > 390, "only {forgotten} of 400 old keys have left, so the filter would fill up");
    }

    #[test]
    fn strange_keys_are_seldom_taken_for_seen() {
        // 16 bits a key in the one generation that is written.
        let keys = 10_000_u64;
        let bytes = usize::try_from(keys).expect("small") * 2 * GENERATIONS;
        let seen = filter(bytes);
        for number in 0..keys {
            seen.insert(key(number), UtcMicros(HOUR));
        }
        let wrong = (keys..keys + 100_000).filter(|number| seen.has_seen(key(*number))).count();
        assert!(wrong < 400, "{wrong} of 100,000 strange keys are taken for seen; below 200 are expected");
        assert!((0..keys).all(|number| seen.has_seen(key(number))));
    }

    #[test]
    fn a_clock_that_is_set_back_forgets_nothing() {
        let seen = filter(1 << 12);
        seen.insert(key(1), UtcMicros(100 * 24 * HOUR));
        seen.insert(key(2), UtcMicros(HOUR));
        seen.insert(key(3), UtcMicros(101 * 24 * HOUR));
        assert!((1..=3).all(|number| seen.has_seen(key(number))));
    }

    #[test]
    fn a_filter_of_another_size_takes_everything_for_seen() {
        let (small, large) = (filter(1 << 12), filter(1 << 14));
        small.insert(key(1), UtcMicros(HOUR));
        large.take_over(&small);
        assert!(large.has_seen(key(1)) && large.has_seen(key(99)));
        let same = filter(1 << 12);
        same.take_over(&small);
        assert!(same.has_seen(key(1)) && !same.has_seen(key(99)));
    }
}
