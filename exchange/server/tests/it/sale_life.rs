//! A sale after it was made: returns, corrections, settlement, and what the ledger and each side see of it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::catalog::{Campaign, CatalogText};
use crate::exchange::{stderr, stdout};
use crate::inbox::{Event, Inbox};
use crate::lead::lead;
use crate::market::Market;
use crate::process::eventually;
use crate::seller::{Answer, Request};

const NORTH: &str = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"40.00\" }\n";
const USUAL: &str = "bid_window = \"5s\"\nanswer_by = \"20s\"";

fn market(north: &str, inbox: &Inbox) -> Market {
    let catalog = CatalogText::new(USUAL)
        .with("north", Campaign { keys: north, ..Campaign::default() })
        .with_buyer("south", "")
        .with_webhook("acme", inbox.address());
    Market::open(NORTH, &catalog)
}

/// Sells a lead and returns the ids of lead and sale.
fn sold(market: &Market, serial: u64) -> (String, String) {
    let answer = market.exchange.seller("acme").lead(&lead(serial));
    assert_eq!(answer.outcome(), "sold", "{}", answer.text());
    let sale = answer.json()["sales"][0]["sale_id"].as_str().expect("a sale").to_owned();
    eventually("the store has followed", || market.exchange.journal_is_even());
    (answer.member("lead_id"), sale)
}

/// Asks as a partner or operator for a change of a sale.
fn change(market: &Market, owner: &str, (sale, what): (&str, &str), body: &Value) -> Answer {
    let path = format!("/v1/sales/{sale}/{what}");
    market
        .exchange
        .partner(owner)
        .call(&Request::post(&path, body).with_header("Idempotency-Key", "change-1"))
}

fn get(market: &Market, owner: &str, path: &str) -> Answer {
    market.exchange.partner(owner).call(&Request::new("GET", path))
}

/// Returns the items of a list that a partner or operator may see.
fn list(market: &Market, owner: &str, path: &str) -> Vec<Value> {
    let answer = get(market, owner, path);
    assert_eq!(answer.status, 200, "{owner} {path}: {}", answer.text());
    answer.json()["items"].as_array().expect("a list").clone()
}

fn micros(amount: &Value) -> i64 {
    let text = amount.as_str().expect("an amount");
    let (units, decimals) = text.trim_start_matches('-').split_once('.').expect("decimals");
    let number: i64 = format!("{units}{decimals:0<6}").parse().expect("a number");
    if text.starts_with('-') { -number } else { number }
}

/// Checks that every transaction of the ledger sums to zero, and returns what is in the accounts.
fn balances(market: &Market) -> Vec<(String, i64)> {
    let mut sums = std::collections::BTreeMap::<u64, i64>::new();
    let mut accounts = std::collections::BTreeMap::<String, i64>::new();
    for entry in list(market, "operator:ops", "/v1/ledger?limit=200") {
        *sums.entry(entry["transfer"].as_u64().expect("a transfer")).or_default() += micros(&entry["amount"]);
        let account = entry["account"].as_str().expect("an account").to_owned();
        *accounts.entry(account).or_default() += micros(&entry["amount"]);
    }
    assert!(!sums.is_empty() && sums.values().all(|sum| *sum == 0), "{sums:?}");
    for balance in list(market, "operator:ops", "/v1/balances") {
        let account = balance["account"].as_str().expect("an account");
        assert_eq!(accounts.get(account), Some(&micros(&balance["balance"])), "{account}");
    }
    accounts.into_iter().filter(|(_, amount)| *amount != 0).collect()
}

fn account(name: &str, micros: i64) -> (String, i64) {
    (name.to_owned(), micros)
}

