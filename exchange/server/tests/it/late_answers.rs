//! Buyers that answer a post after it was given up.

use serde_json::{Value, json};

use crate::catalog::{Campaign, CatalogText};
use crate::exchange::{Exchange, stdout};
use crate::inbox::Inbox;
use crate::lead::lead;
use crate::market::Market;
use crate::process::eventually;
use crate::seller::{Answer, Request};

const VERTICAL: &str = "bid_window = \"5s\"\nanswer_by = \"10s\"\npost_timeout = \"400ms\"";
/// A campaign of which nobody asks anything: what is heard of its posts comes over their own connections.
const QUIET: Campaign<'_> = Campaign { keys: "idempotent = false", ping: "", post: "" };

/// Returns buyers of which the first one takes every lead and says so after a while.
fn buyers(after: &str) -> String {
    format!(
        "[[buyer]]\nname = \"north\"\nprice = {{ fixed = \"40.00\" }}\npost_latency = {{ fixed = \"{after}\" }}\n\
         [[buyer]]\nname = \"south\"\nprice = {{ fixed = \"30.00\" }}\n"
    )
}

fn market(after: &str, inbox: &Inbox, more: &str) -> Market {
    let catalog = CatalogText::new(VERTICAL)
        .with("north", QUIET)
        .with("south", Campaign::default())
        .with_webhook("acme", inbox.address());
    Market::open_with(&buyers(after), &catalog, more)
}

/// Sells a lead whose post is not answered in time.
fn pending(market: &Market) -> Answer {
    let body = lead(1);
    let request = Request::post("/v1/leads", &body).with_header("Idempotency-Key", "k-1");
    let answer = market.exchange.seller("acme").call(&request);
    assert_eq!(answer.outcome(), "pending", "{}", answer.text());
    assert_eq!(answer.member("reason"), "post_unknown");
    answer
}

fn read(market: &Market, first: &Answer) -> Answer {
    market.exchange.seller("acme").call(&Request::new("GET", &first.member("status_url")))
}

fn list(market: &Market, path: &str) -> Vec<Value> {
    let listed = market.exchange.operator().call(&Request::new("GET", path));
    listed.json()["items"].as_array().expect("a list").clone()
}

/// Stops the exchange and returns the lines of its journal that hold a word.
fn journal_lines(market: &mut Market, word: &str) -> Vec<String> {
    market.exchange.stop();
    let dumped = stdout(&Exchange::journal(market.exchange.data_dir(), &["dump"]));
    dumped.lines().filter(|line| line.contains(word)).map(str::to_owned).collect()
}

#[test]
fn a_late_acceptance_is_a_sale_with_one_charge() {
    let inbox = Inbox::open(0);
    let mut market = market("1400ms", &inbox, "");
    let first = pending(&market);
    eventually("the late acceptance is heard", || read(&market, &first).outcome() == "sold");
    assert_eq!(read(&market, &first).member("payout"), "32.00");
    let told = inbox.wait_for("lead.sold", &first.member("lead_id"));
    assert_eq!(told.body["data"]["payout"], "32.00");
    eventually("the store has followed", || market.exchange.journal_is_even());
    let charges = list(&market, "/v1/ledger?buyer=north");
    let of_north: Vec<_> = charges.iter().map(|entry| (&entry["kind"], &entry["amount"])).collect();
    assert_eq!(of_north, [(&json!("accepted"), &json!("40.00"))], "{charges:?}");
    assert!(list(&market, "/v1/unknowns").is_empty());
    let resolved = journal_lines(&mut market, "Resolved");
    assert!(matches!(&*resolved, [one] if one.contains("LateAnswer")), "{resolved:?}");
    let posts: Vec<String> = market.buyers.stop().posts().map(|post| post.buyer().to_owned()).collect();
    assert_eq!(posts, ["north"]);
}

#[test]
fn a_late_acceptance_against_a_decision_is_a_dispute_and_no_charge() {
    let inbox = Inbox::open(0);
    let mut market = market("4s", &inbox, "");
    let first = pending(&market);
    let log = market.buyers.log_so_far();
    let post_id = log.posts().next().expect("a post").text("post_id").to_owned();
    let path = format!("/v1/posts/{post_id}/resolve");
    let said = json!({"outcome": "rejected", "reason": "they say that they never got it"});
    let mut decided = market.exchange.operator().call(&Request::post(&path, &said));
    eventually("the decision is taken", || {
        if decided.status != 200 {
            decided = market.exchange.operator().call(&Request::post(&path, &said));
        }
        decided.status == 200
    });
    assert_eq!(decided.member("result"), "resolved", "{}", decided.text());
    assert_eq!(read(&market, &first).outcome(), "unsold");
    eventually("the contrary is on record", || {
        let dumped = Exchange::journal(market.exchange.data_dir(), &["dump"]);
        stdout(&dumped).contains("Disputed")
    });
    assert_eq!(read(&market, &first).outcome(), "unsold");
    eventually("the store has followed", || market.exchange.journal_is_even());
    assert!(list(&market, "/v1/ledger").is_empty());
    let disputed = journal_lines(&mut market, "Disputed");
    assert!(matches!(&*disputed, [one] if one.contains("LateAnswer")), "{disputed:?}");
    assert!(!inbox.came().iter().any(|event| event.body["type"] == "lead.sold"));
}

#[test]
fn a_late_acceptance_of_one_of_two_buyers_waits_for_the_other() {
    let profile = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"40.00\" }\npost_latency = { fixed = \"1s\" }\n\
                   [[buyer]]\nname = \"south\"\nprice = { fixed = \"30.00\" }\npost_latency = { fixed = \"3s\" }\n";
    let vertical = "bid_window = \"5s\"\nanswer_by = \"10s\"\npost_timeout = \"5s\"\nmax_buyers = 2";
    let north = Campaign { keys: "idempotent = false", post: "timeout = \"400ms\"", ..Campaign::default() };
    let catalog = CatalogText::new(vertical).with("north", north).with("south", Campaign::default());
    let market = Market::open(profile, &catalog);
    let first = market.exchange.seller("acme").lead(&lead(1));
    assert_eq!(first.member("payout"), "24.00", "{}", first.text());
    let path = format!("/v1/leads/{}", first.member("lead_id"));
    let seller = market.exchange.seller("acme");
    eventually("both have bought it", || {
        seller.call(&Request::new("GET", &path)).member("payout") == "56.00"
    });
    eventually("the store has followed", || market.exchange.journal_is_even());
    assert_eq!(list(&market, "/v1/sales").len(), 2);
}

#[test]
fn without_time_for_late_answers_the_connection_closes_when_the_post_is_given_up() {
    let inbox = Inbox::open(0);
    // It stands in the section of buyers, which ends with what is added.
    let market = market("900ms", &inbox, "late_answers = \"0s\"\n");
    let first = pending(&market);
    eventually("the unknown post is listed", || !list(&market, "/v1/unknowns").is_empty());
    let by_another = market.exchange.seller("other").lead(&lead(1));
    assert_eq!(by_another.outcome(), "duplicate", "unknown counts as sold: {}", by_another.text());
    eventually("the buyer has answered", || market.buyers.log_so_far().posts().count() == 1);
    assert_eq!(read(&market, &first).outcome(), "pending");
}
