//! Sales in two steps: a ping with offers first, then the post of an offer.

use serde_json::{Value, json};

use crate::catalog::{Campaign, CatalogText};
use crate::lead::{lead, ping, post};
use crate::market::Market;
use crate::process::eventually;
use crate::seller::{Answer, Request};

/// `north` bids most and rejects every post; `south` takes what it gets.
const BUYERS: &str = r#"
[[buyer]]
name = "north"
price = { fixed = "31.00" }
post = [{ answer = "rejected", reason = "quality" }]
[[buyer]]
name = "south"
price = { fixed = "30.00" }
"#;

fn two_buyers(vertical: &str) -> Market {
    let catalog =
        CatalogText::new(vertical).with("north", Campaign::default()).with("south", Campaign::default());
    Market::open(BUYERS, &catalog)
}

fn usual() -> Market {
    two_buyers("bid_window = \"5s\"\nanswer_by = \"20s\"\noffers_held = 2")
}

/// Sends a ping that gets offers, and returns its id and theirs.
fn offers(market: &Market, serial: u64) -> (String, Vec<String>) {
    let answer = market.exchange.seller("acme").call(&Request::post("/v1/pings", &ping(serial)));
    assert_eq!(answer.outcome(), "offers", "{}", answer.text());
    let body = answer.json();
    let ids = body["offers"].as_array().into_iter().flatten();
    let ids = ids.map(|offer| offer["offer_id"].as_str().expect("an id").to_owned()).collect();
    (answer.member("ping_id"), ids)
}

/// Posts a ping as a seller.
fn post_as(market: &Market, seller: &str, ping_id: &str, body: &Value) -> Answer {
    let path = format!("/v1/pings/{ping_id}/post");
    market.exchange.seller(seller).call(&Request::post(&path, body))
}

/// The second step of a sale, and what has to come of it.
struct Case {
    what: &'static str,
    /// Changes the post before it is sent; the offers' ids are given.
    change: fn(&mut Value, &[String]),
    /// The outcome of a 200, or the type of a problem.
    expected: &'static str,
    /// What has to stand in the answer's text.
    says: &'static str,
    /// Who got a post.
    posted: &'static [&'static str],
}

fn check(market: &Market, serial: u64, case: &Case) {
    let Case { what, change, expected, says, posted: _ } = case;
    let (ping_id, offers) = offers(market, serial);
    let mut body = post(serial);
    change(&mut body, &offers);
    let answer = post_as(market, "acme", &ping_id, &body);
    let outcome = if answer.status == 200 { answer.outcome() } else { answer.problem() };
    assert_eq!(outcome, *expected, "{what}: {}", answer.text());
    assert!(answer.text().contains(says), "{what}: {}", answer.text());
    if answer.status != 200 {
        // A refused post leaves the offers as they were: the corrected one sells.
        let corrected = post_as(market, "acme", &ping_id, &post(serial));
        assert_eq!(corrected.outcome(), "sold", "{what}: {}", corrected.text());
    }
}

