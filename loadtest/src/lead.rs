//! [`LeadMaker`]: makes the n-th lead of a scenario, the same one in every run.

use std::collections::BTreeMap;
use std::time::Duration;

use exchange_types::{Currency, Rate, UtcMicros};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Map, Value};

use crate::scenario::{Circumstances, FieldRule, FieldRules, Scenario};

/// Leads that lie at most between a lead and its duplicate.
const DUPLICATE_DISTANCE_MAX: u64 = 1_000;

/// Makes the leads of a scenario.
#[derive(Debug)]
pub struct LeadMaker<'a> {
    scenario: &'a Scenario,
    seed: u64,
    weights: u32,
}

/// A lead, ready to be put into one submission or two.
#[derive(Clone, Debug, PartialEq)]
pub struct Lead {
    /// Its number in the run.
    pub number: u64,
    /// The person's number: an earlier lead's, where this one is its duplicate.
    pub person: u64,
    /// The vertical.
    pub vertical: String,
    /// The currency of every answer.
    pub currency: Currency,
    /// Within what time a lead or post has to be answered.
    pub answer_by: Duration,
    /// Within what time a ping has to be answered.
    pub bids_close: Duration,
    /// Fields that are known at the ping.
    pub fields: Map<String, Value>,
    /// Fields that come with the post.
    pub post_fields: Map<String, Value>,
    /// The consent.
    pub consent: Map<String, Value>,
    /// The source.
    pub source: Map<String, Value>,
    /// Other keys of the envelope.
    pub envelope: Map<String, Value>,
}

impl<'a> LeadMaker<'a> {
    /// Starts the leads of a seed.
    pub fn new(scenario: &'a Scenario, seed: u64) -> Self {
        let weights = scenario.leads.iter().map(|kind| kind.weight).fold(0, u32::saturating_add);
        Self { scenario, seed, weights }
    }

    /// Makes a lead; `now` shows in its consent alone.
    pub fn make(&self, number: u64, now: UtcMicros) -> Lead {
        self.make_as(number, self.person(number), now)
    }

    fn make_as(&self, number: u64, person: u64, now: UtcMicros) -> Lead {
        let mut chance = self.chance(person);
        let mut left = chance.random_range(0..self.weights.max(1));
        let drawn = self.scenario.leads.iter().find(|kind| match left.checked_sub(kind.weight) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        let Some(kind) = drawn.or(self.scenario.leads.first()) else {
            unreachable!("a scenario has at least one kind of leads")
        };
        let circumstances = Circumstances { person, now };
        let mut make = |rules: &FieldRules| -> Map<String, Value> {
            let value = |(name, rule): (&String, &FieldRule)| {
                rule.make(&mut chance, circumstances).map(|value| (name.clone(), value))
            };
            rules.iter().filter_map(value).collect()
        };
        Lead {
            number,
            person,
            vertical: kind.vertical.clone(),
            currency: kind.currency,
            answer_by: kind.answer_by.0,
            bids_close: kind.bids_close.0,
            fields: make(&kind.fields),
            post_fields: make(&kind.post_fields),
            consent: make(&kind.consent),
            source: make(&kind.source),
            envelope: make(&kind.envelope),
        }
    }

    /// Returns the person of a lead: its own number, or that of an earlier lead.
    fn person(&self, number: u64) -> u64 {
        let mut chance = self.chance(!number);
        let repeats = chance.random_range(0..Rate::PARTS) < self.scenario.duplicates.0.parts();
        let distance = chance.random_range(1..=DUPLICATE_DISTANCE_MAX);
        if repeats { number.saturating_sub(distance) } else { number }
    }

    fn chance(&self, number: u64) -> StdRng {
        // Two odd factors keep neighbouring seeds and numbers apart (Weyl sequences).
        let seed = self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number.wrapping_mul(0xd1b5_4a32_d192_ed03);
        StdRng::seed_from_u64(seed)
    }
}

impl Lead {
    /// Returns all fields, as a one-call lead has them.
    pub fn all_fields(&self) -> BTreeMap<&str, &Value> {
        self.fields.iter().chain(&self.post_fields).map(|(name, value)| (name.as_str(), value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn scenario(duplicates: &str) -> Scenario {
        let text = format!(
            r#"
            name = "small"
            duplicates = "{duplicates}"
            [[lead]]
            vertical = "solar"
            weight = 3
            currency = "EUR"
            answer_by = "2s"
            bids_close = "300ms"
            fields.zip = {{ pattern = "8####" }}
            post_fields.phone = {{ pattern = "+49151{{n8}}" }}
            consent.captured_at = {{ ago = "30s" }}
            [[lead]]
            vertical = "auto"
            currency = "USD"
            answer_by = "2s"
            bids_close = "300ms"
            fields.zip = {{ pattern = "9####" }}
            "#
        );
        Scenario::parse(Path::new("s.toml"), &text).expect("a scenario")
    }

    #[test]
    fn the_same_number_makes_the_same_lead() {
        let scenario = scenario("0%");
        let maker = LeadMaker::new(&scenario, 1);
        let now = UtcMicros(0);
        assert_eq!(maker.make(7, now), LeadMaker::new(&scenario, 1).make(7, now));
        let zips = |maker: &LeadMaker<'_>| -> Vec<_> { (0..20).map(|n| maker.make(n, now).fields).collect() };
        assert_ne!(zips(&maker), zips(&LeadMaker::new(&scenario, 2)));
        assert_eq!(maker.make(7, UtcMicros(9)).fields, maker.make(7, now).fields);
    }

    #[test]
    fn kinds_follow_their_weights() {
        let scenario = scenario("0%");
        let maker = LeadMaker::new(&scenario, 1);
        let solar = (0..2_000).filter(|&n| maker.make(n, UtcMicros(0)).vertical == "solar").count();
        assert!((1_400..1_600).contains(&solar), "{solar}");
    }

    #[test]
    fn a_duplicate_is_an_earlier_person() {
        let scenario = scenario("10%");
        let maker = LeadMaker::new(&scenario, 1);
        let now = UtcMicros(0);
        let leads = (1_000..2_000).map(|number| maker.make(number, now));
        let duplicates: Vec<_> = leads.filter(|lead| lead.person != lead.number).collect();
        assert!((70..130).contains(&duplicates.len()), "{}", duplicates.len());
        for lead in duplicates {
            assert!(lead.person < lead.number);
            let earlier = maker.make_as(lead.person, lead.person, now);
            assert_eq!(lead.all_fields(), earlier.all_fields());
        }
    }
}
