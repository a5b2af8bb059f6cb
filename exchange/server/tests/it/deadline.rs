//! What a seller is told when buyers take longer than it waits, or when it does not wait itself.

use std::time::Duration;

use serde_json::{Value, json};

use crate::catalog::{Campaign, CatalogText};
use crate::lead::lead;
use crate::market::Market;
use crate::process::eventually;
use crate::seller::{Answer, Request};

/// What an answer may come late by on a machine that has other tests to run. The promise is 50 ms; where it is
/// tight, the simulator shows it in its own time.
const GRACE: Duration = Duration::from_millis(300);

/// Starts one buyer that takes its time for pings and posts.
fn market(ping: &str, post: &str, answer_by: &str) -> Market {
    let profile = format!(
        "[[buyer]]\nname = \"north\"\nprice = {{ fixed = \"30.00\" }}\nlatency = {{ fixed = \"{ping}\" }}\n\
         post_latency = {{ fixed = \"{post}\" }}\n"
    );
    let vertical = format!("bid_window = \"1s\"\npost_min = \"100ms\"\nanswer_by = \"{answer_by}\"");
    Market::open(&profile, &CatalogText::new(&vertical).with("north", Campaign::default()))
}

fn keyed(lead: &Value) -> Request<'_> {
    Request::post("/v1/leads", lead).with_header("Idempotency-Key", "one-key")
}

#[track_caller]
fn assert_in_time(answer: &Answer, limit_ms: u64) {
    let limit = Duration::from_millis(limit_ms) + GRACE;
    assert!(answer.took <= limit, "answered after {:?}: {}", answer.took, answer.text());
}

#[test]
fn a_post_that_takes_long_is_pending_and_its_outcome_is_found_later() {
    let market = market("5ms", "2s", "1100ms");
    let acme = market.exchange.seller("acme");
    let lead = lead(1);
    let first = acme.call(&keyed(&lead));
    assert_in_time(&first, 1_100);
    assert_eq!(first.outcome(), "pending", "{}", first.text());
    assert_eq!(first.member("reason"), "post_in_flight");
    assert!(first.json()["settles_by"].is_string(), "{}", first.text());
    let again = acme.call(&keyed(&lead));
    assert_eq!((again.outcome().as_str(), again.is_replayed()), ("pending", true), "{}", again.text());
    let status = first.member("status_url");
    let status = Request::new("GET", &status);
    eventually("the buyer answers", || acme.call(&status).outcome() == "sold");
    let settled = acme.call(&keyed(&lead));
    assert_eq!((settled.outcome().as_str(), settled.is_replayed()), ("sold", true), "{}", settled.text());
    assert_eq!(settled.member("lead_id"), first.member("lead_id"));
    assert_eq!(settled.member("payout"), "24.00");
    assert_eq!(market.buyers.stop().posts().count(), 1);
}

#[test]
fn a_seller_that_waits_less_is_answered_sooner() {
    let market = market("400ms", "5ms", "5s");
    let mut lead = lead(1);
    lead["wait_ms"] = json!(250);
    let answer = market.exchange.seller("acme").lead(&lead);
    assert_in_time(&answer, 250);
    assert_eq!((answer.outcome().as_str(), answer.member("reason").as_str()), ("unsold", "deadline"));
    let log = market.buyers.stop();
    assert_eq!((log.pings().count(), log.posts().count()), (1, 0), "nothing is posted after the answer");
}

#[test]
fn a_bid_after_the_bid_window_is_none() {
    let market = market("1200ms", "5ms", "5s");
    let answer = market.exchange.seller("acme").lead(&lead(1));
    assert_in_time(&answer, 1_000);
    assert_eq!((answer.outcome().as_str(), answer.member("reason").as_str()), ("unsold", "no_bid"));
    let account = market.exchange.account(&answer.member("auction_id"));
    assert_eq!(account["campaigns"][0]["reason"], "timeout", "{account}");
}

#[test]
fn a_seller_that_hangs_up_finds_its_answer_under_its_key() {
    let market = market("300ms", "5ms", "5s");
    let acme = market.exchange.seller("acme");
    let lead = lead(1);
    let mut connection = acme.connect();
    connection.begin(&keyed(&lead));
    eventually("the buyer is asked", || market.buyers.log_so_far().pings().count() == 1);
    drop(connection);
    let answer = acme.call(&keyed(&lead));
    assert_eq!((answer.outcome().as_str(), answer.is_replayed()), ("sold", true), "{}", answer.text());
    let log = market.buyers.stop();
    assert_eq!((log.pings().count(), log.posts().count()), (1, 1));
}
