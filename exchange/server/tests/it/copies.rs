//! Copies of one submission, and of one person, at once and later.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::catalog::{Campaign, CatalogText};
use crate::lead::{lead, ping, post};
use crate::market::{Market, at_once};
use crate::seller::{Answer, Request};

const COPIES: usize = 64;
const BUYERS: &str = r#"
[[buyer]]
name = "north"
price = { fixed = "31.00" }
latency = { fixed = "60ms" }
[[buyer]]
name = "south"
price = { fixed = "30.00" }
latency = { fixed = "40ms" }
"#;

fn market() -> Market {
    let catalog = CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"\noffers_held = 2")
        .with("north", Campaign::default())
        .with("south", Campaign::default());
    Market::open(BUYERS, &catalog)
}

/// Sends copies at once and one later: there has to be one auction, and one answer that is no repeat.
fn check(path: &str, body: &Value, idempotency_key: Option<&str>, posts: usize) {
    let market = market();
    let seller = market.exchange.seller("acme");
    let mut request = Request::post(path, body);
    if let Some(key) = idempotency_key {
        request = request.with_header("Idempotency-Key", key);
    }
    let answers = at_once(&seller, &vec![request.clone(); COPIES]);
    let later = seller.call(&request);
    let first = answers.first().expect("an answer");
    let firsts = answers.iter().filter(|answer| !answer.is_replayed()).count();
    assert_eq!(firsts, 1, "one answer is the first");
    assert!(later.is_replayed());
    for answer in answers.iter().chain([&later]) {
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.text(), first.text(), "every copy has the same answer");
    }
    let mut changed = body.clone();
    changed["fields"]["zip"] = json!("80999");
    let mut reused = Request::post(path, &changed);
    if let Some(key) = idempotency_key {
        reused = reused.with_header("Idempotency-Key", key);
    }
    let conflict = seller.call(&reused);
    assert_eq!(conflict.status, 409, "{}", conflict.text());
    assert_eq!(conflict.problem(), "idempotency_key_reused");
    let log = market.buyers.stop();
    for buyer in ["north", "south"] {
        let pings = log.pings().filter(|ping| ping.buyer() == buyer).count();
        assert_eq!(pings, 1, "{buyer} is asked once an auction");
    }
    assert_eq!(log.posts().count(), posts);
}

#[test]
fn copies_under_one_key_join_one_auction() {
    check("/v1/leads", &lead(1), Some("one-key"), 1);
}

#[test]
fn copies_under_one_reference_join_one_auction() {
    let mut lead = lead(1);
    lead["seller_ref"] = json!("crm-991");
    check("/v1/leads", &lead, None, 1);
}

#[test]
fn copies_of_a_ping_under_one_key_join_one_auction() {
    check("/v1/pings", &ping(1), Some("one-key"), 0);
}

#[test]
fn copies_of_a_ping_under_one_reference_join_one_auction() {
    let mut ping = ping(1);
    ping["seller_ref"] = json!("crm-991");
    check("/v1/pings", &ping, None, 0);
}

/// Posts a ping from many connections at once, under one key or none.
fn check_posts(idempotency_key: Option<&str>) -> Vec<Answer> {
    let market = market();
    let seller = market.exchange.seller("acme");
    let offered = seller.call(&Request::post("/v1/pings", &ping(1)));
    assert_eq!(offered.outcome(), "offers");
    let path = format!("/v1/pings/{}/post", offered.member("ping_id"));
    let body = post(1);
    let mut request = Request::post(&path, &body);
    if let Some(key) = idempotency_key {
        request = request.with_header("Idempotency-Key", key);
    }
    let answers = at_once(&seller, &vec![request; COPIES]);
    assert_eq!(market.buyers.stop().posts().count(), 1);
    answers
}

#[test]
fn copies_of_a_post_under_one_key_are_one_post() {
    let answers = check_posts(Some("one-key"));
    let first = answers.first().expect("an answer");
    for answer in &answers {
        assert_eq!(answer.outcome(), "sold", "{}", answer.text());
        assert_eq!(answer.text(), first.text());
    }
    assert_eq!(answers.iter().filter(|answer| !answer.is_replayed()).count(), 1);
}

#[test]
fn copies_of_a_post_without_a_key_find_the_ping_closed() {
    let answers = check_posts(None);
    let (sold, others): (Vec<&Answer>, Vec<&Answer>) =
        answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(sold.iter().map(|answer| answer.outcome()).collect::<Vec<_>>(), ["sold"]);
    for answer in others {
        assert_eq!((answer.status, answer.problem().as_str()), (409, "ping_closed"), "{}", answer.text());
    }
}

#[test]
fn one_key_of_two_sellers_is_two_keys() {
    let market = market();
    for (seller, serial) in [("acme", 1), ("other", 2)] {
        let lead = lead(serial);
        let request = Request::post("/v1/leads", &lead).with_header("Idempotency-Key", "one-key");
        let answer = market.exchange.seller(seller).call(&request);
        assert_eq!(answer.outcome(), "sold");
        assert!(!answer.is_replayed());
    }
}

#[test]
fn copies_of_a_person_without_a_key_are_duplicates_of_one_auction() {
    let market = market();
    let seller = market.exchange.seller("acme");
    let lead = lead(1);
    let answers = at_once(&seller, &vec![Request::post("/v1/leads", &lead); COPIES]);
    let (sold, others): (Vec<&Answer>, Vec<&Answer>) =
        answers.iter().partition(|answer| answer.outcome() == "sold");
    assert_eq!(sold.len(), 1, "one of them is auctioned: {:?}", outcomes(&answers));
    let sold = sold.first().map(|answer| answer.member("lead_id"));
    for answer in others {
        assert_eq!(answer.outcome(), "duplicate", "{}", answer.text());
        assert_eq!(answer.member("scope"), "own");
        assert_eq!(Some(answer.member("lead_id")), sold, "the earlier lead is named");
        let status = answer.member("lead_status");
        assert!(["sold", "pending"].contains(&status.as_str()), "{}", answer.text());
    }
    // Another seller learns no more than that the exchange knows the person.
    let elsewhere = market.exchange.seller("other").lead(&lead);
    assert_eq!(elsewhere.outcome(), "duplicate");
    assert_eq!(elsewhere.member("scope"), "exchange");
    assert_ne!(Some(elsewhere.member("lead_id")), sold);
    let log = market.buyers.stop();
    assert_eq!(log.pings().count(), 2, "each buyer is asked once");
    assert_eq!(log.posts().count(), 1);
}

fn outcomes(answers: &[Answer]) -> BTreeSet<String> {
    answers.iter().map(Answer::outcome).collect()
}
