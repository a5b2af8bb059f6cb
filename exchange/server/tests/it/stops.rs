//! What an operator stops at once: nothing is sold against it until it is started again.

use serde_json::{Value, json};

use crate::catalog::{Campaign, CatalogText};
use crate::exchange::{Exchange, stderr, stdout};
use crate::lead::{lead, ping, post};
use crate::market::Market;
use crate::seller::{Answer, Request};

/// Two buyers that bid 31 and 30.
const BUYERS: &str = r#"
[[buyer]]
name = "first"
price = { fixed = "31.00" }
[[buyer]]
name = "second"
price = { fixed = "30.00" }
"#;

fn catalog() -> CatalogText {
    CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"\noffers_held = 2")
        .with("first", Campaign::default())
        .with("second", Campaign::default())
        .with_tables("[sellers.acme.sources.best]\nsub_ids = [\"pub-1\"]\n")
}

#[track_caller]
fn run(market: &Market, line: &[&str]) -> String {
    let ran = market.exchange.ask(line, "");
    assert!(ran.status.success(), "{line:?}: {}", stderr(&ran));
    stdout(&ran)
}

/// Sells a lead of a publisher and returns what was paid, with why each campaign did not win.
#[track_caller]
fn sell(market: &Market, seller: &str, serial: u64) -> (String, Vec<String>) {
    let mut lead = lead(serial);
    lead["sub_ids"] = json!(["pub-1"]);
    let answer = market.exchange.seller(seller).lead(&lead);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let account = market.exchange.account(&answer.member("auction_id"));
    let campaigns = account["campaigns"].as_array().expect("campaigns");
    let reasons = campaigns.iter().map(|found| found["reason"].as_str().unwrap_or("").to_owned());
    (answer.member("payout"), reasons.collect())
}

fn stop(market: &Market, body: &Value) -> Answer {
    market.exchange.operator().call(&Request::post("/v1/stops", body))
}

#[test]
fn every_kind_is_stopped_at_once_and_started_again() {
    let market = Market::open(BUYERS, &catalog());
    let cases = [
        ("campaign", "first", "24.00", ["paused", ""]),
        ("buyer", "second", "24.80", ["", "paused"]),
        ("vertical", "solar", "0.00", ["paused", "paused"]),
        ("source", "acme/best", "0.00", ["source_blocked", "source_blocked"]),
        ("source", "acme#pub-1", "0.00", ["source_blocked", "source_blocked"]),
    ];
    for (serial, (kind, name, payout, reasons)) in (1..).zip(cases) {
        let shown = run(&market, &["stop", kind, name, "--reason", "wrong prices"]);
        assert!(shown.contains("\"by\": \"operator:ops\""), "{shown}");
        let found = sell(&market, "acme", 10 * serial);
        assert_eq!(found, (payout.to_owned(), reasons.map(str::to_owned).to_vec()), "{kind} {name}");
        run(&market, &["start", kind, name]);
        assert_eq!(sell(&market, "acme", 10 * serial + 1).0, "24.80", "{kind} {name}");
    }
    assert_eq!(run(&market, &["stops"]), "");
    market.buyers.stop().assert_well_formed();
}

#[test]
fn a_stopped_seller_may_not_submit_and_may_still_read() {
    let market = Market::open(BUYERS, &catalog());
    let acme = market.exchange.seller("acme");
    let sold = acme.lead(&lead(1));
    let offered = acme.call(&Request::post("/v1/pings", &ping(2)));
    assert_eq!((sold.outcome(), offered.outcome()), ("sold".into(), "offers".into()));
    run(&market, &["stop", "seller", "acme", "--reason", "made-up leads"]);
    let path = format!("/v1/pings/{}/post", offered.member("ping_id"));
    for refused in [
        acme.lead(&lead(3)),
        acme.call(&Request::post("/v1/pings", &ping(4))),
        acme.call(&Request::post(&path, &post(2))),
    ] {
        assert_eq!((refused.status, &*refused.problem()), (403, "forbidden"), "{}", refused.text());
    }
    let known = acme.call(&Request::new("GET", &format!("/v1/leads/{}", sold.member("lead_id"))));
    assert_eq!(known.outcome(), "sold", "{}", known.text());
    assert_eq!(sell(&market, "other", 5).0, "24.80");
}

