//! Posts whose outcome nobody knows, until somebody does: by the same post again, by the buyer's status URL, by the
//! buyer's own report, by a person, or by the campaign's rule.

use serde_json::{Value, json};

use crate::catalog::{Campaign, CatalogText};
use crate::exchange::{Exchange, stderr, stdout};
use crate::inbox::Inbox;
use crate::lead::{lead, phone};
use crate::market::Market;
use crate::process::eventually;
use crate::seller::{Answer, Caller, Request};

const VERTICAL: &str = "bid_window = \"5s\"\nanswer_by = \"10s\"\npost_timeout = \"400ms\"";
/// A buyer that takes every lead, and whose answer to the first post never comes.
const TAKES: &str = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"40.00\" }\npost = [{ fault = \"reset_after_accept\" }]\n\
                     [[buyer]]\nname = \"south\"\nprice = { fixed = \"30.00\" }\n";
/// The same, and it takes none.
const DECLINES: &str = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"40.00\" }\n\
                        post = [{ answer = \"rejected\", fault = \"reset\" }]\n\
                        [[buyer]]\nname = \"south\"\nprice = { fixed = \"30.00\" }\n";

/// Opens a market in which `north` bids most, and `south` may not get what `north` may have.
fn market(profile: &str, north: &str, inbox: &Inbox) -> Market {
    let catalog = CatalogText::new(VERTICAL)
        .with("north", Campaign { keys: north, ..Campaign::default() })
        .with("south", Campaign::default())
        .with_webhook("acme", inbox.address());
    Market::open(profile, &catalog)
}

fn keyed(seller: &Caller, serial: u64) -> Answer {
    let key = format!("k-{serial}");
    seller.call(&Request::post("/v1/leads", &lead(serial)).with_header("Idempotency-Key", &key))
}

/// Sells a lead whose post nobody answers, and returns what its seller was told.
fn pending(exchange: &Exchange, serial: u64) -> Answer {
    let answer = keyed(&exchange.seller("acme"), serial);
    assert_eq!(answer.outcome(), "pending", "{}", answer.text());
    assert_eq!(answer.member("reason"), "post_unknown");
    answer
}

/// Waits until a lead that was pending has its outcome, by `GET`, by a repeat, and by webhook.
fn check_settled(market: &Market, inbox: &Inbox, (serial, first): (u64, &Answer), status: &str) {
    let lead_id = first.member("lead_id");
    let seller = market.exchange.seller("acme");
    let path = first.member("status_url");
    eventually("the lead has its outcome", || {
        seller.call(&Request::new("GET", &path)).outcome() != "pending"
    });
    let read = seller.call(&Request::new("GET", &path));
    let again = keyed(&seller, serial);
    assert!(again.is_replayed(), "{}", again.text());
    let payout = if status == "sold" { "32.00" } else { "0.00" };
    for answer in [&read, &again] {
        assert_eq!((answer.outcome().as_str(), answer.member("payout").as_str()), (status, payout));
        assert_eq!(answer.member("lead_id"), lead_id);
    }
    let event = inbox.wait_for(&format!("lead.{status}"), &lead_id);
    assert_eq!(event.body["data"]["payout"], payout, "{}", event.body);
    assert_eq!(event.body["data"]["currency"], "EUR");
    assert!(!event.body.to_string().contains("north"), "no buyer is named: {}", event.body);
}

/// Returns the posts that a buyer got.
fn posted(market: &Market, buyer: &str) -> usize {
    market.buyers.log_so_far().posts().filter(|post| post.buyer() == buyer).count()
}

/// Returns what is in an account.
fn balance(exchange: &Exchange, account: &str) -> String {
    let listed = exchange.operator().call(&Request::new("GET", "/v1/balances")).json();
    let items = listed["items"].as_array().expect("a list");
    let found = items.iter().find(|item| item["account"] == account);
    found.map_or_else(|| "0.00".to_owned(), |item| item["balance"].as_str().expect("an amount").to_owned())
}

fn post_id(market: &Market) -> String {
    let log = market.buyers.log_so_far();
    log.posts().next().expect("a post").text("post_id").to_owned()
}

