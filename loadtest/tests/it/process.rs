//! The process: its report and its exit code.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::fake_exchange::{FakeExchange, Reaction};

const SCENARIO: &str = r#"
    name = "small"
    [[lead]]
    vertical = "solar"
    currency = "EUR"
    answer_by = "20s"
    bids_close = "20s"
    fields.zip = { pattern = "8####" }
    [[lead]]
    vertical = "wind"
    currency = "EUR"
    answer_by = "20s"
    bids_close = "20s"
    fields.zip = { pattern = "9####" }
"#;

fn loadtest(folder: &Path, exchange: &FakeExchange, more: &[&str]) -> Output {
    let scenario = folder.join("scenario.toml");
    std::fs::write(&scenario, SCENARIO).expect("written");
    Command::new(env!("CARGO_BIN_EXE_loadtest"))
        .arg("--scenario")
        .arg(scenario)
        .args(["--url", &format!("http://{}", exchange.address), "--count", "20", "--rate", "500"])
        .args(more)
        .env("LOADTEST_API_KEY", "live_key")
        .output()
        .expect("the process runs")
}

#[test]
fn complete_answers_end_with_success_and_a_report() {
    let unsold = r#"{"lead_id":"lead_019ad3c4000070008000000000000001","status":"unsold","reason":"no_bid",
        "payout":"0.00","currency":"EUR","sales":[],"elapsed_ms":1}"#;
    let exchange = FakeExchange::start(move |_| Reaction::Answer(200, unsold.to_owned()));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("report.json");
    let output = loadtest(
        folder.path(),
        &exchange,
        &["--vertical", "wind", "--report", file.to_str().expect("UTF-8")],
    );
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success() && text.ends_with("passed\n"), "{text}");
    let report: Value = serde_json::from_slice(&std::fs::read(file).expect("the report")).expect("JSON");
    assert_eq!(report.pointer("/calls/lead/outcomes/unsold~1no_bid"), Some(&20.into()));
    assert!(exchange.received().iter().all(|request| request.body.contains("wind")));
}

#[test]
fn incomplete_answers_end_with_failure_and_are_shown() {
    let exchange = FakeExchange::start(|_| Reaction::Answer(200, r#"{"status":"sold"}"#.to_owned()));
    let folder = tempfile::tempdir().expect("a folder");
    let output = loadtest(folder.path(), &exchange, &["--show", "1"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("sold_has_sales") && text.ends_with("FAILED\n"), "{text}");
}

#[test]
fn an_unknown_vertical_is_named() {
    let exchange = FakeExchange::start(|_| Reaction::Close);
    let folder = tempfile::tempdir().expect("a folder");
    let output = loadtest(folder.path(), &exchange, &["--vertical", "water"]);
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(!output.status.success() && text.contains("no lead can be drawn"), "{text}");
}

#[test]
fn sigterm_makes_the_present_lead_the_last_one() {
    let unsold = r#"{"lead_id":"lead_1","status":"unsold","reason":"no_bid"}"#;
    let exchange = FakeExchange::start(move |_| Reaction::Answer(200, unsold.to_owned()));
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = folder.path().join("scenario.toml");
    std::fs::write(&scenario, SCENARIO).expect("written");
    let process = Command::new(env!("CARGO_BIN_EXE_loadtest"))
        .arg("--scenario")
        .arg(scenario)
        .args(["--url", &format!("http://{}", exchange.address), "--duration", "60m", "--rate", "500"])
        .args(["--until-final", "20s"])
        .env("LOADTEST_API_KEY", "live_key")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the process runs");
    while exchange.received().len() < 5 {
        std::thread::yield_now();
    }
    let killed = Command::new("kill").arg(process.id().to_string()).status().expect("kill");
    assert!(killed.success());
    let output = process.wait_with_output().expect("an end");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success() && text.ends_with("passed\n"), "{text}");
}
