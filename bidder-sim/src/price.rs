//! [`Price`]: what a buyer bids.

use exchange_types::{Amount, Rate};
use serde::Deserialize;

use crate::Draws;

/// A bid has at most four decimals, so prices move in steps of a hundred micros.
const FINEST_STEP_MICROS: i64 = 100;

/// A distribution of bids.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Price {
    /// Always the same: `{ fixed = "31.50" }`.
    Fixed(Decimal),
    /// Evenly between two bounds: `{ uniform = { min = "20.00", max = "45.00", step = "0.50" } }`.
    Uniform(Uniform),
    /// One of several, each as likely: `{ list = ["20.00", "25.00"] }`.
    List(List),
}

/// A decimal number with at most four decimals, written as a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Decimal(pub Amount);

/// The prices from a least to a largest, a step apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "UniformToml")]
pub struct Uniform {
    min: Amount,
    step: Amount,
    /// Prices in all; at least one.
    count: u64,
}

/// At least one price.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<Decimal>")]
pub struct List(Vec<Decimal>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UniformToml {
    min: Decimal,
    max: Decimal,
    #[serde(default = "one_cent")]
    step: Decimal,
}

impl Price {
    /// Returns the bid for one message.
    pub fn draw(&self, draws: &mut Draws) -> Amount {
        match self {
            Self::Fixed(price) => price.0,
            Self::Uniform(uniform) => {
                let steps = i64::try_from(draws.below(uniform.count)).unwrap_or_default();
                Amount::from_micros(uniform.min.micros() + uniform.step.micros() * steps)
            }
            Self::List(prices) => {
                let count = u64::try_from(prices.0.len()).unwrap_or_default();
                let index = usize::try_from(draws.below(count)).unwrap_or_default();
                prices.0.get(index).map_or(Amount::ZERO, |price| price.0)
            }
        }
    }

    /// Returns the price if it is always the same.
    pub fn constant(&self) -> Option<Amount> {
        match self {
            Self::Fixed(price) => Some(price.0),
            Self::Uniform(_) | Self::List(_) => None,
        }
    }
}

/// Returns a share of a price, rounded down to four decimals.
pub(crate) fn share_of(price: Amount, share: Rate) -> Amount {
    let product = i128::from(price.micros()) * i128::from(share.parts()) / i128::from(Rate::PARTS);
    let micros = i64::try_from(product).unwrap_or(i64::MAX);
    Amount::from_micros(micros - micros.rem_euclid(FINEST_STEP_MICROS))
}

fn one_cent() -> Decimal {
    Decimal(Amount::from_micros(Amount::MICROS_PER_UNIT / 100))
}

impl TryFrom<String> for Decimal {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Amount::parse(&text, 4).map(Self).map_err(|error| format!("`{text}`: {error}"))
    }
}

impl TryFrom<UniformToml> for Uniform {
    type Error = &'static str;

    fn try_from(toml: UniformToml) -> Result<Self, Self::Error> {
        let (min, step) = (toml.min.0, toml.step.0);
        if !step.is_positive() {
            return Err("the step must be more than zero");
        }
        let width = toml.max.0.checked_sub(min).map_or(-1, Amount::micros);
        let steps =
            u64::try_from(width).map_err(|_| "`min` must be at most `max`")? / step.micros().unsigned_abs();
        Ok(Self { min, step, count: steps + 1 })
    }
}

impl TryFrom<Vec<Decimal>> for List {
    type Error = &'static str;

    fn try_from(prices: Vec<Decimal>) -> Result<Self, Self::Error> {
        if prices.is_empty() { Err("a list of prices must have at least one") } else { Ok(Self(prices)) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[derive(Deserialize)]
    struct Document {
        price: Price,
    }

    fn parse(text: &str) -> Result<Price, String> {
        toml::from_str(&format!("price = {text}"))
            .map(|document: Document| document.price)
            .map_err(|error| error.to_string())
    }

    fn check(text: &str, expected_micros: &[i64]) {
        let price = parse(text).expect("a price");
        let mut draws = Draws::new(3, "buyer", b"key");
        let bids: BTreeSet<_> = (0..500).map(|_| price.draw(&mut draws).micros()).collect();
        assert!(bids.iter().eq(expected_micros), "{text}: {bids:?}");
    }

    #[test]
    fn draws_follow_the_distribution() {
        check(r#"{ fixed = "31.50" }"#, &[31_500_000]);
        check(r#"{ list = ["20", "25.0001"] }"#, &[20_000_000, 25_000_100]);
        let halves = [20_000_000, 20_500_000, 21_000_000];
        check(r#"{ uniform = { min = "20.00", max = "21.00", step = "0.50" } }"#, &halves);
        check(r#"{ uniform = { min = "20.00", max = "20.00" } }"#, &[20_000_000]);
    }

    #[test]
    fn impossible_prices_are_refused() {
        for (text, reason) in [
            (r#"{ fixed = "31,50" }"#, "not a decimal number"),
            (r#"{ fixed = "31.00001" }"#, "more than 4 decimals"),
            ("{ list = [] }", "at least one"),
            (r#"{ uniform = { min = "2", max = "1" } }"#, "at most `max`"),
            (r#"{ uniform = { min = "1", max = "2", step = "0" } }"#, "more than zero"),
        ] {
            let error = parse(text).expect_err("refused");
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn a_share_keeps_four_decimals() {
        let third = Rate::parse("33.3333%").expect("a rate");
        assert_eq!(share_of(Amount::from_micros(10_000_000), third).micros(), 3_333_300);
    }
}
