//! [`Schedule`]: the intended start of every submission of an open loop.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// How the gaps between submissions are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Arrivals {
    /// Evenly.
    Constant,
    /// As independent sellers arrive: exponential gaps.
    #[default]
    Poisson,
}

/// Intended starts since the beginning of the run, in rising order, without an end.
#[derive(Debug)]
pub struct Schedule {
    arrivals: Arrivals,
    mean_gap: Duration,
    next: Duration,
    chance: StdRng,
}

impl Schedule {
    /// Starts a schedule of `rate` submissions a second; more than zero.
    pub fn new(arrivals: Arrivals, rate: f64, seed: u64) -> Self {
        let mean_gap = Duration::from_secs_f64(1.0 / rate);
        Self { arrivals, mean_gap, next: Duration::ZERO, chance: StdRng::seed_from_u64(seed) }
    }
}

impl Iterator for Schedule {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let start = self.next;
        let gap = match self.arrivals {
            Arrivals::Constant => self.mean_gap,
            // Drawn from (0, 1], so that the logarithm is finite.
            Arrivals::Poisson => self.mean_gap.mul_f64(-(1.0 - self.chance.random::<f64>()).ln()),
        };
        self.next += gap;
        Some(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_arrivals_keep_their_distance() {
        let starts: Vec<_> = Schedule::new(Arrivals::Constant, 100.0, 1).take(4).collect();
        assert_eq!(starts, [0, 10, 20, 30].map(Duration::from_millis));
    }

    #[test]
    fn poisson_arrivals_keep_the_rate_and_the_seed() {
        let starts = |seed| Schedule::new(Arrivals::Poisson, 1_000.0, seed).nth(20_000).expect("endless");
        assert_eq!(starts(1), starts(1));
        assert_ne!(starts(1), starts(2));
        let seconds = starts(1).as_secs_f64();
        assert!((19.5..20.5).contains(&seconds), "{seconds}");
    }
}
