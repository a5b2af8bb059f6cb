//! Whole runs: what is sent, what is found in the answers, what is reported.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::time::Duration;

use loadtest::{Arrivals, CallKind, Extent, Load, Options, Report, Scenario, Target, WatchedProcess};
use serde_json::Value;

use crate::fake_exchange::{FakeExchange, Reaction, Received};

const SCENARIO: &str = r#"
    name = "small"
    [[lead]]
    vertical = "solar"
    currency = "EUR"
    answer_by = "20s"
    bids_close = "20s"
    fields.zip = { pattern = "8####" }
    post_fields.phone = { pattern = "+49151{n8}" }
    consent.text = { constant = "yes" }
"#;

/// A well-formed id whose digits follow from a key.
fn id(prefix: &str, key: &str) -> String {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let number = (7_u128 << 76) | (2 << 62) | u128::from(hasher.finish() >> 2);
    format!("{prefix}_{number:032x}")
}

fn sold(request: &Received) -> String {
    let key = request.idempotency_key.as_deref().unwrap_or(&request.body);
    format!(
        r#"{{"lead_id":"{}","status":"sold","payout":"30.00","currency":"EUR","elapsed_ms":3,
        "sales":[{{"sale_id":"{}","buyer_ref":"b","payout":"30.00","exclusive":true}}]}}"#,
        id("lead", key),
        id("sale", key)
    )
}

fn offers(request: &Received) -> String {
    let key = request.idempotency_key.as_deref().expect("a key");
    let offer = |name: &str| {
        let id = id("ofr", &format!("{key}{name}"));
        format!(
            r#"{{"offer_id":"{id}","payout":"20.00","max_buyers":1,"buyer_ref":"{name}","expires_at":"x"}}"#
        )
    };
    let (best, second) = (offer("best"), offer("second"));
    format!(
        r#"{{"ping_id":"{}","status":"offers","expires_at":"x","offers":[{best},{second}]}}"#,
        id("ping", key)
    )
}

fn options(exchange: &FakeExchange) -> Options {
    Options {
        target: Target {
            address: exchange.address,
            authority: exchange.address.to_string(),
            api_key: "live_key".to_owned(),
            connections_max: 16,
            timeout: Duration::from_secs(20),
        },
        load: Load::Open { rate: 500.0, arrivals: Arrivals::Poisson },
        extent: Extent { duration: None, count: Some(50) },
        warmup: Duration::ZERO,
        seed: 1,
        first: 100,
        copies: 1,
        processes: Vec::new(),
        log: None,
        violations_shown: 5,
    }
}

fn run(head: &str, options: Options) -> Report {
    let scenario =
        Scenario::parse(Path::new("s.toml"), &format!("{head}\n{SCENARIO}")).expect("a good scenario");
    loadtest::run(scenario, options).expect("a run")
}

#[test]
fn an_open_loop_sells_and_reports_every_lead() {
    let exchange = FakeExchange::start(|request| Reaction::Answer(200, sold(request)));
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("sellers.jsonl");
    let myself = WatchedProcess { name: "myself".to_owned(), pid: std::process::id() };
    let report = run("", Options { log: Some(log.clone()), processes: vec![myself], ..options(&exchange) });
    assert!(report.passed(), "{report}");
    let leads = report.calls.get(&CallKind::Lead).expect("leads");
    assert_eq!((report.submissions, leads.count, leads.outcomes.get("sold")), (50, 50, Some(&50)));
    assert!(leads.latency_us.p50 >= leads.service_us.p50);
    assert_eq!(report.processes.len(), 1);
    let received = exchange.received();
    let keys: BTreeSet<_> =
        received.iter().map(|request| request.idempotency_key.clone().expect("a key")).collect();
    assert_eq!(keys.len(), 50);
    let first = received.first().expect("a request");
    assert_eq!((first.method.as_str(), first.path.as_str()), ("POST", "/v1/leads"));
    assert_eq!(first.authorization.as_deref(), Some("Bearer live_key"));
    let body: Value = serde_json::from_str(&first.body).expect("JSON");
    assert_eq!(body.pointer("/fields/phone"), Some(&"+4915100000100".into()));
    let log = std::fs::read_to_string(log).expect("the log");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 50);
    let whole = |line: &Value| {
        line.pointer("/answer/status") == Some(&"sold".into()) && line.pointer("/request/vertical").is_some()
    };
    assert!(lines.iter().all(whole));
}

