//! Leads that are well formed and no good, and bodies that are forms.

use std::fs;

use serde_json::{Value, json};

use crate::buyers::{Buyers, Line};
use crate::catalog::{Campaign, CatalogText};
use crate::exchange::Exchange;
use crate::lead::{lead, phone, ping, post};
use crate::process::eventually;
use crate::seller::{Answer, Request};

const PROFILE: &str = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"30.00\" }\n";

/// Rules across fields and bounds of dates, besides those that every field has.
const VERTICAL: &str = r#"
bid_window = "5s"
answer_by = "20s"
rules = [
    { when = { field = "roof", equals = "flat" }, refuse = { field = "zip", prefix = "80" }, code = "not_served", message = "no flat roofs here" },
    { refuse = { all = [{ field = "roof", equals = "pitched" }, { field = "comment", in = ["none"] }] }, field = "comment", message = "say something of the roof" },
]
[verticals.solar.fields.moves_on]
type = "date"
min = "2020-01-01"
max_age = 100
[verticals.solar.fields.second_email]
type = "email"
refuse_disposable = true
given = "ping"
"#;

fn catalog() -> CatalogText {
    CatalogText::new(VERTICAL).with("north", Campaign::default())
}

/// Returns the errors of an invalid answer as `field code`.
#[track_caller]
fn errors(answer: &Answer) -> Vec<String> {
    assert_eq!((answer.status, answer.outcome().as_str()), (200, "invalid"), "{}", answer.text());
    let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| format!("{} {}", text(&error["field"]), text(&error["code"]))).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

#[test]
fn a_lead_that_is_no_good_is_invalid_once_and_for_all() {
    let dir = tempfile::tempdir().expect("a folder");
    let own = dir.path().join("domains.txt");
    fs::write(&own, "# ours\nthrowaway.example\n!mailinator.com\n").expect("a file");
    let config = format!("[validation]\ndisposable_domains = \"{}\"\n", own.display());
    let buyers = Buyers::start(dir.path(), PROFILE, &[]);
    let mut exchange = Exchange::start(dir.path(), &catalog().for_buyers_at(buyers.address()), &config);
    let acme = exchange.seller("acme");

    let mut bad = lead(1);
    bad["fields"]["phone"] = json!("+49 170 000000");
    bad["fields"]["second_email"] = json!("a@throwaway.example");
    bad["fields"]["moves_on"] = json!("2019-12-31");
    bad["fields"]["comment"] = json!("none");
    let expected = [
        "fields.comment rule",
        "fields.moves_on out_of_range",
        "fields.phone impossible",
        "fields.second_email disposable",
    ];
    let request = || Request::post("/v1/leads", &bad).with_header("Idempotency-Key", "first");
    let answer = acme.call(&request());
    let mut found = errors(&answer);
    found.sort();
    assert_eq!(found, expected);
    assert!(!answer.text().contains("170000000"), "no value is repeated: {}", answer.text());
    // The same is told again: to a repeat, to who asks, and after a restart; another body is a conflict.
    let same_again = |exchange: &Exchange| {
        let acme = exchange.seller("acme");
        let again = acme.call(&request());
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(
            (again.json()["errors"].clone(), again.member("lead_id")),
            (answer.json()["errors"].clone(), answer.member("lead_id"))
        );
        let path = format!("/v1/leads/{}", answer.member("lead_id"));
        assert_eq!(errors(&acme.call(&Request::new("GET", &path))), errors(&answer));
    };
    same_again(&exchange);
    let other = acme.call(&Request::post("/v1/leads", &lead(1)).with_header("Idempotency-Key", "first"));
    assert_eq!((other.status, other.problem().as_str()), (409, "idempotency_key_reused"));
    exchange.stop();
    exchange.start_again();
    same_again(&exchange);

    // Operators see it in their lists, with what was wrong in its account.
    let operator = exchange.operator();
    let listed = || operator.call(&Request::new("GET", "/v1/leads?status=invalid")).json()["items"].clone();
    eventually("the lead is listed", || listed().as_array().is_some_and(|items| items.len() == 1));
    assert_eq!(listed()[0]["status"], "invalid");
    let account =
        operator.call(&Request::new("GET", &format!("/v1/auctions/{}", answer.member("auction_id"))));
    assert_eq!(account.json()["errors"], answer.json()["errors"], "{}", account.text());
    assert_eq!(account.json()["campaigns"], json!([]), "{}", account.text());

    // Its person is nobody's duplicate, and the operator's file takes a domain out of the bundled list.
    let mut mended = lead(1);
    mended["fields"]["second_email"] = json!("a@mailinator.com");
    let sold = exchange.seller("acme").lead(&mended);
    assert_eq!(sold.outcome(), "sold", "{}", sold.text());
    assert_eq!(buyers.stop().pings().count(), 1, "nobody was asked about an invalid lead");
}

