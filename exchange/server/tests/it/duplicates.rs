//! One person behind several submissions.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::catalog::{Campaign, CatalogText};
use crate::lead::{lead, phone, ping, post};
use crate::market::{Market, at_once};
use crate::seller::{Answer, Request};

fn market() -> Market {
    let catalog =
        CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"").with("north", Campaign::default());
    Market::open(
        "[[buyer]]\nname = \"north\"\nprice = { fixed = \"30.00\" }\nlatency = { fixed = \"20ms\" }\n",
        &catalog,
    )
}

/// Returns a ping that tells who it is about, as a digest.
fn named_ping(serial: u64) -> Value {
    let digest = Sha256::digest(phone(serial));
    let hex = digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let mut ping = ping(serial);
    ping["identity"] = json!({"phone_sha256": hex});
    ping
}

fn offered(market: &Market, seller: &str, ping: &Value) -> String {
    let answer = market.exchange.seller(seller).call(&Request::post("/v1/pings", ping));
    assert_eq!(answer.outcome(), "offers", "{}", answer.text());
    format!("/v1/pings/{}/post", answer.member("ping_id"))
}

#[track_caller]
fn assert_duplicate(answer: &Answer, scope: &str, earlier: &Answer) {
    assert_eq!(answer.outcome(), "duplicate", "{}", answer.text());
    assert_eq!(answer.member("scope"), scope, "{}", answer.text());
    let names_it = answer.member("lead_id") == earlier.member("lead_id");
    assert_eq!(names_it, scope == "own", "{}", answer.text());
}

#[test]
fn a_ping_about_a_person_who_was_sold_gets_no_offers() {
    let market = market();
    let sold = market.exchange.seller("acme").lead(&lead(1));
    assert_eq!(sold.outcome(), "sold");
    let body = named_ping(1);
    let request = Request::post("/v1/pings", &body);
    assert_duplicate(&market.exchange.seller("acme").call(&request), "own", &sold);
    // Nobody else may learn through a ping that the person is known.
    let elsewhere = market.exchange.seller("other").call(&request);
    assert_eq!(elsewhere.outcome(), "no_offer", "{}", elsewhere.text());
    assert!(!elsewhere.text().contains("duplicate"), "{}", elsewhere.text());
    assert_eq!(market.buyers.stop().pings().count(), 1);
}

#[test]
fn a_person_who_was_sold_meanwhile_is_not_sold_again_by_a_post() {
    let market = market();
    for (serial, ping) in [(1, ping(1)), (2, named_ping(2))] {
        let acme = offered(&market, "acme", &ping);
        let other = offered(&market, "other", &ping);
        let body = post(serial);
        let sold = market.exchange.seller("acme").call(&Request::post(&acme, &body));
        assert_eq!(sold.outcome(), "sold", "{}", sold.text());
        let late = market.exchange.seller("other").call(&Request::post(&other, &body));
        assert_duplicate(&late, "exchange", &sold);
    }
    assert_eq!(market.buyers.stop().posts().count(), 2);
}

#[test]
fn offers_that_nobody_posted_make_nobody_a_duplicate() {
    let market = market();
    offered(&market, "acme", &named_ping(1));
    let sold = market.exchange.seller("other").lead(&lead(1));
    assert_eq!(sold.outcome(), "sold", "{}", sold.text());
}

#[test]
fn offers_that_were_given_back_let_their_person_come_again() {
    let market = market();
    let acme = market.exchange.seller("acme");
    let path = offered(&market, "acme", &named_ping(1));
    let given_back = acme.call(&Request::new("DELETE", path.trim_end_matches("/post")));
    assert_eq!(given_back.outcome(), "no_offer", "{}", given_back.text());
    let sold = acme.lead(&lead(1));
    assert_eq!(sold.status, 200, "{}", sold.text());
    assert_eq!(sold.outcome(), "sold", "{}", sold.text());
}

#[test]
fn posts_of_one_person_at_once_are_one_sale() {
    let market = market();
    let paths: Vec<String> = (0..16).map(|_| offered(&market, "acme", &ping(1))).collect();
    let body = post(1);
    let requests: Vec<Request<'_>> = paths.iter().map(|path| Request::post(path, &body)).collect();
    let answers = at_once(&market.exchange.seller("acme"), &requests);
    let (sold, others): (Vec<&Answer>, Vec<&Answer>) =
        answers.iter().partition(|answer| answer.outcome() == "sold");
    let [sold] = sold.as_slice() else { panic!("one of them is sold: {sold:?}") };
    for answer in others {
        assert_duplicate(answer, "own", sold);
    }
    assert_eq!(market.buyers.stop().posts().count(), 1);
}

#[test]
fn a_person_with_one_number_or_one_address_is_one_person() {
    let market = market();
    let acme = market.exchange.seller("acme");
    let sold = acme.lead(&lead(1));
    assert_eq!(sold.outcome(), "sold");
    let mut same_phone = lead(2);
    same_phone["fields"]["phone"] = json!(phone(1).replace("+49", "0049 ").replace("891", "89 1"));
    let mut same_email = lead(3);
    same_email["fields"]["email"] = json!(" Lead-1@Example.ORG ");
    for same in [same_phone, same_email] {
        assert_duplicate(&acme.lead(&same), "own", &sold);
    }
}
