//! How much sellers may send: rates by key, address, seller and source, quotas, and pings that nobody posts.
//!
//! The paces are by the hour, so that no bucket fills up while a test runs.

use serde_json::{Value, json};

use crate::catalog::{Campaign, CatalogText};
use crate::lead::{lead, ping, post};
use crate::market::Market;
use crate::seller::{Answer, Caller, Request};

const BUYERS: &str = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"30.00\" }\n";
const HOUR_S: u64 = 3_600;
const DAY_S: u64 = 86_400;

/// Opens a market with one buyer; tables of the catalog and lines of the configuration come on top.
fn open(tables: &str, more: &str) -> Market {
    let catalog = CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"")
        .with("north", Campaign::default())
        .with_tables(tables);
    Market::open_with(BUYERS, &catalog, more)
}

/// Returns the outcome of a lead or ping, or the kind of its problem.
#[track_caller]
fn outcome(answer: &Answer) -> String {
    if answer.status == 200 { answer.outcome() } else { answer.problem() }
}

/// Checks that an answer is 429 of a kind, and says twice the same time to wait, of at most so long.
#[track_caller]
fn assert_refused(answer: &Answer, kind: &str, wait_s_max: u64) {
    assert_eq!((answer.status, answer.problem().as_str()), (429, kind), "{}", answer.text());
    let wait = answer.header("retry-after").and_then(|text| text.parse::<u64>().ok());
    assert_eq!(wait, answer.json()["retry_after_s"].as_u64(), "{}", answer.text());
    assert!(wait.is_some_and(|wait| (1..=wait_s_max).contains(&wait)), "{wait:?}: {}", answer.text());
}

fn unknown_lead(caller: &Caller) -> Answer {
    caller.call(&Request::new("GET", "/v1/leads/lead_01a1fc159ba77187b0ff8a474356719c"))
}

#[test]
fn requests_with_a_key_come_no_faster_than_it_may() {
    let market = open("", "[limits]\nrate_per_key = \"3/h\"\n");
    let acme = market.exchange.seller("acme");
    assert_eq!(outcome(&acme.lead(&lead(1))), "sold");
    assert_eq!(outcome(&acme.call(&Request::post("/v1/pings", &ping(2)))), "offers");
    // Found or not: a store that lags behind the journal is no matter of limits.
    assert_ne!(unknown_lead(&acme).status, 429, "whatever is asked counts");
    assert_refused(&acme.lead(&lead(3)), "rate_limited", HOUR_S / 3);
    assert_refused(&unknown_lead(&acme), "rate_limited", HOUR_S / 3);
    assert_eq!(acme.call(&Request::new("GET", "/health/live")).status, 200, "health takes no key");
    // Another key has a bucket of its own, another seller too, and a key may have another rate.
    let second = acme.with_key(&market.exchange.new_key(&["--owner", "seller:acme"]));
    assert_eq!(outcome(&second.lead(&lead(4))), "sold");
    assert_eq!(outcome(&market.exchange.seller("other").lead(&lead(5))), "sold");
    let fast = market.exchange.new_key(&["--owner", "seller:acme", "--rate", "5/h"]);
    let fast = acme.with_key(&fast);
    for serial in 11..=15 {
        assert_eq!(outcome(&fast.lead(&lead(serial))), "sold", "{serial}");
    }
    assert_refused(&fast.lead(&lead(16)), "rate_limited", HOUR_S / 5);
    // Keys that are read again keep what is used up of them.
    assert_refused(&acme.lead(&lead(3)), "rate_limited", HOUR_S / 3);
    // The limit is live: an empty bucket fills up at the new pace, one in some milliseconds.
    market.exchange.configure("rate_per_key = \"3/h\"", "rate_per_key = \"1000000/h\"");
    let ran = market.exchange.ask(&["reload"], "");
    let said = crate::exchange::stdout(&ran);
    assert!(said.starts_with("limits.rate_per_key changed in the configuration; "), "{said}");
    assert_eq!(outcome(&acme.lead(&lead(3))), "sold");
    assert_refused(&fast.lead(&lead(16)), "rate_limited", HOUR_S / 5);
}

#[test]
fn requests_of_an_address_come_no_faster_than_they_may() {
    let market = open("", "[limits]\nrate_per_address = \"4/h\"\n");
    let acme = market.exchange.seller("acme");
    let stranger = acme.with_key("px_live_nobody");
    assert_eq!(outcome(&acme.lead(&lead(1))), "sold");
    for _ in 0..3 {
        assert_eq!(stranger.lead(&lead(2)).status, 401);
    }
    // Before the key is looked at, whose ever it is.
    for caller in [&stranger, &acme, &market.exchange.seller("other")] {
        assert_refused(&caller.lead(&lead(2)), "rate_limited", HOUR_S / 4);
    }
    assert_eq!(acme.call(&Request::new("GET", "/health/ready")).status, 200, "monitors are let in");
}

/// What a seller sends, and what it is told.
struct Step {
    what: &'static str,
    body: Value,
    key: Option<&'static str>,
    told: &'static str,
}

