//! Sellers that ask until they know.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use exchange_types::Rate;
use loadtest::{
    Arrivals, Extent, Load, Options, Percentage, Persistence, PersistenceReport, Scenario, Target, persist,
};
use serde_json::Value;

use crate::fake_exchange::{FakeExchange, Reaction, Received};

const SCENARIO: &str = r#"
    name = "small"
    person_field = "phone"
    [[lead]]
    vertical = "solar"
    currency = "EUR"
    answer_by = "20s"
    bids_close = "20s"
    fields.zip = { pattern = "8####" }
    post_fields.phone = { pattern = "+49151{n8}" }
"#;

const SOLD: &str = r#"{"status":"sold","lead_id":"lead_1","payout":"3.00","currency":"EUR",
    "sales":[{"sale_id":"sale_1","payout":"3.00","buyer_ref":"b","exclusive":true}],"elapsed_ms":1}"#;
const PENDING: &str = r#"{"status":"pending","reason":"post_unknown","lead_id":"lead_1",
    "status_url":"/v1/leads/lead_1","settles_by":"x","retry_after_ms":10,"elapsed_ms":1}"#;

/// Runs three leads against an exchange whose n-th reaction to a key is given by a function, and returns the report
/// and the log.
fn run(
    head: &str,
    again: Rate,
    settle: Duration,
    react: impl Fn(&Received, usize) -> Reaction + Send + Sync + 'static,
) -> (PersistenceReport, Vec<Value>, Vec<Received>) {
    let counts: Mutex<BTreeMap<String, usize>> = Mutex::default();
    let exchange = FakeExchange::start(move |request| {
        let key = request.idempotency_key.clone().unwrap_or_else(|| request.path.clone());
        let mut counts = counts.lock().expect("no thread panics with the lock");
        let count = counts.entry(key).or_default();
        *count += 1;
        react(request, *count - 1)
    });
    let scenario =
        Scenario::parse(Path::new("s.toml"), &format!("{head}\n{SCENARIO}")).expect("a good scenario");
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("sellers.jsonl");
    let options = Options {
        target: Target {
            address: exchange.address,
            authority: exchange.address.to_string(),
            api_key: "live_key".to_owned(),
            connections_max: 4,
            timeout: Duration::from_secs(20),
        },
        load: Load::Open { rate: 500.0, arrivals: Arrivals::Constant },
        extent: Extent { duration: None, count: Some(3) },
        warmup: Duration::ZERO,
        seed: 1,
        first: 0,
        copies: 1,
        processes: Vec::new(),
        log: Some(log.clone()),
        violations_shown: 5,
    };
    let again_within = Duration::from_millis(10);
    let persistence = Persistence { settle, again: Percentage(again), again_within };
    let report = persist(scenario, options, persistence).expect("a run");
    let log = std::fs::read_to_string(log).expect("the log");
    let lines = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    (report, lines, exchange.received())
}

fn answer(status: u16, body: &str) -> Reaction {
    Reaction::Answer(status, body.to_owned())
}

/// The lines of one key, as `http/status` or the failure.
fn story(lines: &[Value], key_ends: &str) -> Vec<String> {
    let text = |line: &Value, name: &str| line.get(name).and_then(Value::as_str).map(str::to_owned);
    let of_key = lines.iter().filter(|line| text(line, "key").is_some_and(|key| key.ends_with(key_ends)));
    of_key
        .map(|line| {
            let said =
                text(line, "status").or_else(|| text(line, "problem")).or_else(|| text(line, "failure"));
            let get = if line.get("get") == Some(&true.into()) { "get " } else { "" };
            let is_final = if line.get("final") == Some(&true.into()) { "!" } else { "" };
            format!("{get}{}{is_final}", said.or_else(|| text(line, "kind")).unwrap_or_default())
        })
        .collect()
}

const LONG: Duration = Duration::from_secs(20);

#[test]
fn the_same_bytes_come_again_until_the_answer_is_final() {
    let (report, lines, received) =
        run("", Rate::ZERO, LONG, |request, count| match (request.method.as_str(), count) {
            ("GET", _) => answer(404, r#"{"type":"/problems/not_found","status":404}"#),
            (_, 0) => Reaction::Close,
            (_, 1) => answer(503, r#"{"type":"/problems/overloaded","status":503}"#),
            (_, 2) => answer(200, PENDING),
            _ => answer(200, SOLD),
        });
    assert!(report.passed(), "{report}");
    assert_eq!((report.submissions, report.outcomes.get("sold")), (3, Some(&3)));
    assert_eq!(story(&lines, "-0"), ["broken", "overloaded", "pending", "get not_found", "sold!"]);
    let posts: Vec<_> = received.iter().filter(|request| request.method == "POST").collect();
    for request in &posts {
        let first = posts.iter().find(|other| other.idempotency_key == request.idempotency_key);
        assert_eq!(first.map(|first| &first.body), Some(&request.body));
    }
    let of_key = |line: &&Value| line["key"].as_str().is_some_and(|key| key.ends_with("-0"));
    assert_eq!(lines.iter().find(of_key).map(|line| &line["person"]), Some(&"+4915100000000".into()));
}

#[test]
fn the_state_can_be_final_too() {
    let (report, lines, _) = run("", Rate::ZERO, LONG, |request, _| match request.method.as_str() {
        "GET" => answer(200, r#"{"status":"unsold","reason":"posts_rejected","lead_id":"lead_1"}"#),
        _ => answer(200, PENDING),
    });
    assert!(report.passed(), "{report}");
    assert_eq!(report.outcomes.get("unsold/posts_rejected"), Some(&3));
    assert_eq!(story(&lines, "-1"), ["pending", "get unsold!"]);
}

#[test]
fn a_post_has_a_key_of_its_own_and_is_as_persistent() {
    let (report, lines, _) =
        run("mode = \"mixed\"", Rate::ZERO, LONG, |request, count| match (request.path.as_str(), count) {
            (_, 0) => Reaction::Close,
            ("/v1/pings", _) => answer(
                200,
                r#"{"status":"offers","ping_id":"ping_1","expires_at":"x","offers":[{"offer_id":"ofr_1"}]}"#,
            ),
            ("/v1/leads", _) => answer(200, SOLD),
            _ => answer(409, r#"{"type":"/problems/ping_lost","status":409}"#),
        });
    assert!(report.passed(), "{report}");
    assert_eq!((report.outcomes.get("sold"), report.outcomes.get("ping_lost")), (Some(&2), Some(&1)));
    assert_eq!(story(&lines, "-2"), ["broken", "offers!"]);
    assert_eq!(story(&lines, "-2-post"), ["broken", "ping_lost!"]);
}

#[test]
fn final_answers_are_asked_for_again() {
    let (report, lines, _) = run("", Rate::ONE, LONG, |_, count| match count {
        1 => answer(200, r#"{"status":"unsold","reason":"no_bid"}"#),
        _ => answer(200, SOLD),
    });
    assert!(report.passed(), "{report}");
    assert_eq!((report.outcomes.get("sold"), report.asked_again), (Some(&3), 6));
    assert_eq!(story(&lines, "-0"), ["sold!", "unsold!", "sold!"]);
    let again = lines.iter().filter(|line| line.get("again") == Some(&true.into())).count();
    assert_eq!(again, 6);
}

#[test]
fn what_never_becomes_final_fails_the_run() {
    let (report, lines, _) = run("", Rate::ZERO, Duration::from_millis(50), |_, _| answer(200, PENDING));
    assert!(!report.passed() && report.unfinished == 3, "{report}");
    assert_eq!(story(&lines, "-0").last().map(String::as_str), Some("unfinished"));
}
