//! [`Tally`] and [`PersistenceReport`]: what a persistent run came to, in numbers.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::reading::Said;
use crate::report::Percentiles;

/// The longest time to a final answer that is told apart: an hour.
const LATENCY_US_MAX: u64 = 3_600_000_000;

/// Counts as they come in.
#[derive(Debug)]
pub(crate) struct Tally {
    submissions: u64,
    unfinished: u64,
    asked_again: u64,
    outcomes: BTreeMap<String, u64>,
    answers: BTreeMap<String, u64>,
    latency: Histogram<u64>,
}

/// What a persistent run came to.
#[derive(Clone, Debug, Serialize)]
pub struct PersistenceReport {
    /// The scenario's name.
    pub scenario: String,
    /// The seed of the leads.
    pub seed: u64,
    /// How long the run took, in seconds.
    pub took_s: f64,
    /// Leads submitted.
    pub submissions: u64,
    /// Leads by their final answer.
    pub outcomes: BTreeMap<String, u64>,
    /// Requests by what came of each: a status, or why there was none.
    pub answers: BTreeMap<String, u64>,
    /// Requests that were made although a final answer was there.
    pub asked_again: u64,
    /// Requests that never got a final answer.
    pub unfinished: u64,
    /// From the intended start to the final answer.
    pub until_final_us: Percentiles,
}

impl Tally {
    pub(crate) fn new() -> Self {
        // The bounds are constants that the library takes; a histogram without bounds stands in otherwise.
        let latency = Histogram::new_with_bounds(1, LATENCY_US_MAX, 3)
            .expect("a bound of an hour and three digits are allowed");
        Self {
            submissions: 0,
            unfinished: 0,
            asked_again: 0,
            outcomes: BTreeMap::new(),
            answers: BTreeMap::new(),
            latency,
        }
    }

    pub(crate) fn submission(&mut self) {
        self.submissions += 1;
    }

    pub(crate) fn asked(&mut self, http: Option<u16>, failure: Option<&'static str>, again: bool) {
        let name = match (http, failure) {
            (Some(status), _) => status.to_string(),
            (None, failure) => failure.unwrap_or("none").to_owned(),
        };
        *self.answers.entry(name).or_default() += 1;
        self.asked_again += u64::from(again);
    }

    pub(crate) fn finished(&mut self, took: Duration, said: &Said) {
        let name = said.status.as_deref().or(said.problem.as_deref()).unwrap_or("broken");
        let name = match &said.reason {
            Some(reason) => format!("{name}/{reason}"),
            None => name.to_owned(),
        };
        *self.outcomes.entry(name).or_default() += 1;
        self.latency.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1));
    }

    pub(crate) fn unfinished(&mut self) {
        self.unfinished += 1;
    }

    pub(crate) fn report(&self, scenario: &str, seed: u64, took: Duration) -> PersistenceReport {
        PersistenceReport {
            scenario: scenario.to_owned(),
            seed,
            took_s: took.as_secs_f64(),
            submissions: self.submissions,
            outcomes: self.outcomes.clone(),
            answers: self.answers.clone(),
            asked_again: self.asked_again,
            unfinished: self.unfinished,
            until_final_us: Percentiles::of(&self.latency),
        }
    }
}

impl PersistenceReport {
    /// Returns whether every request has its final answer.
    pub fn passed(&self) -> bool {
        self.unfinished == 0 && self.submissions > 0
    }
}

impl fmt::Display for PersistenceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} (seed {}), {:.1} s, until every answer is final",
            self.scenario, self.seed, self.took_s
        )?;
        writeln!(f, "{} submissions; final answers:", self.submissions)?;
        for (name, count) in &self.outcomes {
            writeln!(f, "  {name:<32} {count:>8}")?;
        }
        writeln!(f, "requests by answer:")?;
        for (name, count) in &self.answers {
            writeln!(f, "  {name:<32} {count:>8}")?;
        }
        let Percentiles { p50, p90, p99, p999, max } = self.until_final_us;
        write!(f, "milliseconds until final, p50 p90 p99 p99.9 max:")?;
        for micros in [p50, p90, p99, p999, max] {
            write!(f, " {}.{:03}", micros / 1_000, micros % 1_000)?;
        }
        writeln!(f, "\nasked again: {}, without a final answer: {}", self.asked_again, self.unfinished)?;
        writeln!(f, "{}", if self.passed() { "passed" } else { "FAILED" })
    }
}