fn check(market: &Market, caller: &Caller, steps: &[Step], (kind, wait_s_max): (&str, u64)) {
    for Step { what, body, key, told } in steps {
        let mut request = Request::post("/v1/leads", body);
        if let Some(key) = key {
            request = request.with_header("Idempotency-Key", key);
        }
        let answer = caller.call(&request);
        if *told == kind {
            assert_refused(&answer, kind, wait_s_max);
        } else {
            assert_eq!(outcome(&answer), *told, "{what}: {}", answer.text());
        }
    }
    assert!(
        market.exchange.seller("other").lead(&lead(9_000)).outcome() == "sold",
        "others are as they were"
    );
}

fn of_sub_id(serial: u64, sub_id: &str) -> Value {
    let mut lead = lead(serial);
    lead["sub_ids"] = json!([sub_id]);
    lead
}

#[test]
fn a_quota_counts_new_leads_alone() {
    let market = open("", "");
    let key = market.exchange.new_key(&["--owner", "seller:acme", "--quota-day", "2"]);
    let acme = market.exchange.seller("acme").with_key(&key);
    let mut wrong = lead(2);
    wrong["fields"]["roof"] = json!("none");
    let step = |what, body, key, told| Step { what, body, key, told };
    let steps = [
        step("the first", lead(1), Some("one"), "sold"),
        step("its repeat is no new one", lead(1), Some("one"), "sold"),
        step("a wrong one is none", wrong, None, "validation"),
        step("the second, a duplicate", lead(1), Some("two"), "duplicate"),
        step("there is no third", lead(3), Some("three"), "rate_limited"),
        step("repeats are answered", lead(1), Some("one"), "sold"),
        step("another key has its own", lead(4), None, "rate_limited"),
    ];
    check(&market, &acme, &steps, ("rate_limited", DAY_S));
    assert_eq!(
        outcome(&market.exchange.seller("acme").lead(&lead(3))),
        "sold",
        "by another key of the seller"
    );
}

#[test]
fn sellers_and_their_sources_have_limits_of_their_own() {
    let tables = "[sellers.acme]\nquota_day = 5\n[sellers.acme.sources.best]\nsub_ids = [\"pub-1\"]\n\
                  rate = \"2/h\"\n[sellers.acme.sources.worst]\nsub_ids = [\"pub-2\"]\nquota_day = 1\n";
    let market = open(tables, "");
    let acme = market.exchange.seller("acme");
    let step = |what, body, told| Step { what, body, key: None, told };
    let steps = [
        step("a source", of_sub_id(1, "pub-1"), "sold"),
        step("the other source", of_sub_id(2, "pub-2"), "sold"),
        step("has had its one", of_sub_id(3, "pub-2"), "rate_limited"),
        step("the source again", of_sub_id(4, "pub-1"), "sold"),
        step("comes too fast", of_sub_id(5, "pub-1"), "rate_limited"),
        step("of no source", of_sub_id(6, "pub-3"), "sold"),
        step("what was refused did not count for the seller", lead(7), "sold"),
        step("which has had its five", lead(8), "rate_limited"),
    ];
    check(&market, &acme, &steps, ("rate_limited", DAY_S));
}

#[test]
fn who_pings_and_never_posts_is_refused_until_it_does() {
    let market = open("[sellers.acme]\nunposted = \"3/h\"\nunposted_per_post = 1\n", "");
    let acme = market.exchange.seller("acme");
    let pinged = |serial| acme.call(&Request::post("/v1/pings", &ping(serial)));
    let mut open = Vec::new();
    for serial in 1..=3 {
        let answer = pinged(serial);
        assert_eq!(answer.outcome(), "offers", "{serial}: {}", answer.text());
        open.push(answer.member("ping_id"));
    }
    assert_refused(&pinged(4), "too_many_unposted", HOUR_S / 3);
    let given_back = acme.call(&Request::new("DELETE", &format!("/v1/pings/{}", open[0])));
    assert_eq!(given_back.outcome(), "no_offer");
    assert_refused(&pinged(4), "too_many_unposted", HOUR_S / 3);
    // Leads in one call are sold as ever, and other sellers are no worse off.
    assert_eq!(outcome(&acme.lead(&lead(5))), "sold");
    let other = market.exchange.seller("other");
    for serial in 101..=105 {
        assert_eq!(outcome(&other.call(&Request::post("/v1/pings", &ping(serial)))), "offers");
    }
    // A post makes up for its own ping and one more; a second post of the same ping for nothing.
    let path = format!("/v1/pings/{}/post", open[1]);
    for told in ["sold", "ping_closed"] {
        assert_eq!(outcome(&acme.call(&Request::post(&path, &post(2)))), told);
    }
    for serial in 6..=7 {
        assert_eq!(pinged(serial).outcome(), "offers", "{serial}");
    }
    assert_refused(&pinged(8), "too_many_unposted", HOUR_S / 3);
}

#[test]
fn pings_without_offers_count_for_nothing() {
    let market = open("[sellers.acme]\nunposted = \"1/h\"\n[buyers.north.caps]\nsold = { total = 1 }\n", "");
    let acme = market.exchange.seller("acme");
    assert_eq!(outcome(&acme.lead(&lead(1))), "sold", "and the cap is reached");
    for serial in 2..=6 {
        assert_eq!(outcome(&acme.call(&Request::post("/v1/pings", &ping(serial)))), "no_offer");
    }
}
