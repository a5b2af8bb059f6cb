//! What an exchange that was killed counts, knows and refuses afterwards.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::buyers::Line;
use crate::catalog::{Campaign, CatalogText};
use crate::exchange::stderr;
use crate::lead::lead;
use crate::market::{Market, at_once, sell};
use crate::process::eventually;
use crate::seller::{Answer, Caller, Connection, Request};

const NORTH: &str = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"30.00\" }\n";
const USUAL: &str = "bid_window = \"5s\"\nanswer_by = \"20s\"";

fn catalog(north: Campaign<'_>) -> CatalogText {
    CatalogText::new(USUAL).with("north", north)
}

fn keyed(seller: &Caller, serial: u64) -> Answer {
    let key = format!("k-{serial}");
    seller.call(&Request::post("/v1/leads", &lead(serial)).with_header("Idempotency-Key", &key))
}

/// Sells leads to a campaign with room for ten over three lives of the exchange: exactly ten are sold.
fn check_room(keys: &str, profile: &str) {
    let mut market = Market::open(profile, &catalog(Campaign { keys, ..Campaign::default() }));
    let mut sold = 0;
    for life in 0..3_u64 {
        let seller = market.exchange.seller("acme");
        let answers = sell(&seller, 4, life * 100..life * 100 + 4, lead);
        sold += answers.iter().filter(|(_, answer)| answer.outcome() == "sold").count();
        market.exchange.kill();
        market.exchange.start_again();
    }
    let last = market.exchange.seller("acme").lead(&lead(1_000));
    assert_eq!(last.outcome(), "unsold", "{keys}: {}", last.text());
    let taken = market.buyers.stop().posts().filter(|post| post.is_taken()).count();
    assert_eq!((sold, taken), (10, 10), "{keys}");
}

#[test]
fn a_cap_is_exact_over_kills() {
    check_room("caps = { sold = { total = 10 } }", NORTH);
    check_room("caps = { sold = { day = 10 } }", NORTH);
}

#[test]
fn a_budget_is_exact_over_kills() {
    check_room("caps = { budget = { total = \"300.00\" } }", NORTH);
    check_room("caps = { budget = { month = \"329.99\" } }", NORTH);
}

#[test]
fn a_sent_cap_counts_rejections_over_kills() {
    let profile =
        "[[buyer]]\nname = \"north\"\nprice = { fixed = \"30.00\" }\npost = [{ answer = \"rejected\" }]\n";
    let keys = "caps = { sent = { total = 2 } }";
    let mut market = Market::open(profile, &catalog(Campaign { keys, ..Campaign::default() }));
    for serial in 1..=3 {
        assert_eq!(market.exchange.seller("acme").lead(&lead(serial)).outcome(), "unsold");
        market.exchange.kill();
        market.exchange.start_again();
    }
    assert_eq!(market.buyers.stop().posts().count(), 2);
}

/// Asks again for as long as the store takes too long to answer, as a seller does who is told 503.
fn patiently(ask: impl Fn() -> Answer) -> Answer {
    let mut answer = ask();
    eventually("the store answers", || {
        if answer.status == 503 {
            answer = ask();
        }
        answer.status != 503
    });
    answer
}

#[test]
fn keys_and_persons_out_of_memory_are_asked_of_the_store() {
    let more = "[limits]\nhistory_max = 1\nfingerprints_max = 1\n";
    let mut market = Market::open_with(NORTH, &catalog(Campaign::default()), more);
    let firsts: Vec<Answer> =
        (1..=12).map(|serial| patiently(|| keyed(&market.exchange.seller("acme"), serial))).collect();
    eventually("the store has followed", || market.exchange.journal_is_even());
    for life in 0..2 {
        for (serial, first) in (1..=12).zip(&firsts) {
            check_remembered(&market.exchange.seller("acme"), (serial, first), life);
        }
        eventually("the store has followed", || market.exchange.journal_is_even());
        market.exchange.kill();
        market.exchange.start_again();
    }
    assert_eq!(market.buyers.stop().posts().count(), 12, "every lead was posted once");
}

