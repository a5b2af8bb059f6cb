//! Who may buy: by where a lead comes from, by the proofs of its consent, by the tags of buyers.

use exchange_server::wall_clock::utc_now;
use exchange_types::UtcMicros;
use serde_json::{Value, json};

use crate::catalog::{Campaign, CatalogText};
use crate::exchange::stderr;
use crate::lead::{lead, ping, post};
use crate::market::Market;
use crate::process::eventually;
use crate::seller::{Answer, Request};

/// Three buyers that bid 31, 30 and 29.
const BUYERS: &str = r#"
[[buyer]]
name = "first"
price = { fixed = "31.00" }
[[buyer]]
name = "second"
price = { fixed = "30.00" }
[[buyer]]
name = "third"
price = { fixed = "29.00" }
"#;
const TABLES: &str = r#"
[sellers.acme.sources.best]
sub_ids = ["pub-1", "pub-2"]
[sellers.acme.sources.old]
channel = "old"
paused = true
[sellers.acme.agreements.solar.overrides]
sub_ids."pub-1" = { payout = { share = "50%" } }
sources.best = { payout = { share = "60%" } }
[sellers.other.agreements.solar.buyers]
not_tags = ["reseller"]
"#;

fn catalog(first: &str) -> CatalogText {
    CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"")
        .with_tables(TABLES)
        .with_buyer("first", "")
        .with_campaign_of("first", "first", Campaign { keys: first, ..Campaign::default() })
        .with_buyer("second", "")
        .with_campaign_of(
            "second",
            "second",
            Campaign {
                keys: "require_proofs = [\"trustedform\"]\nconsent_max_age = \"1h\"",
                ..Campaign::default()
            },
        )
        .with_buyer("third", "tags = [\"reseller\"]")
        .with_campaign_of(
            "third",
            "third",
            Campaign { keys: "sources.only = [\"acme#pub-1\", \"channel:search\"]", ..Campaign::default() },
        )
}

/// A consent that was given so many minutes ago.
fn consent(minutes: i64) -> Value {
    let captured = UtcMicros(utc_now().0 - minutes * 60_000_000);
    json!({
        "captured_at": captured.to_string(),
        "trustedform_cert_url": "https://cert.trustedform.com/0123456789abcdef",
    })
}

