//! [`Turn`]: whose turn it is among equal scores, by weighted rendezvous hashing.
//!
//! Each campaign draws a number `u` in (0, 1] from a keyed hash of auction and campaign; the least
//! `-ln(u) / weight` comes first. These are exponential variables with the weights as rates, so a campaign
//! comes first with a probability of its weight over the sum of weights (Efraimidis and Spirakis, "Weighted
//! random sampling with a reservoir", 2006). Nothing is remembered, and a replay draws the same numbers.
//! The logarithm is taken to base two and in integers: the base cancels, and every machine agrees.

use core::cmp::Ordering;

use crate::{Contender, Rules};

/// A campaign's place in the rotation of one auction; the least comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// `-log2(u)` with [`FRACTION_BITS`] fractional bits.
    wait: u64,
    weight: u32,
    hash: u128,
}

impl Turn {
    pub(crate) fn of(rules: &Rules, contender: &Contender) -> Self {
        let hash =
            rules.rotation.hasher().number(rules.auction).number(contender.rotation_id.into()).finish();
        Self { wait: negative_log2(hash), weight: contender.weight.max(1), hash }
    }
}

impl Ord for Turn {
    fn cmp(&self, other: &Self) -> Ordering {
        // A wait has 56 bits and a weight 32, so the products are exact.
        let here = u128::from(self.wait).saturating_mul(other.weight.into());
        let there = u128::from(other.wait).saturating_mul(self.weight.into());
        here.cmp(&there).then(self.hash.cmp(&other.hash)).then(self.weight.cmp(&other.weight))
    }
}

impl PartialOrd for Turn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Fractional bits of a wait: two waits of one auction meet once in 2^48.
const FRACTION_BITS: u32 = 48;

/// Returns `-log2((hash + 1) / 2^128)`, rounded down to [`FRACTION_BITS`], by repeated squaring.
fn negative_log2(hash: u128) -> u64 {
    let number = hash.saturating_add(1);
    let leading = number.leading_zeros();
    // The mantissa in [1, 2), with 63 fractional bits.
    let mut mantissa = (number << leading) >> 64;
    let mut fraction: u64 = 0;
    for _ in 0..FRACTION_BITS {
        mantissa = mantissa.saturating_mul(mantissa) >> 63;
        let carry = mantissa >> 64;
        mantissa >>= carry;
        fraction = (fraction << 1) | u64::try_from(carry).unwrap_or(1);
    }
    // The logarithm of the number is 127 - leading + fraction, so its distance to 128 is this.
    let whole = u64::from(leading).saturating_add(1) << FRACTION_BITS;
    whole.saturating_sub(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_of_powers_of_two_are_whole() {
        for bits in 0..128_u32 {
            let number = (1_u128 << bits).wrapping_sub(1);
            assert_eq!(
                negative_log2(number),
                u64::from(128_u32.saturating_sub(bits)) << FRACTION_BITS,
                "{bits}"
            );
        }
    }

    #[test]
    fn logarithms_between_powers_are_close() {
        // log2(3) = 1.584962500721156181453738943947816508759814407692481060455...
        let expected: u64 = 0x1_95C0_1A39_FBD6; // The same with 48 fractional bits, rounded down.
        let of_three_quarters = negative_log2((3_u128 << 126).wrapping_sub(1));
        let distance = (2_u64 << FRACTION_BITS).saturating_sub(expected).abs_diff(of_three_quarters);
        assert!(distance <= 1, "{distance}");
    }

    #[test]
    fn a_heavier_campaign_waits_less() {
        let turn = |wait, weight| Turn { wait, weight, hash: 0 };
        assert!(turn(30, 10) < turn(4, 1));
        assert!(turn(30, 10) > turn(2, 1));
        assert_eq!(turn(30, 10).cmp(&turn(3, 1)), Ordering::Greater, "equal waits fall to the weight");
    }
}