const CASES: [Case; 12] = [
    Case {
        what: "without a choice the best is tried first, and the next follows",
        change: |_, _| {},
        expected: "sold",
        says: "\"payout\":\"24.00\"",
        posted: &["north", "south"],
    },
    Case {
        what: "a chosen offer is the only one that is tried",
        change: |body, offers| body["offer_ids"] = json!([offers[1]]),
        expected: "sold",
        says: "\"payout\":\"24.00\"",
        posted: &["south"],
    },
    Case {
        what: "a rejected choice falls back, and the seller gets no less than it chose",
        change: |body, offers| body["offer_ids"] = json!([offers[0]]),
        expected: "sold",
        says: "\"payout\":\"24.80\"",
        posted: &["north", "south"],
    },
    Case {
        what: "without fallback a rejected choice is the end",
        change: |body, offers| {
            body["offer_ids"] = json!([offers[0]]);
            body["fallback"] = json!("none");
        },
        expected: "unsold",
        says: "\"reason\":\"posts_rejected\"",
        posted: &["north"],
    },
    Case {
        what: "an offer of nobody's is refused",
        change: |body, _| body["offer_ids"] = json!(["ofr_01a1fc129067799d91a84ed90aab2dec"]),
        expected: "unknown_offer",
        says: "\"field\":\"offer_ids.0\"",
        posted: &["north", "south"],
    },
    Case {
        what: "what is no id names no offer",
        change: |body, offers| body["offer_ids"] = json!([offers[0], "x"]),
        expected: "unknown_offer",
        says: "\"field\":\"offer_ids.1\"",
        posted: &["north", "south"],
    },
    Case {
        what: "a field of the ping is frozen",
        change: |body, _| body["fields"]["zip"] = json!("80999"),
        expected: "ping_field_changed",
        says: "\"field\":\"fields.zip\"",
        posted: &["north", "south"],
    },
    Case {
        what: "every changed field is named",
        change: |body, _| {
            body["fields"]["zip"] = json!("80999");
            body["fields"]["roof"] = json!("flat");
        },
        expected: "ping_field_changed",
        says: "\"field\":\"fields.roof\"",
        posted: &["north", "south"],
    },
    Case {
        what: "a value that means the same is no change",
        change: |body, _| body["fields"]["zip"] = json!(" 80331 "),
        expected: "sold",
        says: "\"payout\":\"24.00\"",
        posted: &["north", "south"],
    },
    Case {
        what: "every missing field is named",
        change: |body, _| body["fields"] = json!({"first_name": "Ada"}),
        expected: "validation",
        says: "\"field\":\"fields.phone\"",
        posted: &["north", "south"],
    },
    Case {
        what: "an unknown key is refused",
        change: |body, _| body["floor"] = json!("1.00"),
        expected: "validation",
        says: "\"field\":\"floor\",\"code\":\"unknown_key\"",
        posted: &["north", "south"],
    },
    Case {
        what: "an unknown field is dropped and named",
        change: |body, _| body["fields"]["shoe_size"] = json!(43),
        expected: "sold",
        says: "fields.shoe_size: is not a field of this vertical and was dropped",
        posted: &["north", "south"],
    },
];

#[test]
fn a_post_sells_what_was_offered_and_nothing_else() {
    let market = usual();
    for (serial, case) in (1..).zip(&CASES) {
        check(&market, serial, case);
    }
    let log = market.buyers.stop();
    log.assert_well_formed();
    for (serial, case) in (1..).zip(&CASES) {
        let posts: Vec<_> = log.posts().filter(|post| post.serial() == serial).collect();
        let buyers: Vec<&str> = posts.iter().map(|post| post.buyer()).collect();
        assert_eq!(buyers, case.posted, "{}", case.what);
        for post in posts {
            assert_eq!(post.body["fields"]["zip"], "80331", "{}", case.what);
        }
    }
}

#[test]
fn the_pings_values_are_kept_on_demand() {
    let market = usual();
    let (ping_id, _) = offers(&market, 1);
    let mut body = post(1);
    body["fields"]["zip"] = json!("80999");
    body["on_changed"] = json!("keep");
    let sold = post_as(&market, "acme", &ping_id, &body);
    assert_eq!(sold.outcome(), "sold", "{}", sold.text());
    let warnings = sold.json()["warnings"].to_string();
    assert!(warnings.contains("fields.zip"), "the field whose value was kept is named: {}", sold.text());
    let log = market.buyers.stop();
    assert!(log.posts().all(|post| post.body["fields"]["zip"] == "80331"), "buyers get what they bid on");
}