/// A lead of a seller, and what has to come of it.
struct Case {
    seller: &'static str,
    /// Changes the lead before it is sent.
    change: fn(&mut Value),
    /// Status, and reason if there is one.
    outcome: &'static str,
    payout: &'static str,
    /// Why each campaign did not win.
    reasons: [&'static str; 3],
}

const CASES: [Case; 8] = [
    Case {
        seller: "acme",
        change: |_| {},
        outcome: "sold",
        payout: "24.80",
        reasons: ["", "proof_missing", "source_blocked"],
    },
    Case {
        seller: "acme",
        change: |lead| lead["sub_ids"] = json!(["pub-1", "click-9"]),
        outcome: "sold",
        payout: "14.50",
        reasons: ["source_blocked", "proof_missing", ""],
    },
    Case {
        seller: "acme",
        change: |lead| {
            lead["sub_ids"] = json!(["pub-2"]);
            lead["consent"] = consent(1);
        },
        outcome: "sold",
        payout: "18.00",
        reasons: ["source_blocked", "", "source_blocked"],
    },
    Case {
        seller: "acme",
        change: |lead| {
            lead["sub_ids"] = json!(["pub-2"]);
            lead["consent"] = consent(120);
        },
        outcome: "unsold proof_missing",
        payout: "0.00",
        reasons: ["source_blocked", "proof_missing", "source_blocked"],
    },
    Case {
        seller: "acme",
        change: |lead| {
            lead["consent"] = consent(0);
            lead["consent"]["trustedform_cert_url"] = json!("https://example.org/0123456789abcdef");
        },
        outcome: "sold",
        payout: "24.80",
        reasons: ["", "proof_missing", "source_blocked"],
    },
    Case {
        seller: "acme",
        change: |lead| lead["source"] = json!({"channel": "old"}),
        outcome: "unsold no_eligible_buyer",
        payout: "0.00",
        reasons: ["source_blocked"; 3],
    },
    Case {
        seller: "other",
        change: |lead| lead["source"] = json!({"channel": "old"}),
        outcome: "sold",
        payout: "24.80",
        reasons: ["", "proof_missing", "source_blocked"],
    },
    Case {
        seller: "other",
        change: |lead| lead["source"] = json!({"channel": "search"}),
        outcome: "sold",
        payout: "24.80",
        reasons: ["", "proof_missing", "filtered"],
    },
];

/// Checks what came of a lead, and why each campaign did not win.
#[track_caller]
fn check(market: &Market, answer: &Answer, outcome: &str, payout: &str, reasons: [&str; 3]) -> Value {
    let found = format!("{} {}", answer.outcome(), answer.member("reason"));
    assert_eq!((found.trim(), &*answer.member("payout")), (outcome, payout), "{}", answer.text());
    let account = market.exchange.account(&answer.member("auction_id"));
    let campaigns = account["campaigns"].as_array().expect("campaigns");
    let named: Vec<&str> = campaigns.iter().map(|found| found["reason"].as_str().unwrap_or("")).collect();
    assert_eq!(named, reasons, "{account}");
    account
}

#[test]
fn sources_proofs_and_tags_decide_who_is_asked() {
    let market = Market::open(BUYERS, &catalog("sources.block = [\"acme/best\"]"));
    for (serial, case) in (1..).zip(&CASES) {
        let mut lead = lead(serial);
        (case.change)(&mut lead);
        let answer = market.exchange.seller(case.seller).lead(&lead);
        let account = check(&market, &answer, case.outcome, case.payout, case.reasons);
        if case.reasons.last() == Some(&"filtered") {
            let condition = &account["campaigns"][2]["condition"];
            assert_eq!(condition, "the seller's agreement: the buyer's tags", "{account}");
        }
    }
    market.buyers.stop().assert_well_formed();
}

#[test]
fn a_buyer_blocks_a_publisher_by_the_name_that_its_pings_show() {
    let market = Market::open(BUYERS, &catalog(""));
    let of_publisher = |serial, sub_id| {
        let mut lead = lead(serial);
        lead["sub_ids"] = json!([sub_id]);
        market.exchange.seller("acme").lead(&lead)
    };
    assert_eq!(of_publisher(1, "pub-7").outcome(), "sold");
    let mut known = String::new();
    eventually("the buyer has noted its ping", || {
        let log = market.buyers.log_so_far();
        let ping = log.pings().find(|ping| ping.buyer() == "first");
        known = ping
            .map(|ping| ping.body["source"]["sub_ref"].as_str().unwrap_or("").to_owned())
            .unwrap_or_default();
        !known.is_empty()
    });
    let next = catalog(&format!("sources.block = [\"{known}\"]"));
    let applied = market.exchange.apply("next.toml", &next.for_buyers_at(market.buyers.address()));
    assert!(applied.status.success(), "{}", stderr(&applied));
    let blocked = ["source_blocked", "proof_missing", "source_blocked"];
    check(&market, &of_publisher(2, "pub-7"), "unsold proof_missing", "0.00", blocked);
    check(&market, &of_publisher(3, "pub-8"), "sold", "24.80", ["", "proof_missing", "source_blocked"]);
}

#[test]
fn a_ping_shows_the_proof_for_pings_and_its_post_the_certificate() {
    let vertical = "bid_window = \"5s\"\nanswer_by = \"20s\"\nrequire_proofs = [\"trustedform\"]";
    let market = Market::open(BUYERS, &CatalogText::new(vertical).with("first", Campaign::default()));
    let acme = market.exchange.seller("acme");
    let unproved = acme.call(&Request::post("/v1/pings", &ping(1)));
    assert_eq!((unproved.outcome(), unproved.member("reason")), ("no_offer".into(), "proof_missing".into()));
    for (serial, cert, outcome) in
        [(2, None, "unsold proof_missing"), (3, Some("https://cert.trustedform.com/abc"), "sold ")]
    {
        let mut first = ping(serial);
        first["consent"] = json!({"trustedform_ping_url": "https://ping.trustedform.com/abc"});
        let offered = acme.call(&Request::post("/v1/pings", &first));
        assert_eq!(offered.outcome(), "offers", "{}", offered.text());
        let mut second = post(serial);
        if let Some(cert) = cert {
            second["consent"] = json!({"trustedform_cert_url": cert});
        }
        let path = format!("/v1/pings/{}/post", offered.member("ping_id"));
        let answer = acme.call(&Request::post(&path, &second));
        assert_eq!(format!("{} {}", answer.outcome(), answer.member("reason")), outcome, "{}", answer.text());
    }
    let log = market.buyers.stop();
    let posted: Vec<u64> = log.posts().map(crate::buyers::Line::serial).collect();
    assert_eq!(posted, [3]);
}