#[test]
fn rules_hold_over_both_steps() {
    let dir = tempfile::tempdir().expect("a folder");
    let buyers = Buyers::start(dir.path(), PROFILE, &[]);
    let exchange = Exchange::start(dir.path(), &catalog().for_buyers_at(buyers.address()), "");
    let acme = exchange.seller("acme");
    let mut refused = ping(1);
    refused["fields"]["roof"] = json!("flat");
    refused["fields"]["zip"] = json!("80331");
    let answer = acme.call(&Request::post("/v1/pings", &refused));
    assert_eq!(errors(&answer), ["fields.zip not_served"]);
    let path = format!("/v1/pings/{}/post", answer.member("ping_id"));
    let late = acme.call(&Request::post(&path, &post(1)));
    assert_eq!((late.status, late.problem().as_str()), (409, "ping_closed"), "{}", late.text());

    // A rule that reads a field of the post waits for it; the offers stay for a mended post.
    let offered = acme.call(&Request::post("/v1/pings", &ping(2)));
    assert_eq!(offered.outcome(), "offers", "{}", offered.text());
    let path = format!("/v1/pings/{}/post", offered.member("ping_id"));
    let mut bad = post(2);
    bad["fields"]["comment"] = json!("none");
    bad["fields"]["phone"] = json!("+49 00 000000");
    let request = || Request::post(&path, &bad).with_header("Idempotency-Key", "bad");
    for replayed in [None, Some("true")] {
        let answer = acme.call(&request());
        assert_eq!(errors(&answer), ["fields.phone impossible", "fields.comment rule"]);
        assert_eq!(answer.header("idempotency-replayed"), replayed);
    }
    let sold = acme.call(&Request::post(&path, &post(2)).with_header("Idempotency-Key", "good"));
    assert_eq!(sold.outcome(), "sold", "{}", sold.text());
    let posts = buyers.stop();
    assert_eq!(posts.posts().count(), 1);
    assert!(phone(2).starts_with("+49891"));
}

#[test]
fn a_form_is_the_lead_that_its_json_is() {
    let dir = tempfile::tempdir().expect("a folder");
    let buyers = Buyers::start(dir.path(), PROFILE, &[]);
    let exchange = Exchange::start(dir.path(), &catalog().for_buyers_at(buyers.address()), "");
    let acme = exchange.seller("acme");
    let send = |path: &str, headers: &str, body: &str| {
        let mut connection = acme.connect();
        let text = format!(
            "POST {path} HTTP/1.1\r\nHost: exchange\r\n{headers}\
             Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        connection.send(text.as_bytes()).expect("the request can be sent");
        connection.read().expect("an answer")
    };
    let key = exchange.key("seller:acme");
    let bearer = format!("Authorization: Bearer {key}\r\n");
    let person = "first_name=Ada+L%C3%B6w&email=lead-1%40example.org&phone=%2B4989+123456&street=";
    let lead = format!(
        "_vertical=solar&serial=1&zip=80331&roof=pitched&{person}&_floor=10.00&_max_buyers=1&_sub_ids=a&_sub_ids=b\
         &_consent.text=I+agree&_consent.named_sellers=north+GmbH&_wait_ms=20000&_idempotency_key=one&shoe=44"
    );
    let sold = send("/v1/leads", &bearer, &lead);
    assert_eq!(sold.outcome(), "sold", "{}", sold.text());
    assert_eq!(
        sold.json()["warnings"],
        json!(["fields.shoe: is not a field of this vertical and was dropped"])
    );
    // Its key may come with it, and is no part of what makes it the same.
    let again = send("/v1/leads", "", &format!("{lead}&_key={key}"));
    assert_eq!(
        (again.is_replayed(), again.member("lead_id")),
        (true, sold.member("lead_id")),
        "{}",
        again.text()
    );

    // In two steps.
    let ping = send("/v1/pings", &bearer, "_vertical=solar&serial=2&zip=80331&roof=pitched");
    assert_eq!(ping.outcome(), "offers", "{}", ping.text());
    let path = format!("/v1/pings/{}/post", ping.member("ping_id"));
    let offer = ping.json()["offers"][0]["offer_id"].as_str().expect("an offer").to_owned();
    let post =
        format!("first_name=Bo&email=b%40example.org&phone=089+7654321&_offer_ids={offer}&_fallback=none");
    let posted = send(&path, &bearer, &post);
    assert_eq!(posted.outcome(), "sold", "{}", posted.text());

    // Errors are those of JSON; a form that is none is told to those with a key only.
    let wrong = send("/v1/leads", &bearer, "_vertical=solar&zip=1&_max_buyers=two&_colour=1");
    assert_eq!(wrong.status, 422, "{}", wrong.text());
    for place in ["fields.zip", "max_buyers", "colour", "fields.serial"] {
        assert!(wrong.text().contains(&format!("\"field\":\"{place}\"")), "{place}: {}", wrong.text());
    }
    for (headers, body, status) in [
        (&*bearer, "zip=1&zip=2", 400),
        (&*bearer, "zip=%ff", 400),
        ("", "zip=%ff", 401),
        ("", "_vertical=solar", 401),
        ("", "_vertical=solar&_key=px_live_none", 401),
    ] {
        let answer = send("/v1/leads", headers, body);
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
    }

    let log = buyers.stop();
    let names: Vec<_> = log.posts().map(Line::serial).collect();
    assert_eq!(names, [1, 2]);
}
