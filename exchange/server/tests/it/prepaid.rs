//! Buyers who pay ahead: they buy for what is there, to the cent, and no more.

use serde_json::{Value, json};

use crate::buyers::Line;
use crate::catalog::{Campaign, CatalogText};
use crate::exchange::{stderr, stdout};
use crate::lead::lead;
use crate::market::Market;
use crate::process::eventually;
use crate::seller::{Answer, Request};

const NORTH: &str = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"40.00\" }\n";

fn market() -> Market {
    let catalog = CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"")
        .with_buyer("north", "prepaid = true")
        .with_campaign_of("north", "north", Campaign::default())
        .with_buyer("south", "");
    Market::open(NORTH, &catalog)
}

fn moved(market: &Market, buyer: &str, key: &str, movement: &Value) -> Answer {
    let path = format!("/v1/buyers/{buyer}/balance");
    market.exchange.operator().call(&Request::post(&path, movement).with_header("Idempotency-Key", key))
}

fn movement(kind: &str, amount: &str) -> Value {
    json!({"kind": kind, "amount": amount, "currency": "EUR", "reference": "statement 17"})
}

/// Sells a lead that nobody can pay for.
fn check_exhausted(market: &Market, serial: u64) {
    let answer = market.exchange.seller("acme").lead(&lead(serial));
    assert_eq!(answer.outcome(), "unsold", "{}", answer.text());
    let account = market.exchange.account(&answer.member("auction_id"));
    assert_eq!(account["campaigns"][0]["reason"], "balance_exhausted", "{account}");
}

fn balance(market: &Market, owner: &str) -> String {
    eventually("the store has followed", || market.exchange.journal_is_even());
    let listed = market.exchange.partner(owner).call(&Request::new("GET", "/v1/balances")).json();
    let items = listed["items"].as_array().expect("a list").iter();
    let found = items.clone().find(|item| item["account"] == "buyer:north prepaid");
    found.map_or_else(|| "none".to_owned(), |item| item["balance"].as_str().expect("an amount").to_owned())
}

#[test]
fn a_deposit_is_spent_to_the_cent_and_no_further() {
    let mut market = market();
    let sell = |market: &Market, serial| {
        let answer = market.exchange.seller("acme").lead(&lead(serial));
        assert_eq!(answer.outcome(), "sold", "{}", answer.text());
    };
    check_exhausted(&market, 1);
    for replayed in [false, true] {
        let deposit = moved(&market, "north", "d-1", &movement("deposit", "120.00"));
        assert_eq!((deposit.status, deposit.is_replayed()), (200, replayed), "{}", deposit.text());
        assert_eq!(deposit.member("balance"), "120.00");
    }
    let other = moved(&market, "north", "d-1", &movement("deposit", "60.00"));
    assert_eq!((other.status, &*other.problem()), (409, "idempotency_key_reused"));
    sell(&market, 2);
    // A restart keeps what is left, and what the key named.
    market.exchange.kill();
    market.exchange.start_again();
    let deposit = moved(&market, "north", "d-1", &movement("deposit", "120.00"));
    assert!(deposit.is_replayed(), "{}", deposit.text());
    sell(&market, 3);
    sell(&market, 4);
    check_exhausted(&market, 5);
    market.exchange.kill();
    market.exchange.start_again();
    check_exhausted(&market, 6);
    let deposit =
        ["balance", "deposit", "north", "--amount", "79.99", "--currency", "EUR", "--reference", "s-18"];
    let output = market.exchange.ask(&deposit, "");
    assert!(output.status.success(), "{}", stderr(&output));
    sell(&market, 7);
    check_exhausted(&market, 8);
    // A customer's money is owed to it.
    assert_eq!(balance(&market, "buyer:north").trim_start_matches('-'), "39.99");
    let listed = market.exchange.ask(&["balance", "list", "--buyer", "north"], "");
    assert!(stdout(&listed).contains("39.99"), "{}", stdout(&listed));
    let log = market.buyers.stop();
    assert_eq!(log.posts().map(Line::serial).collect::<Vec<_>>(), [2, 3, 4, 7]);
}

#[test]
fn money_that_is_there_can_be_withdrawn_once() {
    let market = market();
    assert_eq!(moved(&market, "north", "d-1", &movement("deposit", "100.00")).status, 200);
    let sold = market.exchange.seller("acme").lead(&lead(1));
    assert_eq!(sold.outcome(), "sold");
    let too_much = moved(&market, "north", "w-0", &movement("withdrawal", "60.01"));
    assert_eq!((too_much.status, &*too_much.problem()), (409, "insufficient_balance"), "{}", too_much.text());
    for replayed in [false, true] {
        let back = moved(&market, "north", "w-1", &movement("withdrawal", "20.01"));
        assert_eq!((back.status, back.is_replayed()), (200, replayed), "{}", back.text());
        assert_eq!(back.member("balance"), "39.99");
    }
    check_exhausted(&market, 2);
    // A sale that was given back can be paid for again.
    let sale = sold.json()["sales"][0]["sale_id"].as_str().expect("a sale").to_owned();
    let output = market.exchange.ask(&["sale", "return", &sale, "--reason", "fraud"], "");
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(balance(&market, "operator:ops").trim_start_matches('-'), "79.99");
    assert_eq!(market.exchange.seller("acme").lead(&lead(3)).outcome(), "sold");
    check_exhausted(&market, 4);
}

#[test]
fn only_prepaid_money_is_moved() {
    let market = market();
    let afterwards = moved(&market, "south", "d-1", &movement("deposit", "1.00"));
    assert_eq!((afterwards.status, &*afterwards.problem()), (409, "not_prepaid"), "{}", afterwards.text());
    assert_eq!(moved(&market, "nobody", "d-1", &movement("deposit", "1.00")).status, 404);
    let path = "/v1/buyers/north/balance";
    let unnamed = market.exchange.operator().call(&Request::post(path, &movement("deposit", "1.00")));
    assert_eq!(unnamed.status, 422, "{}", unnamed.text());
    for owner in ["buyer:north", "seller:acme"] {
        let own = Request::post(path, &movement("deposit", "1.00")).with_header("Idempotency-Key", "d-1");
        assert_eq!(market.exchange.partner(owner).call(&own).status, 403, "{owner}");
    }
    assert_eq!(moved(&market, "north", "d-1", &movement("deposit", "0")).status, 422);
    let dollars = json!({"kind": "deposit", "amount": "1.00", "currency": "USD", "reference": "x"});
    assert_eq!(moved(&market, "north", "d-2", &dollars).status, 422);
    check_exhausted(&market, 1);
}