#[test]
fn a_lead_is_returned_once_and_credited_once() {
    let inbox = Inbox::open(0);
    let mut market =
        market("return_reasons = [\"bad_contact\", \"fraud\"]\ncaps = { sold = { total = 1 } }", &inbox);
    let (lead_id, sale) = sold(&market, 1);
    let reason = json!({"reason": "bad_contact", "note": "the number is dead"});
    let back = |owner: &str, body: &Value| change(&market, owner, (&sale, "returns"), body);
    let refused = back("buyer:north", &json!({"reason": "out_of_area"}));
    assert_eq!((refused.status, &*refused.problem()), (409, "reason_not_allowed"));
    assert_eq!(back("buyer:north", &json!({"reason": "bored"})).status, 422);
    assert_eq!(back("buyer:south", &reason).status, 404, "another's sale");
    assert_eq!(back("seller:acme", &reason).status, 403);
    let first = back("buyer:north", &reason);
    assert_eq!((first.outcome().as_str(), first.is_replayed()), ("returned", false), "{}", first.text());
    let again = back("buyer:north", &reason);
    assert_eq!((again.outcome().as_str(), again.is_replayed()), ("returned", true), "{}", again.text());
    let event = inbox.wait_for("sale.returned", &lead_id);
    assert_eq!(
        (event.body["data"]["payout"].as_str(), event.body["data"]["sale_id"].as_str()),
        (Some("0.00"), Some(&*sale))
    );
    assert_eq!(event.body["data"]["reason"], "bad_contact", "{}", event.body);
    assert!(!event.body.to_string().contains("dead"), "the note is not told: {}", event.body);
    eventually("the store has followed", || market.exchange.journal_is_even());
    assert_eq!(balances(&market), []);
    let adjusted = json!({"price": "1.00", "payout": "0.50", "reason": "x"});
    let late = change(&market, "operator:ops", (&sale, "adjustments"), &adjusted);
    assert_eq!((late.status, &*late.problem()), (409, "already_returned"), "{}", late.text());
    // Without `returns_restore` the place in the cap stays taken.
    assert_eq!(market.exchange.seller("acme").lead(&lead(2)).outcome(), "unsold");
    let read = market.exchange.seller("acme").call(&Request::new("GET", &format!("/v1/leads/{lead_id}")));
    assert_eq!(read.outcome(), "sold", "what was answered stays: {}", read.text());
    // A restart changes none of it.
    market.exchange.kill();
    market.exchange.start_again();
    let still = change(&market, "buyer:north", (&sale, "returns"), &reason);
    assert_eq!((still.outcome().as_str(), still.is_replayed()), ("returned", true), "{}", still.text());
}

#[test]
fn a_return_frees_the_place_where_the_campaign_says_so() {
    let inbox = Inbox::open(0);
    let mut market = market("returns_restore = true\ncaps = { sold = { total = 1 } }", &inbox);
    let (_, sale) = sold(&market, 1);
    assert_eq!(market.exchange.seller("acme").lead(&lead(2)).outcome(), "unsold");
    let output = market.exchange.ask(&["sale", "return", &sale, "--reason", "fraud"], "");
    assert!(output.status.success(), "{}", stderr(&output));
    let (_, second) = sold(&market, 3);
    // The same after a restart: one place was taken, given back, and taken again.
    market.exchange.kill();
    market.exchange.start_again();
    assert_eq!(market.exchange.seller("acme").lead(&lead(4)).outcome(), "unsold");
    let output = market.exchange.ask(&["sale", "return", &second, "--reason", "fraud"], "");
    assert!(output.status.success(), "{}", stderr(&output));
    market.exchange.kill();
    market.exchange.start_again();
    sold(&market, 5);
    assert_eq!(market.exchange.seller("acme").lead(&lead(6)).outcome(), "unsold");
}

#[test]
fn amounts_are_corrected_and_a_sale_is_taken_back() {
    let inbox = Inbox::open(0);
    let mut market = market("", &inbox);
    let (lead_id, sale) = sold(&market, 1);
    let receivable = |amount| account("buyer:north receivable", amount);
    let pending = |amount| account("seller:acme pending", amount);
    let margin = |amount| account("exchange margin", amount);
    assert_eq!(balances(&market), [receivable(40_000_000), margin(-8_000_000), pending(-32_000_000)]);
    let amounts = json!({"price": "30.00", "payout": "25.00", "reason": "agreed by phone"});
    for replayed in [false, true] {
        let adjusted = change(&market, "operator:ops", (&sale, "adjustments"), &amounts);
        assert_eq!(
            (adjusted.outcome().as_str(), adjusted.is_replayed()),
            ("adjusted", replayed),
            "{}",
            adjusted.text()
        );
        assert_eq!(adjusted.member("margin"), "5.00");
    }
    assert_eq!(balances(&market), [receivable(30_000_000), margin(-5_000_000), pending(-25_000_000)]);
    assert_eq!(inbox.wait_for("sale.adjusted", &lead_id).body["data"]["payout"], "25.00");
    // Each side sees its own money only.
    let path = format!("/v1/sales/{sale}");
    let (seller, buyer) = (get(&market, "seller:acme", &path), get(&market, "buyer:north", &path));
    assert_eq!((seller.member("payout"), buyer.member("price")), ("25.00".to_owned(), "30.00".to_owned()));
    for hidden in ["\"price\"", "\"margin\"", "north", "\"post_id\""] {
        assert!(!seller.text().contains(hidden), "{}", seller.text());
    }
    for hidden in ["\"payout\"", "\"margin\"", "acme", "\"lead_id\""] {
        assert!(!buyer.text().contains(hidden), "{}", buyer.text());
    }
    for owner in ["seller:other", "buyer:south"] {
        assert_eq!(get(&market, owner, &path).status, 404, "{owner}");
        assert!(list(&market, owner, "/v1/sales").is_empty(), "{owner}");
        assert!(list(&market, owner, "/v1/ledger").is_empty(), "{owner}");
        assert!(list(&market, owner, "/v1/balances").is_empty(), "{owner}");
    }
    for (owner, own) in [("seller:acme", "seller:acme "), ("buyer:north", "buyer:north ")] {
        let entries = list(&market, owner, "/v1/ledger");
        assert_eq!(entries.len(), 2, "{entries:?}");
        for entry in entries {
            assert!(entry["account"].as_str().expect("an account").starts_with(own), "{entry}");
            assert!(entry["entry"].is_null() && entry["digest"].is_null(), "{entry}");
        }
    }
    let reversed = change(&market, "operator:ops", (&sale, "reversals"), &json!({"reason": "fraud"}));
    assert_eq!(reversed.outcome(), "reversed", "{}", reversed.text());
    assert_eq!(balances(&market), []);
    let back = change(&market, "buyer:north", (&sale, "returns"), &json!({"reason": "fraud"}));
    assert_eq!((back.status, &*back.problem()), (409, "already_reversed"));
    check_files(&mut market, &sale);
}