#[test]
fn a_ping_is_its_sellers_alone() {
    let market = usual();
    let (ping_id, _) = offers(&market, 1);
    let path = format!("/v1/pings/{ping_id}");
    let other = market.exchange.seller("other");
    assert_eq!(other.call(&Request::new("GET", &path)).status, 404);
    assert_eq!(other.call(&Request::new("DELETE", &path)).status, 404);
    assert_eq!(post_as(&market, "other", &ping_id, &post(1)).status, 404);
    let shown = market.exchange.seller("acme").call(&Request::new("GET", &path));
    assert_eq!(shown.outcome(), "offers");
    assert_eq!(shown.json()["offers"].as_array().map(Vec::len), Some(2));
    // A ping is no lead yet, and what was never there looks the same as what is another's.
    let as_lead = format!("/v1/leads/{}", ping_id.replace("ping_", "lead_"));
    let acme = market.exchange.seller("acme");
    let never = acme.call(&Request::new("GET", "/v1/pings/ping_01a1fc129067799d91a84ed90aab2dec"));
    assert_eq!(acme.call(&Request::new("GET", &as_lead)).status, 404);
    assert_eq!(never.text(), other.call(&Request::new("GET", &path)).text());
    assert_eq!(post_as(&market, "acme", &ping_id, &post(1)).outcome(), "sold");
    let sold = acme.call(&Request::new("GET", &as_lead));
    assert_eq!(sold.outcome(), "sold", "{}", sold.text());
}

#[test]
fn a_ping_that_was_given_back_sells_nothing() {
    let market = usual();
    let (ping_id, _) = offers(&market, 1);
    let path = format!("/v1/pings/{ping_id}");
    let acme = market.exchange.seller("acme");
    let given_back = acme.call(&Request::new("DELETE", &path));
    assert_eq!(given_back.outcome(), "no_offer", "{}", given_back.text());
    let again = acme.call(&Request::new("DELETE", &path));
    assert_eq!(again.status, 200, "{}", again.text());
    let posted = post_as(&market, "acme", &ping_id, &post(1));
    assert_eq!((posted.status, posted.problem().as_str()), (409, "ping_closed"), "{}", posted.text());
    assert_eq!(market.buyers.stop().posts().count(), 0);
}

#[test]
fn offers_expire() {
    let market = two_buyers("bid_window = \"500ms\"\nhold_time = \"1s\"\noffers_held = 2");
    let (ping_id, _) = offers(&market, 1);
    let path = format!("/v1/pings/{ping_id}");
    let acme = market.exchange.seller("acme");
    eventually("the offers expire", || acme.call(&Request::new("GET", &path)).outcome() == "no_offer");
    let posted = post_as(&market, "acme", &ping_id, &post(1));
    assert_eq!((posted.status, posted.problem().as_str()), (409, "ping_expired"), "{}", posted.text());
    assert_eq!(market.buyers.stop().posts().count(), 0);
}

#[test]
fn a_post_under_its_key_is_answered_again() {
    let market = usual();
    let (ping_id, _) = offers(&market, 1);
    let path = format!("/v1/pings/{ping_id}/post");
    let body = post(1);
    let acme = market.exchange.seller("acme");
    let request = Request::post(&path, &body).with_header("Idempotency-Key", "post-1");
    let first = acme.call(&request);
    assert_eq!(first.outcome(), "sold");
    let again = acme.call(&request);
    assert_eq!((first.text(), true), (again.text(), again.is_replayed()));
    let mut other = post(1);
    other["fallback"] = json!("none");
    let reused = acme.call(&Request::post(&path, &other).with_header("Idempotency-Key", "post-1"));
    assert_eq!((reused.status, reused.problem().as_str()), (409, "idempotency_key_reused"));
    assert_eq!(market.buyers.stop().posts().count(), 2);
}

#[test]
fn pings_that_are_never_posted_hold_at_most_a_tenth_of_a_cap() {
    // Twenty leads, by each kind of counter.
    for keys in
        ["caps.sold = { total = 20 }", "caps.sent = { total = 20 }", "caps.budget = { total = \"600.00\" }"]
    {
        holds_are_a_tenth(keys);
    }
}