#[test]
fn the_same_post_again_settles_what_nobody_answered() {
    let inbox = Inbox::open(1);
    let market = market(TAKES, "", &inbox);
    let firsts: Vec<(u64, Answer)> =
        (1..=3).map(|serial| (serial, pending(&market.exchange, serial))).collect();
    // Three in a row: the circuit is open, and the next lead is the other buyer's.
    assert_eq!(keyed(&market.exchange.seller("acme"), 4).member("payout"), "24.00");
    for (serial, first) in &firsts {
        check_settled(&market, &inbox, (*serial, first), "sold");
    }
    // One that is settled closes it again.
    pending(&market.exchange, 5);
    assert_eq!(balance(&market.exchange, "buyer:north receivable"), "120.00");
    let events = inbox.came();
    assert_eq!(events[0].id, events[1].id, "an event that was not taken comes again under the same id");
    let log = market.buyers.stop();
    for serial in 1..=3 {
        let posts: Vec<_> = log.posts().filter(|post| post.serial() == serial).collect();
        assert_eq!(
            posts.iter().map(|post| post.is_repeat()).collect::<Vec<_>>(),
            [false, true],
            "lead {serial}"
        );
        assert!(posts.iter().all(|post| post.buyer() == "north"), "lead {serial} goes to nobody else");
        assert_eq!(posts[0].bytes, posts[1].bytes, "the same bytes");
        assert_eq!(posts[0].text("post_id"), posts[1].text("post_id"));
    }
}

#[test]
fn a_post_is_made_again_after_a_kill_with_the_same_bytes() {
    let inbox = Inbox::open(0);
    let mut market = market(DECLINES, "", &inbox);
    let first = pending(&market.exchange, 1);
    market.exchange.kill();
    market.exchange.start_again();
    check_settled(&market, &inbox, (1, &first), "unsold");
    let log = market.buyers.stop();
    let posts: Vec<_> = log.posts().collect();
    assert_eq!(posts.iter().map(|post| post.buyer()).collect::<Vec<_>>(), ["north", "north"], "nobody else");
    assert_eq!(posts[0].bytes, posts[1].bytes, "the same bytes");
    assert!(posts[1].is_repeat());
}

#[test]
fn the_status_url_settles_what_nobody_answered() {
    for (profile, status) in [(TAKES, "sold"), (DECLINES, "unsold")] {
        let inbox = Inbox::open(0);
        let north = "idempotent = false\nstatus_url = \"http://BUYERS/north/status/{post_id}\"";
        let market = market(profile, north, &inbox);
        let first = pending(&market.exchange, 1);
        check_settled(&market, &inbox, (1, &first), status);
        let log = market.buyers.stop();
        assert_eq!(log.posts().count(), 1, "no post is sent again, and none to another buyer");
        let asked: Vec<_> = log.questions().map(|line| line.text("post_id")).collect();
        assert_eq!(asked, [log.posts().next().expect("a post").text("post_id")]);
    }
}

#[test]
fn the_buyers_report_settles_it_once_and_the_contrary_is_a_dispute() {
    let inbox = Inbox::open(0);
    let market = market(TAKES, "idempotent = false", &inbox);
    let first = pending(&market.exchange, 1);
    let post_id = post_id(&market);
    let path = format!("/v1/posts/{post_id}/outcome");
    let accepted = json!({"status": "accepted", "buyer_ref": "N-1"});
    let say = |owner: &str, said: &Value| market.exchange.partner(owner).call(&Request::post(&path, said));
    eventually("the unknown post is listed", || {
        let listed = market.exchange.operator().call(&Request::new("GET", "/v1/unknowns"));
        listed.json()["items"][0]["next"] == "await_report"
    });
    assert_eq!(say("buyer:south", &accepted).status, 404, "another's post");
    assert_eq!(say("seller:acme", &accepted).status, 403);
    assert_eq!(say("operator:ops", &accepted).status, 403);
    // Its answer may still come for a moment after its time; then the report comes too early.
    let mut settled = say("buyer:north", &accepted);
    eventually("the post is given up", || {
        if settled.status == 409 {
            settled = say("buyer:north", &accepted);
        }
        settled.status != 409
    });
    assert_eq!((settled.status, settled.member("result").as_str()), (200, "resolved"), "{}", settled.text());
    assert_eq!(settled.member("price"), "40.00");
    check_settled(&market, &inbox, (1, &first), "sold");
    assert_eq!(say("buyer:north", &accepted).member("result"), "already_so");
    let contrary = say("buyer:north", &json!({"status": "rejected", "reason": "never got it"}));
    assert_eq!(contrary.member("result"), "disputed", "{}", contrary.text());
    eventually("the store has followed", || market.exchange.journal_is_even());
    assert_eq!(balance(&market.exchange, "buyer:north receivable"), "40.00");
    assert_eq!(balance(&market.exchange, "seller:acme pending"), "-32.00");
    let read = market.exchange.seller("acme").call(&Request::new("GET", &first.member("status_url")));
    assert_eq!(read.outcome(), "sold");
    assert_eq!(posted(&market, "south"), 0);
}

