//! [`Report`]: what came of a run, for people and for programs.

mod text;

use std::collections::BTreeMap;
use std::time::Duration;

use exchange_types::Rate;
use hdrhistogram::Histogram;
use serde::Serialize;

use crate::DurationText;
use crate::completeness::CallKind;
use crate::processor_time::ProcessorTime;
use crate::recorder::{CallRecord, Recorder};
use crate::scenario::Thresholds;

/// What came of a run. Figures are those after the warm-up; violations are those of the whole run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The scenario's name.
    pub scenario: String,
    /// The seed of the leads.
    pub seed: u64,
    /// The time of the start, RFC 3339.
    pub began: String,
    /// From the first measured submission to the last answer, in seconds.
    pub measured_s: f64,
    /// Submissions.
    pub submissions: u64,
    /// Submissions a second.
    pub submissions_per_s: f64,
    /// Calls by kind.
    pub calls: BTreeMap<CallKind, CallReport>,
    /// Broken promises in all.
    pub violations: u64,
    /// Broken promises by rule.
    pub violations_by_rule: BTreeMap<&'static str, u64>,
    /// The first of them, as texts.
    pub first_violations: Vec<String>,
    /// What the scenario expects and the run did not reach.
    pub missed: Vec<String>,
    /// Processor time by process.
    pub processes: Vec<ProcessReport>,
}

/// One kind of calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallReport {
    /// Calls answered, or given up.
    pub count: u64,
    /// Calls by status and reason.
    pub outcomes: BTreeMap<String, u64>,
    /// From the intended start.
    pub latency_us: Percentiles,
    /// From the sending.
    pub service_us: Percentiles,
}

/// A distribution in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Percentiles {
    pub p50: u64,
    pub p90: u64,
    pub p99: u64,
    pub p999: u64,
    pub max: u64,
}

/// Processor time of one process.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProcessReport {
    /// The name given on the command line.
    pub name: String,
    /// Its process id.
    pub pid: u32,
    /// Processor time in seconds.
    pub cpu_s: f64,
    /// Processor time of one submission in microseconds.
    pub cpu_us_per_submission: f64,
    /// The same by thread name.
    pub threads_us_per_submission: BTreeMap<String, f64>,
}

/// What heads a report.
#[derive(Clone, Debug)]
pub(crate) struct Heading {
    pub(crate) scenario: String,
    pub(crate) seed: u64,
    pub(crate) began: String,
}

impl Report {
    pub(crate) fn new(
        heading: Heading,
        recorder: &Recorder,
        expect: &Thresholds,
        processes: &[(crate::WatchedProcess, ProcessorTime)],
    ) -> Self {
        let measured = recorder.measured_until.saturating_duration_since(recorder.measured_from);
        let submissions = recorder.submissions;
        let calls: BTreeMap<_, _> =
            recorder.calls.iter().map(|(&kind, record)| (kind, CallReport::new(record))).collect();
        let process = |(watched, time): &(crate::WatchedProcess, ProcessorTime)| ProcessReport {
            name: watched.name.clone(),
            pid: watched.pid,
            cpu_s: time.used().as_secs_f64(),
            cpu_us_per_submission: micros_each(time.used(), submissions),
            threads_us_per_submission: time
                .threads
                .iter()
                .map(|(name, &time)| (name.clone(), micros_each(time, submissions)))
                .collect(),
        };
        Self {
            scenario: heading.scenario,
            seed: heading.seed,
            began: heading.began,
            measured_s: measured.as_secs_f64(),
            submissions,
            submissions_per_s: per_second(submissions, measured),
            missed: missed(&calls, expect),
            calls,
            violations: recorder.violations.values().sum(),
            violations_by_rule: recorder.violations.clone(),
            first_violations: recorder.first_violations.clone(),
            processes: processes.iter().map(process).collect(),
        }
    }

    /// Returns whether every answer was complete and every threshold reached.
    pub fn passed(&self) -> bool {
        self.violations == 0 && self.missed.is_empty() && self.submissions > 0
    }
}

impl CallReport {
    fn new(record: &CallRecord) -> Self {
        Self {
            count: record.count(),
            outcomes: record.outcomes.clone(),
            latency_us: Percentiles::of(&record.latency),
            service_us: Percentiles::of(&record.service),
        }
    }

    fn count_of(&self, matches: impl Fn(&str) -> bool) -> u64 {
        self.outcomes.iter().filter(|(outcome, _)| matches(outcome)).map(|(_, count)| count).sum()
    }
}

impl Percentiles {
    /// Reads them from a histogram.
    pub(crate) fn of(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile);
        Self { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: histogram.max() }
    }
}

/// Returns the thresholds that were missed, as texts.
fn missed(calls: &BTreeMap<CallKind, CallReport>, expect: &Thresholds) -> Vec<String> {
    let mut missed = Vec::new();
    let sum = |count: &dyn Fn(&CallReport) -> u64| calls.values().map(count).sum::<u64>();
    // That an unsold person came again too soon is an answer about the person, not about the load.
    let shed = |outcome: &str| {
        (outcome.starts_with("http_429") || outcome.starts_with("http_503"))
            && outcome != "http_429/resubmitted_too_soon"
    };
    let all = sum(&|call| call.count);
    let shed_count = sum(&|call| call.count_of(shed));
    if exceeds(shed_count, expect.shed_max.0, all) {
        missed.push(format!("{shed_count} of {all} calls shed, allowed {}", expect.shed_max.0));
    }
    if let Some(least) = expect.sold_min {
        let selling = || calls.iter().filter(|(kind, _)| matches!(kind, CallKind::Lead | CallKind::Post));
        let tried: u64 = selling().map(|(_, call)| call.count).sum();
        let sold: u64 = selling().map(|(_, call)| call.count_of(|outcome| outcome == "sold")).sum();
        if exceeds(tried - sold, least.0.complement(), tried) {
            missed.push(format!("{sold} of {tried} leads sold, expected {}", least.0));
        }
    }
    for (kind, call) in calls {
        let mut at_most = |name: &str, seen_us: u64, limit: Option<DurationText>| {
            if let Some(limit) = limit.filter(|limit| Duration::from_micros(seen_us) > limit.0) {
                missed.push(format!("{kind:?}: {name} of {seen_us} us, allowed {:?}", limit.0));
            }
        };
        at_most("p50", call.latency_us.p50, expect.p50_max);
        at_most("p99", call.latency_us.p99, expect.p99_max);
    }
    missed
}

/// Returns whether `part` is more than `rate` of `whole`.
fn exceeds(part: u64, rate: Rate, whole: u64) -> bool {
    u128::from(part) * u128::from(Rate::PARTS) > u128::from(whole) * u128::from(rate.parts())
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people; counts stay far below 2^52")]
fn micros_each(time: Duration, count: u64) -> f64 {
    if count == 0 { 0.0 } else { time.as_secs_f64() * 1e6 / count as f64 }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people; counts stay far below 2^52")]
fn per_second(count: u64, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { count as f64 / time.as_secs_f64() }
}

#[cfg(test)]
mod tests;