fn holds_are_a_tenth(keys: &str) {
    let catalog = CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"")
        .with("south", Campaign { keys, ..Campaign::default() });
    let market = Market::open("[[buyer]]\nname = \"south\"\nprice = { fixed = \"30.00\" }\n", &catalog);
    let acme = market.exchange.seller("acme");
    let mut outcomes = Vec::new();
    for serial in 1..=6 {
        let answer = acme.call(&Request::post("/v1/pings", &ping(serial)));
        if answer.outcome() == "no_offer" {
            let account = market.exchange.account(&answer.member("ping_id"));
            assert_eq!(account["campaigns"][0]["reason"], "throttled", "{keys}: {account}");
        }
        outcomes.push(answer.outcome());
    }
    assert_eq!(outcomes, ["offers", "offers", "no_offer", "no_offer", "no_offer", "no_offer"], "{keys}");
    // The other eighteen are there for everybody else.
    let other = market.exchange.seller("other");
    for serial in 101..=118 {
        assert_eq!(other.lead(&lead(serial)).outcome(), "sold", "{keys}: lead {serial}");
    }
    assert_eq!(other.lead(&lead(119)).outcome(), "unsold", "{keys}: what acme holds is acme's");
    assert_eq!(market.buyers.stop().posts().count(), 18, "{keys}");
}

#[test]
fn a_consent_that_names_nobody_sells_nothing_where_names_are_asked_for() {
    let market =
        two_buyers("bid_window = \"5s\"\nanswer_by = \"20s\"\noffers_held = 2\nconsent_model = \"named\"");
    let (ping_id, offers) = offers(&market, 1);
    let shown = market.exchange.seller("acme").call(&Request::new("GET", &format!("/v1/pings/{ping_id}")));
    assert_eq!(shown.json()["offers"][1]["sellers"], json!(["south GmbH"]), "{}", shown.text());
    for named in [json!([]), json!(["north GmbH"])] {
        let mut body = post(1);
        body["consent"] = json!({"named_sellers": named});
        body["offer_ids"] = json!([offers[1]]);
        let refused = post_as(&market, "acme", &ping_id, &body);
        assert_eq!(
            (refused.status, refused.problem().as_str()),
            (422, "seller_not_named"),
            "{}",
            refused.text()
        );
    }
    let mut body = post(1);
    body["consent"] = json!({"named_sellers": ["south GmbH"]});
    body["offer_ids"] = json!([offers[1]]);
    let sold = post_as(&market, "acme", &ping_id, &body);
    assert_eq!(sold.outcome(), "sold", "{}", sold.text());
    // In one call the consent decides who is asked at all.
    let mut whole = lead(2);
    whole["consent"] = json!({"named_sellers": ["south GmbH"]});
    let sold = market.exchange.seller("acme").lead(&whole);
    assert_eq!(sold.outcome(), "sold", "{}", sold.text());
    let account = market.exchange.account(&sold.member("auction_id"));
    assert_eq!(account["campaigns"][0]["reason"], "not_named_in_consent", "{account}");
    let log = market.buyers.stop();
    assert!(log.posts().all(|post| post.buyer() == "south"), "nobody else got a post");
    assert_eq!(log.pings().filter(|ping| ping.buyer() == "north").count(), 1);
}

#[test]
fn chosen_offers_have_to_fit_together() {
    let profile = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"31.00\" }\nexclusive = true\n\
                   [[buyer]]\nname = \"south\"\nprice = { fixed = \"30.00\" }\n";
    let catalog =
        CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"\nmax_buyers = 2\noffers_held = 3")
            .with("north", Campaign::default())
            .with("south", Campaign::default());
    let market = Market::open(profile, &catalog);
    let (ping_id, offers) = offers(&market, 1);
    assert_eq!(offers.len(), 2, "each buyer has made an offer");
    let mut body = post(1);
    body["offer_ids"] = json!(offers);
    let refused = post_as(&market, "acme", &ping_id, &body);
    assert_eq!((refused.status, refused.problem().as_str()), (422, "offers_conflict"), "{}", refused.text());
    assert_eq!(market.buyers.stop().posts().count(), 0);
}
