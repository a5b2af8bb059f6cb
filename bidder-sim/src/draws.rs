//! [`Draws`]: the chances of one message, fixed by the seed, the buyer and what the message says.
//!
//! Arrival order and threads play no part, so a lead gets the same bid in every run.

use exchange_types::HashKey;

/// A sequence of draws: `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014), started from a keyed hash.
#[derive(Clone, Debug)]
pub struct Draws {
    state: u64,
}

impl Draws {
    /// Starts the draws of one message to `buyer`; `key` is the part of the message that decides.
    pub fn new(seed: u64, buyer: &str, key: &[u8]) -> Self {
        let mut seed_bytes = [0; 16];
        for (place, byte) in seed_bytes.iter_mut().zip(seed.to_le_bytes()) {
            *place = byte;
        }
        let hash = HashKey::new(seed_bytes).hasher().text(buyer).bytes(key).finish();
        Self { state: u64::try_from(hash & u128::from(u64::MAX)).unwrap_or_default() }
    }

    /// Returns the next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `bound`; zero where the bound is zero.
    ///
    /// The high part of a product takes the place of a remainder (Lemire, 2019); its bias is below one
    /// in 2^40 for the bounds in use here.
    pub fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.bits()) * u128::from(bound);
        u64::try_from(product >> 64).unwrap_or_default()
    }

    /// Returns the index that a list of weights gives; zero for an empty list.
    pub fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let total: u64 = weights.clone().map(u64::from).sum();
        let mut left = self.below(total);
        for (index, weight) in weights.map(u64::from).enumerate() {
            match left.checked_sub(weight) {
                Some(rest) => left = rest,
                None => return index,
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_message_draws_the_same() {
        let draw = |seed, buyer, key: &[u8]| Draws::new(seed, buyer, key).bits();
        assert_eq!(draw(1, "north", b"{}"), draw(1, "north", b"{}"));
        assert_ne!(draw(1, "north", b"{}"), draw(2, "north", b"{}"));
        assert_ne!(draw(1, "north", b"{}"), draw(1, "south", b"{}"));
        assert_ne!(draw(1, "north", b"{}"), draw(1, "north", b"[]"));
    }

    #[test]
    fn weights_are_followed() {
        let mut draws = Draws::new(7, "north", b"");
        let mut counts = [0_u32; 3];
        for _ in 0..10_000 {
            if let Some(count) = counts.get_mut(draws.weighted([70, 0, 30].into_iter())) {
                *count += 1;
            }
        }
        let [often, never, seldom] = counts;
        assert!((6_800..7_200).contains(&often), "{often}");
        assert_eq!(never, 0);
        assert_eq!(often + seldom, 10_000);
        assert_eq!(draws.below(0), 0);
        assert_eq!(draws.weighted(std::iter::empty()), 0);
    }
}
