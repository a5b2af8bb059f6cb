//! [`Draws`]: every chance of a run, each fixed by the seed and by what it is drawn for.
//!
//! Nothing is drawn from a common sequence, so the order in which things happen never changes a draw: two runs
//! that differ in the breaking of ties meet the same bids, delays and faults.

use exchange_types::{HashKey, Nanos};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// The chances of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draws {
    key: HashKey,
}

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Self { key: HashKey::new(u128::from(seed).to_le_bytes()).derive("sim") }
    }

    /// Starts the draws for one thing.
    pub(crate) fn of(&self, purpose: &str, numbers: &[u128]) -> Draw {
        Draw(StdRng::seed_from_u64(self.number(purpose, numbers)))
    }

    /// Returns the bits that stand for one thing.
    pub(crate) fn bits(&self, purpose: &str, numbers: &[u128]) -> u128 {
        let hash = self.key.hasher().text(purpose);
        numbers.iter().fold(hash, |hash, number| hash.number(*number)).finish()
    }

    /// Returns a number that stands for one thing.
    pub(crate) fn number(&self, purpose: &str, numbers: &[u128]) -> u64 {
        u64::try_from(self.bits(purpose, numbers) >> 64).unwrap_or(0)
    }
}

/// The draws for one thing, one after another.
#[derive(Debug)]
pub(crate) struct Draw(StdRng);

impl Draw {
    /// Returns a number from `from` to `to`, both included.
    pub(crate) fn between(&mut self, from: u64, to: u64) -> u64 {
        self.0.random_range(from..=to)
    }

    /// Returns the same as [`Draw::between`], as an amount of anything.
    pub(crate) fn amount(&mut self, from: i64, to: i64) -> i64 {
        self.0.random_range(from..=to)
    }

    /// Returns a position in a list of so many.
    pub(crate) fn index(&mut self, count: usize) -> usize {
        if count == 0 { 0 } else { self.0.random_range(0..count) }
    }

    /// Returns whether something of this chance, in percent, happens.
    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.between(1, 100) <= chance
    }

    /// Returns a length between two numbers of microseconds, drawn to the nanosecond.
    pub(crate) fn micros(&mut self, from: u64, to: u64) -> Nanos {
        Nanos(self.between(from.saturating_mul(1_000), to.saturating_mul(1_000)))
    }

    /// Returns the position of one of several weights.
    pub(crate) fn weighted<const N: usize>(&mut self, weights: [u64; N]) -> usize {
        let mut left = self.between(1, weights.iter().sum::<u64>().max(1));
        for (position, weight) in weights.into_iter().enumerate() {
            if left <= weight {
                return position;
            }
            left = left.saturating_sub(weight);
        }
        0
    }
}