#[test]
fn a_closed_loop_keeps_its_concurrency_and_its_seed() {
    let bodies = |concurrency| {
        let exchange = FakeExchange::start(|request| Reaction::Answer(200, sold(request)));
        let load = Load::Closed { concurrency };
        let report = run("", Options { load, ..options(&exchange) });
        assert!(report.passed(), "{report}");
        exchange.received().into_iter().map(|request| request.body).collect::<BTreeSet<_>>()
    };
    let one = bodies(1);
    assert_eq!(one.len(), 50);
    assert_eq!(one, bodies(8));
}

#[test]
fn two_steps_post_give_back_or_leave() {
    let exchange = FakeExchange::start(|request| match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/v1/pings") => Reaction::Answer(200, offers(request)),
        ("DELETE", _) => Reaction::Answer(204, String::new()),
        _ => Reaction::Answer(200, sold(request)),
    });
    let report = run("mode = \"ping_post\"\nposted = \"60%\"", options(&exchange));
    assert!(report.passed(), "{report}");
    let count = |kind| report.calls.get(&kind).map_or(0, |call| call.count);
    let (pings, posts, given_back) =
        (count(CallKind::Ping), count(CallKind::Post), count(CallKind::GiveBack));
    assert_eq!(pings, 50);
    assert!((20..=40).contains(&posts), "{posts}");
    assert!(given_back > 0 && posts + given_back < 50, "{given_back}");
    for request in exchange.received() {
        let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let has = |pointer: &str| body.pointer(pointer).is_some();
        match (request.method.as_str(), request.path.ends_with("/post")) {
            ("POST", false) => assert!(has("/fields/zip") && !has("/fields/phone"), "{body}"),
            ("POST", true) => assert!(has("/fields/phone") && !has("/fields/zip"), "{body}"),
            _ => assert!(request.body.is_empty()),
        }
    }
}

#[test]
fn copies_are_compared() {
    let exchange = FakeExchange::start(|request| Reaction::Answer(200, sold(request)));
    let extent = Extent { duration: None, count: Some(2) };
    let report = run("", Options { copies: 8, extent, ..options(&exchange) });
    assert!(report.passed(), "{report}");
    assert_eq!((report.submissions, exchange.received().len()), (2, 16));
    let counter = std::sync::atomic::AtomicU64::new(0);
    let forgetful = FakeExchange::start(move |request| {
        let number = counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let other = Received { idempotency_key: Some(number.to_string()), ..request.clone() };
        Reaction::Answer(200, sold(&other))
    });
    let report = run("", Options { copies: 8, extent, ..options(&forgetful) });
    assert_eq!(report.violations_by_rule.get("copies_are_one_auction"), Some(&2), "{report}");
}

#[test]
fn a_closed_idle_connection_is_no_failure() {
    let exchange = FakeExchange::start(|request| Reaction::AnswerAndClose(200, sold(request)));
    let report = run("", Options { load: Load::Closed { concurrency: 2 }, ..options(&exchange) });
    let leads = report.calls.get(&CallKind::Lead).expect("leads");
    assert!(leads.outcomes.contains_key("sold"), "{report}");
}

/// Runs against an exchange that always reacts in one way, and compares the rules that it breaks.
#[track_caller]
fn check_broken(
    head: &str,
    reaction: impl Fn(&Received) -> Reaction + Send + Sync + 'static,
    rules: &[&str],
) {
    let exchange = FakeExchange::start(reaction);
    let report = run(head, options(&exchange));
    assert_eq!(report.violations_by_rule.keys().copied().collect::<Vec<_>>(), rules, "{report}");
    assert!(!report.passed());
}

#[test]
fn whatever_breaks_the_contract_fails_the_run() {
    check_broken("", |_| Reaction::Close, &["every_call_is_answered"]);
    let wrong_sum = |request: &Received| Reaction::Answer(200, sold(request).replacen("30.00", "31.00", 1));
    check_broken("", wrong_sum, &["payout_is_the_sum_of_sales"]);
    check_broken(
        "",
        |_| Reaction::Answer(500, "oops".to_owned()),
        &["no_unexpected_refusal", "refusal_is_a_problem_document"],
    );
    // Shedding breaks no promise, but misses the scenario's threshold.
    let shed = |_: &Received| Reaction::Answer(503, r#"{"type":"overloaded"}"#.to_owned());
    check_broken("", shed, &[]);
}