#[test]
fn a_stop_comes_before_the_intent_of_an_offer() {
    let market = Market::open(BUYERS, &catalog());
    let acme = market.exchange.seller("acme");
    let offered = acme.call(&Request::post("/v1/pings", &ping(1)));
    assert_eq!(offered.json()["offers"].as_array().map(Vec::len), Some(2), "{}", offered.text());
    run(&market, &["stop", "campaign", "first", "--reason", "wrong prices"]);
    let path = format!("/v1/pings/{}/post", offered.member("ping_id"));
    let answer = acme.call(&Request::post(&path, &post(1)));
    assert_eq!((answer.outcome(), answer.member("payout")), ("sold".into(), "24.00".into()));
    let posted: Vec<String> = market.buyers.stop().posts().map(|post| post.buyer().to_owned()).collect();
    assert_eq!(posted, ["second"]);
}

#[test]
fn a_stop_outlives_restart_and_apply_and_stands_in_the_journal() {
    let mut market = Market::open(BUYERS, &catalog());
    let wanted = json!({"kind": "campaign", "name": "first", "reason": "wrong prices"});
    let stopped = stop(&market, &wanted);
    assert_eq!((stopped.status, stopped.is_replayed()), (200, false), "{}", stopped.text());
    let again = stop(&market, &json!({"kind": "campaign", "name": "first", "reason": "again"}));
    assert_eq!((again.is_replayed(), again.json()), (true, stopped.json()));
    let stops = [("24.00".to_owned(), vec!["paused".to_owned(), String::new()])];
    market.exchange.kill();
    market.exchange.start_again();
    assert_eq!([sell(&market, "acme", 1)], stops);
    let applied = market.exchange.apply("next.toml", &catalog().for_buyers_at(market.buyers.address()));
    assert!(applied.status.success(), "{}", stderr(&applied));
    assert_eq!([sell(&market, "acme", 2)], stops);
    // After a stop in good order a checkpoint holds it.
    market.exchange.stop();
    market.exchange.start_again();
    assert_eq!([sell(&market, "acme", 3)], stops);
    let listed = market.exchange.operator().call(&Request::new("GET", "/v1/stops")).json();
    assert_eq!(listed["items"], json!([stopped.json()]));

    let path = format!("/v1/stops/{}", stopped.member("stop_id"));
    let started = market.exchange.operator().call(&Request::new("DELETE", &path));
    assert_eq!((started.status, started.json()), (200, stopped.json()));
    assert_eq!(market.exchange.operator().call(&Request::new("DELETE", &path)).status, 404);
    market.exchange.kill();
    market.exchange.start_again();
    assert_eq!(sell(&market, "acme", 4).0, "24.80");
    for (kind, name) in [("campaign", "third"), ("source", "acme/none"), ("source", "acme")] {
        let refused = stop(&market, &json!({"kind": kind, "name": name, "reason": "none"}));
        assert_eq!((refused.status, &*refused.problem()), (422, "validation"), "{kind} {name}");
    }
    market.exchange.stop();
    let exported = Exchange::journal(market.exchange.data_dir(), &["export"]);
    let lines: Vec<Value> = stdout(&exported)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .filter(|line: &Value| line["stop_id"] == stopped.member("stop_id"))
        .collect();
    let kinds: Vec<(&str, &str)> = lines
        .iter()
        .map(|line| (line["kind"].as_str().unwrap_or(""), line["by"].as_str().unwrap_or("")))
        .collect();
    assert_eq!(
        kinds,
        [("stopped", "operator:ops"), ("stopped", "operator:ops"), ("started", "operator:ops")]
    );
}
