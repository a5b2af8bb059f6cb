use std::time::{Duration, Instant};

use super::*;
use crate::WatchedProcess;
use crate::completeness::Violation;
use crate::recorder::Observation;
use crate::scenario::Percentage;

/// A run of a second with a hundred leads that took 1 to 100 ms, the slowest twenty of them unsold and
/// one of these shed.
fn recorder() -> Recorder {
    let began = Instant::now();
    let mut recorder = Recorder::new(began, 3);
    for millis in 1..=100 {
        recorder.submission(began);
        let outcome = match millis {
            ..=80 => "sold",
            81..=99 => "unsold/no_bid",
            _ => "http_503/overloaded",
        };
        let done = began + Duration::from_millis(900 + millis);
        let intended = began + Duration::from_millis(900);
        recorder.call(Observation { kind: CallKind::Lead, intended, sent: intended, done, outcome });
    }
    recorder
}

fn report(recorder: &Recorder, expect: &Thresholds) -> Report {
    let heading =
        Heading { scenario: "small".to_owned(), seed: 1, began: "2026-11-20T00:00:00.000Z".to_owned() };
    let exchange = WatchedProcess { name: "exchange".to_owned(), pid: 7 };
    let time = ProcessorTime {
        total: Duration::from_millis(20),
        threads: [
            ("shard-0".to_owned(), Duration::from_millis(15)),
            ("journal".to_owned(), Duration::from_millis(5)),
        ]
        .into(),
    };
    Report::new(heading, recorder, expect, &[(exchange, time)])
}

fn percentage(text: &str) -> Percentage {
    Percentage(Rate::parse(text).expect("a percentage"))
}

fn check_missed(expect: Thresholds, count: usize) {
    let report = report(&recorder(), &expect);
    assert_eq!(report.missed.len(), count, "{expect:?}: {:?}", report.missed);
    assert_eq!(report.passed(), count == 0);
}

#[test]
fn figures_follow_from_the_record() {
    let report = report(&recorder(), &Thresholds::default());
    assert_eq!(report.submissions, 100);
    assert!((report.submissions_per_s - 100.0).abs() < 0.1, "{}", report.submissions_per_s);
    let leads = report.calls.get(&CallKind::Lead).expect("leads were counted");
    assert_eq!((leads.count, leads.outcomes.get("sold")), (100, Some(&80)));
    let near = |seen: u64, expected: u64| seen.abs_diff(expected) * 1_000 <= expected;
    assert!(
        near(leads.latency_us.p50, 50_000) && near(leads.latency_us.p99, 99_000),
        "{:?}",
        leads.latency_us
    );
    assert!(near(leads.latency_us.max, 100_000));
    let [process] = report.processes.as_slice() else { panic!("one process") };
    assert!((process.cpu_us_per_submission - 200.0).abs() < 0.001);
    let shard = process.threads_us_per_submission.get("shard-0").expect("the thread was counted");
    assert!((shard - 150.0).abs() < 0.001);
}

#[test]
fn thresholds_are_judged() {
    let allowing = |shed: &str| Thresholds { shed_max: percentage(shed), ..Thresholds::default() };
    check_missed(allowing("0%"), 1);
    check_missed(allowing("1%"), 0);
    check_missed(Thresholds { sold_min: Some(percentage("80%")), ..allowing("1%") }, 0);
    check_missed(Thresholds { sold_min: Some(percentage("80.01%")), ..allowing("1%") }, 1);
    let millis = |millis| Some(DurationText(Duration::from_millis(millis)));
    check_missed(Thresholds { p50_max: millis(51), p99_max: millis(100), ..allowing("1%") }, 0);
    check_missed(Thresholds { p50_max: millis(49), p99_max: millis(98), ..allowing("1%") }, 2);
}

#[test]
fn refused_load_is_shed_and_a_person_who_comes_again_is_not() {
    let shed_by = |outcome: &'static str| {
        let began = Instant::now();
        let mut recorder = Recorder::new(began, 3);
        recorder.submission(began);
        let kind = CallKind::Lead;
        recorder.call(Observation { kind, intended: began, sent: began, done: began, outcome });
        report(&recorder, &Thresholds::default()).missed.len()
    };
    for (outcome, shed) in [
        ("http_503/overloaded", 1),
        ("http_503/not_ready", 1),
        ("http_429/rate_limited", 1),
        ("http_429/resubmitted_too_soon", 0),
        ("duplicate/own", 0),
    ] {
        assert_eq!(shed_by(outcome), shed, "{outcome}");
    }
}

#[test]
fn a_violation_or_an_empty_run_fails() {
    let expect = Thresholds { shed_max: percentage("1%"), ..Thresholds::default() };
    let mut recorder = recorder();
    assert!(report(&recorder, &expect).passed());
    recorder.violation("lead 7", &Violation { rule: "status_known", seen: "gone".to_owned() });
    assert!(!report(&recorder, &expect).passed());
    assert!(!report(&Recorder::new(Instant::now(), 0), &expect).passed());
}

#[test]
fn the_text_shows_what_failed_and_the_json_is_whole() {
    let mut recorder = recorder();
    recorder.violation("lead 7", &Violation { rule: "status_known", seen: "gone".to_owned() });
    let report = report(&recorder, &Thresholds::default());
    let text = report.to_string();
    for part in
        ["100 submissions", "sold", "http_503/overloaded", "lead 7: status_known: gone", "missed:", "FAILED"]
    {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    let json = serde_json::to_value(&report).expect("a report is JSON");
    assert_eq!(json.pointer("/calls/lead/outcomes/sold"), Some(&80.into()));
    assert_eq!(json.pointer("/violations_by_rule/status_known"), Some(&1.into()));
}