fn check_remembered(seller: &Caller, (serial, first): (u64, &Answer), life: u64) {
    let again = patiently(|| keyed(seller, serial));
    assert!(again.is_replayed(), "life {life}, lead {serial}: {}", again.text());
    for member in ["lead_id", "status", "payout"] {
        assert_eq!(again.member(member), first.member(member), "{member}: {}", again.text());
    }
    assert_eq!(again.json()["sales"], first.json()["sales"]);
    let mut other = lead(serial);
    other["fields"]["zip"] = "80999".into();
    let key = format!("k-{serial}");
    let request = Request::post("/v1/leads", &other).with_header("Idempotency-Key", &key);
    let reused = patiently(|| seller.call(&request));
    assert_eq!((reused.status, &*reused.problem()), (409, "idempotency_key_reused"), "lead {serial}");
    let known = patiently(|| seller.lead(&other));
    assert_eq!(known.outcome(), "duplicate", "life {life}, person {serial}: {}", known.text());
    let path = format!("/v1/leads/{}", first.member("lead_id"));
    let read = patiently(|| seller.call(&Request::new("GET", &path)));
    assert_eq!(read.outcome(), "sold", "{}", read.text());
}

#[test]
fn a_catalog_that_was_applied_before_a_kill_is_in_force_after_it() {
    let mut market = Market::open(NORTH, &catalog(Campaign::default()));
    let first = keyed(&market.exchange.seller("acme"), 1);
    assert_eq!(first.member("payout"), "24.00", "{}", first.text());
    // Another campaign comes first now, so that every index means another one.
    let next = CatalogText::new(USUAL)
        .with("a-new-one", Campaign { keys: "paused = true", ..Campaign::default() })
        .with("north", Campaign { keys: "caps = { sold = { total = 2 } }", ..Campaign::default() });
    let applied = market.exchange.apply("next.toml", &next.for_buyers_at(market.buyers.address()));
    assert!(applied.status.success(), "{}", stderr(&applied));
    let second = keyed(&market.exchange.seller("acme"), 2);
    assert_eq!(second.outcome(), "sold", "{}", second.text());
    market.exchange.kill();
    market.exchange.start_again();
    assert_eq!(market.exchange.catalog_version(), 2);
    let seller = market.exchange.seller("acme");
    for (serial, first) in [(1, &first), (2, &second)] {
        let again = keyed(&seller, serial);
        assert_eq!(again.json()["sales"], first.json()["sales"], "{}", again.text());
        let account = market.exchange.account(&first.member("auction_id"));
        assert_eq!(
            (account["posts"][0]["campaign"].as_str(), account["catalog_version"].as_u64()),
            (Some("north"), Some(serial)),
            "{account}"
        );
    }
    // The cap counts the sale of the version before as well.
    assert_eq!(keyed(&seller, 3).outcome(), "unsold");
}

#[test]
fn the_number_of_shards_may_change_between_two_lives() {
    let mut market = Market::open(
        NORTH,
        &catalog(Campaign { keys: "caps = { sold = { total = 12 } }", ..Campaign::default() }),
    );
    let firsts: Vec<Answer> = (1..=8).map(|serial| keyed(&market.exchange.seller("acme"), serial)).collect();
    for (from, to) in
        [("shards = 2", "shards = 3"), ("shards = 3", "shards = 1"), ("shards = 1", "shards = 2")]
    {
        market.exchange.kill();
        market.exchange.configure(from, to);
        market.exchange.start_again();
        let seller = market.exchange.seller("acme");
        for (serial, first) in (1..=8).zip(&firsts) {
            let again = keyed(&seller, serial);
            assert!(again.is_replayed(), "{to}: {}", again.text());
            assert_eq!(again.json()["sales"], first.json()["sales"], "{to}");
            assert_eq!(market.exchange.seller("other").lead(&lead(serial)).outcome(), "duplicate", "{to}");
        }
        assert_eq!(
            keyed(&seller, u64::try_from(to.len()).expect("small") * 100 + digit(to)).outcome(),
            "sold",
            "{to}"
        );
    }
    let seller = market.exchange.seller("acme");
    let more: Vec<String> = (900..902).map(|serial| keyed(&seller, serial).outcome()).collect();
    assert_eq!(more, ["sold", "unsold"], "twelve in all");
    let serials: BTreeSet<u64> = market.buyers.stop().posts().map(Line::serial).collect();
    assert_eq!(serials.len(), 12);
}