#[test]
fn a_person_settles_it_and_an_acceptance_that_comes_later_is_no_charge() {
    let inbox = Inbox::open(0);
    let market = market(TAKES, "idempotent = false\ncaps = { sold = { total = 1 } }", &inbox);
    let first = pending(&market.exchange, 1);
    let mut listed = Value::Null;
    eventually("the unknown post is listed", || {
        let output = market.exchange.ask(&["unknown", "list", "--json"], "");
        assert!(output.status.success(), "{}", stderr(&output));
        listed = serde_json::from_str(&stdout(&output)).unwrap_or_default();
        listed["post_id"].is_string()
    });
    let post_id = post_id(&market);
    assert_eq!((listed["post_id"].as_str(), listed["campaign"].as_str()), (Some(&*post_id), Some("north")));
    // Its room is taken for as long as nobody knows.
    assert_eq!(keyed(&market.exchange.seller("acme"), 2).member("payout"), "24.00");
    let resolve = ["unknown", "resolve", &post_id, "--outcome", "failed", "--note", "not in their system"];
    eventually("the decision is taken", || market.exchange.ask(&resolve, "").status.success());
    check_settled(&market, &inbox, (1, &first), "unsold");
    assert_eq!(market.exchange.ask(&["unknown", "list", "--json"], "").stdout, b"");
    let path = format!("/v1/posts/{post_id}/outcome");
    let late = json!({"status": "accepted"});
    let disputed = market.exchange.partner("buyer:north").call(&Request::post(&path, &late));
    assert_eq!(disputed.member("result"), "disputed", "{}", disputed.text());
    eventually("the store has followed", || market.exchange.journal_is_even());
    assert_eq!(balance(&market.exchange, "buyer:north receivable"), "0.00");
    // The room is free again: the buyer gets the next lead.
    pending(&market.exchange, 3);
    eventually("the post has come", || posted(&market, "north") == 2);
    assert_eq!(posted(&market, "south"), 1, "the lead of the first post goes to nobody else");
}

#[test]
fn the_rule_of_the_campaign_settles_what_nobody_finds_out() {
    for (rule, status, charged) in
        [("assume_accepted", "sold", "40.00"), ("assume_rejected", "unsold", "0.00")]
    {
        let inbox = Inbox::open(0);
        let keys = format!("idempotent = false\non_unknown = \"{rule}\"\nunknown_after = \"1s\"");
        let market = market(TAKES, &keys, &inbox);
        let first = pending(&market.exchange, 1);
        check_settled(&market, &inbox, (1, &first), status);
        eventually("the store has followed", || market.exchange.journal_is_even());
        assert_eq!(balance(&market.exchange, "buyer:north receivable"), charged, "{rule}");
        assert_eq!((posted(&market, "north"), posted(&market, "south")), (1, 0), "{rule}");
    }
}

#[test]
fn what_nobody_finds_out_waits_for_a_person_where_the_campaign_holds() {
    let inbox = Inbox::open(0);
    let market = market(TAKES, "idempotent = false\nunknown_after = \"1s\"", &inbox);
    let first = pending(&market.exchange, 1);
    eventually("it is a person's to decide", || {
        let listed = market.exchange.operator().call(&Request::new("GET", "/v1/unknowns"));
        listed.json()["items"][0]["next"] == "person"
    });
    let read = market.exchange.seller("acme").call(&Request::new("GET", &first.member("status_url")));
    assert_eq!(read.outcome(), "pending", "{}", read.text());
    let again = market.exchange.seller("other").lead(&lead(1));
    assert_eq!(again.outcome(), "duplicate", "unknown counts as sold: {}", phone(1));
}

#[test]
fn operators_see_how_often_a_post_was_asked_about_and_what_comes_next() {
    // It hangs every time.
    let profile = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"40.00\" }\n\
                   post = [{ fault = \"hang\", fault_repeats = true }]\n";
    let catalog = CatalogText::new(VERTICAL).with("north", Campaign::default());
    let market = Market::open(profile, &catalog);
    let first = pending(&market.exchange, 1);
    let list =
        || market.exchange.operator().call(&Request::new("GET", "/v1/unknowns")).json()["items"][0].clone();
    let mut listed = Value::Null;
    eventually("it is listed", || {
        listed = list();
        listed["next"] == "repost"
    });
    assert_eq!(listed["attempts"], 0, "{listed}");
    assert!(listed["next_at"].as_str() > listed["intent_at"].as_str(), "{listed}");
    let before = listed["next_at"].clone();
    eventually("it was asked about", || {
        listed = list();
        listed["attempts"] == 1 && listed["next_at"].as_str() > before.as_str()
    });
    assert_eq!(listed["next"], "repost", "{listed}");
    let post = post_id(&market);
    let lines = stdout(&market.exchange.ask(&["unknown", "list"], ""));
    assert!(lines.contains(&post) && lines.contains("asked 1  repost 2"), "{lines}");
    assert_eq!(posted(&market, "north"), 2);
    let read = market.exchange.seller("acme").call(&Request::new("GET", &first.member("status_url")));
    assert_eq!(read.outcome(), "pending", "{}", read.text());
}
