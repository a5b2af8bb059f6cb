//! [`Recorder`]: counts and latencies of a run, as they come in.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::completeness::{CallKind, Violation};

/// The largest latency that is told apart: a minute.
const LATENCY_US_MAX: u64 = 60_000_000;
/// Digits that the histograms keep; three mean an error below a thousandth.
const DIGITS: u8 = 3;

/// What came of one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Observation<'a> {
    pub(crate) kind: CallKind,
    pub(crate) intended: Instant,
    pub(crate) sent: Instant,
    pub(crate) done: Instant,
    pub(crate) outcome: &'a str,
}

/// Counts and latencies.
#[derive(Debug)]
pub(crate) struct Recorder {
    /// Calls whose intended start lies before this count for completeness alone.
    pub(crate) measured_from: Instant,
    /// The last answer of a measured call.
    pub(crate) measured_until: Instant,
    /// Submissions whose intended start is measured.
    pub(crate) submissions: u64,
    pub(crate) calls: BTreeMap<CallKind, CallRecord>,
    pub(crate) violations: BTreeMap<&'static str, u64>,
    pub(crate) first_violations: Vec<String>,
    shown_max: usize,
}

/// Counts and latencies of one kind of call.
#[derive(Debug)]
pub(crate) struct CallRecord {
    pub(crate) outcomes: BTreeMap<String, u64>,
    /// From the intended start, in microseconds.
    pub(crate) latency: Histogram<u64>,
    /// From the sending, in microseconds.
    pub(crate) service: Histogram<u64>,
}

impl Recorder {
    /// Starts the record; the texts of the first `shown_max` violations are kept.
    pub(crate) fn new(measured_from: Instant, shown_max: usize) -> Self {
        Self {
            measured_from,
            measured_until: measured_from,
            submissions: 0,
            calls: BTreeMap::new(),
            violations: BTreeMap::new(),
            first_violations: Vec::new(),
            shown_max,
        }
    }

    /// Counts a submission, of one call or several.
    pub(crate) fn submission(&mut self, intended: Instant) {
        self.submissions += u64::from(intended >= self.measured_from);
    }

    /// Counts a call.
    pub(crate) fn call(&mut self, observation: Observation<'_>) {
        if observation.intended < self.measured_from {
            return;
        }
        self.measured_until = self.measured_until.max(observation.done);
        let record = self.calls.entry(observation.kind).or_insert_with(CallRecord::new);
        *record.outcomes.entry(observation.outcome.to_owned()).or_default() += 1;
        let micros = |from| micros(observation.done.saturating_duration_since(from));
        record.latency.saturating_record(micros(observation.intended));
        record.service.saturating_record(micros(observation.sent));
    }

    /// Counts a broken promise, warm-up or not; `of` names the submission.
    pub(crate) fn violation(&mut self, of: &str, violation: &Violation) {
        *self.violations.entry(violation.rule).or_default() += 1;
        if self.first_violations.len() < self.shown_max {
            self.first_violations.push(format!("{of}: {}: {}", violation.rule, violation.seen));
        }
    }
}

impl CallRecord {
    fn new() -> Self {
        let histogram = || {
            Histogram::new_with_bounds(1, LATENCY_US_MAX, DIGITS).expect("the bounds are constants that fit")
        };
        Self { outcomes: BTreeMap::new(), latency: histogram(), service: histogram() }
    }

    /// Returns how many calls were counted.
    pub(crate) fn count(&self) -> u64 {
        self.latency.len()
    }
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warm_up_counts_for_completeness_alone() {
        let began = Instant::now();
        let second = Duration::from_secs(1);
        let mut recorder = Recorder::new(began + second, 1);
        for intended in [began, began + second] {
            recorder.submission(intended);
            let sent = intended + Duration::from_millis(2);
            let done = intended + Duration::from_millis(5);
            recorder.call(Observation { kind: CallKind::Lead, intended, sent, done, outcome: "sold" });
            recorder.violation("lead 1", &Violation { rule: "status_known", seen: "x".to_owned() });
        }
        assert_eq!(recorder.submissions, 1);
        let record = recorder.calls.get(&CallKind::Lead).expect("leads were counted");
        assert_eq!((record.count(), record.outcomes.get("sold")), (1, Some(&1)));
        assert!((4_990..5_010).contains(&record.latency.max()), "{}", record.latency.max());
        assert!((2_995..3_005).contains(&record.service.max()), "{}", record.service.max());
        assert_eq!(recorder.violations.get("status_known"), Some(&2));
        assert_eq!(recorder.first_violations, ["lead 1: status_known: x"]);
    }
}