/// Verifies and exports the ledger of the stopped exchange.
fn check_files(market: &mut Market, sale: &str) {
    let report = market.exchange.operator().call(&Request::new("POST", "/v1/ledger/verify"));
    assert_eq!(report.outcome(), "intact", "{}", report.text());
    market.exchange.stop();
    let verified = market.exchange.inspect(&["ledger", "verify"]);
    assert!(verified.status.success(), "{}", stderr(&verified));
    assert!(stdout(&verified).starts_with("good: "), "{}", stdout(&verified));
    let exported = stdout(&market.exchange.inspect(&["ledger", "export"]));
    let lines: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let kinds: Vec<&str> = lines.iter().map(|line| line["kind"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["charge", "adjusted", "reversed"], "{exported}");
    for line in &lines {
        let legs = line["legs"].as_array().expect("legs");
        assert_eq!(
            legs.iter().map(|leg| leg["amount_micros"].as_i64().expect("an amount")).sum::<i64>(),
            0,
            "{line}"
        );
        assert_eq!(line["sale_id"], sale);
    }
    assert!(
        lines[0]["intent"].as_u64() < lines[0]["sequence"].as_u64(),
        "the intent comes first: {}",
        lines[0]
    );
    assert!(
        lines[0]["evidence"].as_str().is_some_and(|digest| digest.bytes().any(|byte| byte != b'0')),
        "{}",
        lines[0]
    );
}

#[test]
fn a_sale_settles_when_its_return_window_is_over() {
    let inbox = Inbox::open(0);
    let mut market = market("return_window = \"1s\"", &inbox);
    let (lead_id, sale) = sold(&market, 1);
    let event = inbox.wait_for("lead.settled", &lead_id);
    assert_eq!(event.body["data"]["payout"], "32.00");
    assert_eq!(event.body["data"]["sale_id"], *sale);
    eventually("the store has followed", || market.exchange.journal_is_even());
    let payable = account("seller:acme payable", -32_000_000);
    let of_a_sale = [account("buyer:north receivable", 40_000_000), account("exchange margin", -8_000_000)];
    assert_eq!(balances(&market), [&of_a_sale[..], &[payable]].concat());
    let late = change(&market, "buyer:north", (&sale, "returns"), &json!({"reason": "fraud"}));
    assert_eq!((late.status, &*late.problem()), (409, "return_window_closed"), "{}", late.text());
    assert_eq!(get(&market, "seller:acme", &format!("/v1/sales/{sale}")).outcome(), "settled");
    // Nothing settles twice, over a restart either.
    market.exchange.kill();
    market.exchange.start_again();
    let (second, _) = sold(&market, 2);
    inbox.wait_for("lead.settled", &second);
    let settled = |id: &str| {
        let about =
            |event: &&Event| event.body["type"] == "lead.settled" && event.body["data"]["lead_id"] == id;
        // A kill right after an event may have it come once more, under its id.
        let ids: BTreeSet<String> = inbox.came().iter().filter(about).map(|event| event.id.clone()).collect();
        ids.len()
    };
    assert_eq!((settled(&lead_id), settled(&second)), (1, 1));
    eventually("the store has followed", || market.exchange.journal_is_even());
    let payable = account("seller:acme payable", -64_000_000);
    assert!(balances(&market).contains(&payable), "{:?}", balances(&market));
    let reversed = change(&market, "operator:ops", (&sale, "reversals"), &json!({"reason": "fraud"}));
    assert_eq!(reversed.outcome(), "reversed", "an operator may still take it back: {}", reversed.text());
    assert!(balances(&market).contains(&account("seller:acme payable", -32_000_000)));
}

#[test]
fn a_campaign_without_a_return_window_takes_no_returns() {
    let inbox = Inbox::open(0);
    let market = market("return_window = \"0s\"", &inbox);
    let (lead_id, sale) = sold(&market, 1);
    inbox.wait_for("lead.settled", &lead_id);
    let back = change(&market, "buyer:north", (&sale, "returns"), &json!({"reason": "fraud"}));
    assert_eq!(back.status, 409, "{}", back.text());
    assert!(["returns_not_allowed", "return_window_closed"].contains(&&*back.problem()), "{}", back.text());
}
