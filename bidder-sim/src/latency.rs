//! [`Latency`]: how long a buyer takes to answer.

use std::time::Duration;

use serde::Deserialize;

use crate::{Draws, HumanDuration};

/// The quantiles 0, 1/16 ... 15/16 of the exponential distribution in thousandths of its mean,
/// `-1000 ln(1 - k/16)`, and a last point that ends the tail at five means. Integers keep the draws
/// the same on every machine.
const EXPONENTIAL_QUANTILES: [u64; 17] =
    [0, 65, 134, 208, 288, 375, 470, 575, 693, 827, 981, 1_163, 1_386, 1_674, 2_079, 2_773, 5_000];

/// A distribution of waiting times.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Latency {
    /// Always the same: `{ fixed = "20ms" }`.
    Fixed(HumanDuration),
    /// Evenly between two bounds: `{ uniform = ["5ms", "40ms"] }`.
    Uniform(Bounds),
    /// Mostly short with a long tail, cut at `max`: `{ exponential = { mean = "15ms", max = "200ms" } }`.
    Exponential {
        /// The mean, before the cut.
        mean: HumanDuration,
        /// The longest.
        max: HumanDuration,
    },
    /// As measured: the values at equally spaced quantiles from the least to the largest, with straight
    /// lines between: `{ quantiles = ["8ms", "12ms", "15ms", "25ms", "180ms"] }`.
    Quantiles(Quantiles),
}

/// Two lengths of time, the first at most the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "[HumanDuration; 2]")]
pub struct Bounds {
    min: HumanDuration,
    max: HumanDuration,
}

/// At least two lengths of time in rising order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<HumanDuration>")]
pub struct Quantiles(Vec<u64>);

impl Default for Latency {
    fn default() -> Self {
        Self::Fixed(HumanDuration::default())
    }
}

impl Latency {
    /// Returns the time that one message takes.
    pub fn draw(&self, draws: &mut Draws) -> Duration {
        match self {
            Self::Fixed(length) => length.0,
            Self::Uniform(bounds) => {
                let width = bounds.max.micros() - bounds.min.micros();
                Duration::from_micros(bounds.min.micros() + draws.below(width.saturating_add(1)))
            }
            Self::Exponential { mean, max } => {
                let thousandths = between_quantiles(&EXPONENTIAL_QUANTILES, draws);
                let micros = mean.micros().saturating_mul(thousandths) / 1_000;
                Duration::from_micros(micros.min(max.micros()))
            }
            Self::Quantiles(quantiles) => Duration::from_micros(between_quantiles(&quantiles.0, draws)),
        }
    }
}

/// Steps into which the space between two quantiles is divided.
const STEPS: u64 = 4_096;

fn between_quantiles(points: &[u64], draws: &mut Draws) -> u64 {
    let gaps = u64::try_from(points.len().saturating_sub(1)).unwrap_or_default();
    let gap = usize::try_from(draws.below(gaps)).unwrap_or_default();
    let step = draws.below(STEPS);
    let (Some(&low), Some(&high)) = (points.get(gap), points.get(gap + 1)) else { return 0 };
    low + high.saturating_sub(low).saturating_mul(step) / STEPS
}

impl TryFrom<[HumanDuration; 2]> for Bounds {
    type Error = &'static str;

    fn try_from([min, max]: [HumanDuration; 2]) -> Result<Self, Self::Error> {
        if min > max { Err("the first bound must be at most the second") } else { Ok(Self { min, max }) }
    }
}

impl TryFrom<Vec<HumanDuration>> for Quantiles {
    type Error = &'static str;

    fn try_from(lengths: Vec<HumanDuration>) -> Result<Self, Self::Error> {
        if lengths.len() < 2 || !lengths.is_sorted() {
            return Err("quantiles must be at least two lengths of time in rising order");
        }
        Ok(Self(lengths.into_iter().map(HumanDuration::micros).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Document {
        latency: Latency,
    }

    fn parse(text: &str) -> Result<Latency, String> {
        toml::from_str(&format!("latency = {text}"))
            .map(|document: Document| document.latency)
            .map_err(|error| error.to_string())
    }

    /// Draws many times and checks the least, the mean and the largest in microseconds.
    fn check(text: &str, least_us: u64, mean_us: std::ops::RangeInclusive<u64>, largest_us: u64) {
        let latency = parse(text).expect("a latency");
        let mut draws = Draws::new(1, "buyer", b"key");
        let lengths: Vec<_> = (0..20_000)
            .map(|_| u64::try_from(latency.draw(&mut draws).as_micros()).expect("short"))
            .collect();
        let mean = lengths.iter().sum::<u64>() / 20_000;
        assert!(lengths.iter().all(|&length| least_us <= length && length <= largest_us), "{text}");
        assert!(mean_us.contains(&mean), "{text}: mean of {mean} us");
    }

    #[test]
    fn draws_follow_the_distribution() {
        check(r#"{ fixed = "20ms" }"#, 20_000, 20_000..=20_000, 20_000);
        check(r#"{ uniform = ["5ms", "15ms"] }"#, 5_000, 9_800..=10_200, 15_000);
        check(r#"{ exponential = { mean = "10ms", max = "30ms" } }"#, 0, 9_000..=10_500, 30_000);
        check(r#"{ quantiles = ["10ms", "20ms", "100ms"] }"#, 10_000, 36_500..=38_500, 100_000);
    }

    #[test]
    fn impossible_distributions_are_refused() {
        for (text, reason) in [
            (r#"{ uniform = ["15ms", "5ms"] }"#, "at most the second"),
            (r#"{ quantiles = ["5ms"] }"#, "rising order"),
            (r#"{ quantiles = ["5ms", "4ms"] }"#, "rising order"),
            (r#"{ fixed = "20" }"#, "no length of time"),
            (r#"{ normal = "20ms" }"#, "unknown variant"),
        ] {
            let error = parse(text).expect_err("refused");
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
