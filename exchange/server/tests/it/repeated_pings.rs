//! Pings that come again, and pings that only look as if they did.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::catalog::{Campaign, CatalogText};
use crate::lead::{phone, ping, post};
use crate::market::{Market, at_once};
use crate::process::eventually;
use crate::seller::{Answer, Request};

const NORTH: &str = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"30.00\" }\n";

fn market(vertical: &str, keys: &str) -> Market {
    let vertical = format!("bid_window = \"5s\"\nanswer_by = \"20s\"\n{vertical}");
    Market::open(NORTH, &CatalogText::new(&vertical).with("north", Campaign { keys, ..Campaign::default() }))
}

fn send(market: &Market, seller: &str, ping: &Value) -> Answer {
    market.exchange.seller(seller).call(&Request::post("/v1/pings", ping))
}

fn state(market: &Market, seller: &str, ping: &Answer) -> String {
    let path = format!("/v1/pings/{}", ping.member("ping_id"));
    market.exchange.seller(seller).call(&Request::new("GET", &path)).outcome()
}

fn with(mut ping: Value, more: &Value) -> Value {
    for (key, value) in more.as_object().expect("an object") {
        ping[key] = value.clone();
    }
    ping
}

/// What names a person in a ping, weakest last.
fn names() -> [Value; 4] {
    let digest =
        Sha256::digest(phone(1)).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    [
        json!({ "consent": { "trustedform_cert_url": "https://cert.trustedform.com/1" } }),
        json!({ "consent": { "jornaya_lead_id": "01234567-89AB-CDEF-0123-456789ABCDEF" } }),
        json!({ "identity": { "phone_sha256": digest } }),
        json!({ "identity": { "email_sha256": digest } }),
    ]
}

#[test]
fn a_ping_is_known_by_consent_token_or_identity_as_long_as_it_is_open() {
    let market = market("", "");
    for name in names() {
        let first = send(&market, "acme", &with(ping(1), &name));
        assert_eq!(first.outcome(), "offers", "{name}: {}", first.text());
        let again = send(&market, "acme", &with(ping(1), &name));
        assert_eq!((again.member("ping_id"), again.is_replayed()), (first.member("ping_id"), true), "{name}");
        // Another body is another ping, and what the first one holds is given back.
        let changed = send(&market, "acme", &with(ping(2), &name));
        assert_eq!(
            (changed.outcome(), changed.is_replayed()),
            ("offers".into(), false),
            "{name}: {}",
            changed.text()
        );
        eventually("the first is given back", || state(&market, "acme", &first) == "no_offer");
        // Nobody else's ping is touched.
        let other = send(&market, "other", &with(ping(2), &name));
        assert_eq!(
            (other.outcome(), state(&market, "acme", &changed)),
            ("offers".into(), "offers".into()),
            "{name}"
        );
        // What is over names nobody.
        let path = format!("/v1/pings/{}", changed.member("ping_id"));
        market.exchange.seller("acme").call(&Request::new("DELETE", &path));
        let fresh = send(&market, "acme", &with(ping(2), &name));
        assert_eq!(
            (fresh.outcome(), fresh.is_replayed()),
            ("offers".into(), false),
            "{name}: {}",
            fresh.text()
        );
        assert_ne!(fresh.member("ping_id"), changed.member("ping_id"));
        let path = format!("/v1/pings/{}", fresh.member("ping_id"));
        market.exchange.seller("acme").call(&Request::new("DELETE", &path));
    }
    // A key or a reference is stronger than what the ping says of the person.
    let [name, ..] = names();
    let first = send(&market, "acme", &with(with(ping(3), &name), &json!({ "seller_ref": "a" })));
    let second = send(&market, "acme", &with(with(ping(3), &name), &json!({ "seller_ref": "b" })));
    assert_eq!((first.outcome(), second.outcome()), ("offers".into(), "offers".into()), "{}", second.text());
    assert_eq!(state(&market, "acme", &first), "offers");
}

#[test]
fn copies_of_a_named_ping_at_once_are_one_and_look_alikes_without_a_name_stay_two() {
    let market = market("", "");
    for name in names() {
        let body = with(ping(1), &name);
        let copies = vec![Request::post("/v1/pings", &body); 8];
        let answers = at_once(&market.exchange.seller("acme"), &copies);
        let ids: Vec<String> = answers.iter().map(|answer| answer.member("ping_id")).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{name}: {ids:?}");
    }
    let alike = [send(&market, "acme", &ping(9)), send(&market, "acme", &ping(9))];
    for answer in &alike {
        assert_eq!((answer.outcome(), answer.is_replayed()), ("offers".into(), false), "{}", answer.text());
        assert_eq!(state(&market, "acme", answer), "offers");
    }
    assert_ne!(alike[0].member("ping_id"), alike[1].member("ping_id"));
    let sold: Vec<String> = [(0, 21), (1, 22)]
        .map(|(at, person): (usize, u64)| {
            let path = format!("/v1/pings/{}/post", alike[at].member("ping_id"));
            market.exchange.seller("acme").call(&Request::post(&path, &post(person))).outcome()
        })
        .to_vec();
    assert_eq!(sold, ["sold", "sold"], "two people may look alike");
}

#[test]
fn pings_that_look_alike_are_dropped_where_the_vertical_says_so() {
    let market = market("near_duplicate = [\"zip\", \"birth_date\", \"nickname\"]\n", "");
    let look = |serial: u64, zip: &str, born: Option<&str>, nickname: &str| {
        let mut ping = ping(serial);
        ping["fields"]["zip"] = json!(zip);
        ping["fields"]["nickname"] = json!(nickname);
        if let Some(born) = born {
            ping["fields"]["birth_date"] = json!(born);
        }
        let digest = Sha256::digest(phone(serial))
            .iter()
            .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        with(ping, &json!({ "identity": { "phone_sha256": digest } }))
    };
    let born = Some("1979-03-17");
    let first = send(&market, "acme", &look(1, "80331", born, "Ada"));
    assert_eq!(first.outcome(), "offers", "{}", first.text());
    for (seller, ping, expected) in [
        ("acme", look(2, "80331", born, " ada "), "duplicate"),
        ("other", look(3, "80331", born, "Ada"), "offers"),
        ("acme", look(4, "80331", Some("1979-03-18"), "Ada"), "offers"),
        ("acme", look(5, "80999", born, "Ada"), "offers"),
        ("acme", look(6, "80331", None, "Ada"), "offers"),
        ("acme", look(7, "80331", None, "Ada"), "offers"),
        // The same person is no look-alike of itself.
        ("acme", with(look(1, "80331", born, "Ada"), &json!({ "floor": "1.00" })), "offers"),
    ] {
        let answer = send(&market, seller, &ping);
        assert_eq!(answer.outcome(), expected, "{ping}: {}", answer.text());
        if expected == "duplicate" {
            assert_eq!(answer.member("scope"), "own");
            assert_eq!(answer.member("lead_id"), first.member("ping_id").replace("ping_", "lead_"));
        }
    }
    let mut called = crate::lead::lead(8);
    called["fields"]["birth_date"] = json!("1979-03-17");
    called["fields"]["nickname"] = json!("ADA");
    let answer = market.exchange.seller("acme").lead(&called);
    assert_eq!(answer.outcome(), "duplicate", "{}", answer.text());
    // Its person was not claimed: it may come with another look.
    called["fields"]["nickname"] = json!("Eve");
    let answer = market.exchange.seller("acme").lead(&called);
    assert_eq!(answer.outcome(), "sold", "{}", answer.text());
    assert_eq!(market.buyers.stop().pings().count(), 8);
}