fn digit(text: &str) -> u64 {
    text.rsplit(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}

/// Sends copies of a lead under one key, kills the exchange in the middle of it, and sends them again.
fn check_copies(happened: fn(&Market) -> bool) {
    let profile = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"30.00\" }\nlatency = { fixed = \"100ms\" }\n\
                   post_latency = { fixed = \"300ms\" }\n";
    let mut market = Market::open(profile, &catalog(Campaign::default()));
    let body = lead(1);
    let request = Request::post("/v1/leads", &body).with_header("Idempotency-Key", "k-1");
    let seller = market.exchange.seller("acme");
    let mut waiting: Vec<Connection> = (0..32).map(|_| seller.connect()).collect();
    for connection in &mut waiting {
        connection.begin(&request);
    }
    eventually("it is time to kill", || happened(&market));
    market.exchange.kill();
    market.exchange.start_again();
    let seller = market.exchange.seller("acme");
    let answers = at_once(&seller, &vec![request.clone(); 32]);
    let ids: BTreeSet<String> = answers.iter().map(|answer| answer.member("lead_id")).collect();
    assert_eq!(ids.len(), 1, "one auction: {ids:?}");
    eventually("it is sold", || seller.call(&request).outcome() == "sold");
    let log = market.buyers.stop();
    let posts: BTreeSet<&str> = log.posts().map(|post| post.text("post_id")).collect();
    assert_eq!(posts.len(), 1, "one post, however often it was made: {posts:?}");
}

#[test]
fn copies_before_and_after_a_kill_are_one_sale() {
    check_copies(|market| market.buyers.log_so_far().pings().count() > 0);
    check_copies(|market| market.buyers.log_so_far().posts().count() > 0);
}

#[test]
fn a_journal_that_the_system_writes_later_loses_nothing_to_a_kill() {
    let more = "[journal]\ndurability = \"os\"\n";
    let keys = "caps = { sold = { total = 2 } }";
    let mut market = Market::open_with(NORTH, &catalog(Campaign { keys, ..Campaign::default() }), more);
    let first = keyed(&market.exchange.seller("acme"), 1);
    assert_eq!(first.outcome(), "sold", "{}", first.text());
    let state = market.exchange.operator().call(&Request::new("GET", "/v1/journal"));
    assert_eq!(state.member("durability"), "os");
    market.exchange.kill();
    market.exchange.start_again();
    let seller = market.exchange.seller("acme");
    assert_eq!(keyed(&seller, 1).json()["sales"], first.json()["sales"]);
    let more: Vec<String> = (2..=3).map(|serial| keyed(&seller, serial).outcome()).collect();
    assert_eq!(more, ["sold", "unsold"]);
}

#[test]
fn lists_hold_every_lead_once_after_a_kill() {
    let mut market = Market::open(NORTH, &catalog(Campaign::default()));
    let answers = sell(&market.exchange.seller("acme"), 4, 1..41, lead);
    market.exchange.kill();
    market.exchange.start_again();
    eventually("the store has followed", || market.exchange.journal_is_even());
    let mut listed: Vec<Value> = Vec::new();
    let mut path = "/v1/leads?limit=7".to_owned();
    loop {
        let page = market.exchange.partner("seller:acme").call(&Request::new("GET", &path)).json();
        listed.extend(page["items"].as_array().expect("a list").iter().cloned());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/leads?limit=7&cursor={next}");
    }
    let ids: BTreeSet<&str> = listed.iter().filter_map(|lead| lead["lead_id"].as_str()).collect();
    let sold: BTreeSet<String> = answers.iter().map(|(_, answer)| answer.member("lead_id")).collect();
    assert_eq!((listed.len(), ids.len()), (40, 40));
    assert!(sold.iter().all(|id| ids.contains(&**id)));
    assert!(listed.iter().all(|lead| lead["status"] == "sold"), "{listed:?}");
    let others = market.exchange.partner("seller:other").call(&Request::new("GET", "/v1/leads")).json();
    assert_eq!(others["items"], serde_json::json!([]));
}
