//! A catalog that changes while leads are sold.

use std::process::Output;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::catalog::{Campaign, CatalogText};
use crate::exchange::{stderr, stdout};
use crate::lead::{lead, ping, post};
use crate::market::{Market, sell};
use crate::seller::Request;

const BUYERS: &str = r#"
[[buyer]]
name = "north"
price = { fixed = "31.00" }
[[buyer]]
name = "south"
price = { fixed = "30.00" }
"#;
/// The first number of the leads that are sold meanwhile.
const BACKGROUND: u64 = 1_000_000;

fn catalog(north: &str) -> CatalogText {
    CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"")
        .with("north", Campaign { keys: north, ..Campaign::default() })
        .with("south", Campaign::default())
}

fn apply(market: &Market, catalog: &CatalogText) -> Output {
    market.exchange.apply("next.toml", &catalog.for_buyers_at(market.buyers.address()))
}

#[track_caller]
fn assert_applied(applied: &Output, version: u64) {
    assert!(applied.status.success(), "{}", stderr(applied));
    assert_eq!(stdout(applied), format!("catalog version {version} is in force\n"));
}

/// Sells leads from eight connections for as long as something else takes.
fn meanwhile(market: &Market, act: impl FnOnce()) {
    let (over, next) = (AtomicBool::new(false), AtomicU64::new(BACKGROUND));
    let seller = market.exchange.seller("other");
    std::thread::scope(|scope| {
        let sellers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = seller.connect();
                    while !over.load(Ordering::Relaxed) {
                        let answer = connection.lead(&lead(next.fetch_add(1, Ordering::Relaxed)));
                        assert_eq!(answer.outcome(), "sold", "{}", answer.text());
                    }
                })
            })
            .collect();
        act();
        over.store(true, Ordering::Relaxed);
        for seller in sellers {
            seller.join().expect("every lead is sold");
        }
    });
    assert!(next.into_inner() > BACKGROUND + 8, "leads were sold meanwhile");
}

#[test]
fn a_paused_campaign_gets_nothing_from_the_next_lead_on() {
    let market = Market::open(BUYERS, &catalog(""));
    let acme = market.exchange.seller("acme");
    meanwhile(&market, || {
        assert_eq!(market.exchange.catalog_version(), 1);
        sell(&acme, 4, 0..50, lead);
        assert_applied(&apply(&market, &catalog("paused = true")), 2);
        assert_eq!(market.exchange.catalog_version(), 2);
        let answers = sell(&acme, 4, 100..150, lead);
        for (serial, answer) in &answers {
            assert_eq!(answer.member("payout"), "24.00", "lead {serial}: {}", answer.text());
        }
        let auction = answers.first().map(|(_, answer)| answer.member("auction_id")).expect("an answer");
        let account = market.exchange.account(&auction);
        assert_eq!(account["catalog_version"], 2, "{account}");
        assert_eq!(account["campaigns"][0]["reason"], "paused", "{account}");
        assert_applied(&apply(&market, &catalog("paused = false")), 3);
        for (serial, answer) in sell(&acme, 4, 200..250, lead) {
            assert_eq!(answer.member("payout"), "24.80", "lead {serial}: {}", answer.text());
        }
    });
    let log = market.buyers.stop();
    log.assert_well_formed();
    let of_north = |from: u64, to: u64| {
        let pings = log.pings().filter(|ping| ping.buyer() == "north");
        pings.filter(|ping| (from..to).contains(&ping.serial())).count()
    };
    assert_eq!((of_north(0, 50), of_north(100, 150), of_north(200, 250)), (50, 0, 50));
}

#[test]
fn a_catalog_with_mistakes_changes_nothing() {
    let market = Market::open(BUYERS, &catalog(""));
    let acme = market.exchange.seller("acme");
    meanwhile(&market, || {
        // The campaign is paused on the line after the mistakes: it must not be.
        let bad = catalog("penalty = \"150%\"\ntier = 0\npaused = true");
        let refused = apply(&market, &bad);
        assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
        let text = bad.for_buyers_at(market.buyers.address());
        let line = |needle: &str| 1 + text.lines().position(|line| line.starts_with(needle)).expect("a line");
        let said = stderr(&refused);
        for (needle, path) in [("penalty", "campaigns.north.penalty"), ("tier", "campaigns.north.tier")] {
            let column = needle.len() + 4;
            let place = format!("next.toml:{}:{column}: error: {path}: ", line(needle));
            assert!(said.contains(&place), "{place} is missing in\n{said}");
        }
        assert!(said.contains("2 mistakes; the catalog in force stays"), "{said}");
        assert_eq!(market.exchange.catalog_version(), 1);
        for (serial, answer) in sell(&acme, 4, 0..20, lead) {
            assert_eq!(answer.member("payout"), "24.80", "lead {serial}: {}", answer.text());
        }
    });
}

#[test]
fn a_cap_that_is_lowered_below_what_is_sold_stops_sales() {
    let capped = |total: u32| {
        let keys = &format!("caps = {{ sold = {{ total = {total} }} }}");
        CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"")
            .with("north", Campaign { keys, ..Campaign::default() })
    };
    let market = Market::open(BUYERS, &capped(100));
    let acme = market.exchange.seller("acme");
    let sold = |serials| {
        let answers = sell(&acme, 8, serials, lead);
        answers.iter().filter(|(_, answer)| answer.outcome() == "sold").count()
    };
    assert_eq!(sold(0..30), 30);
    assert_applied(&apply(&market, &capped(20)), 2);
    assert_eq!(sold(100..120), 0);
    let account = market.exchange.account(&acme.lead(&lead(130)).member("auction_id"));
    assert_eq!(account["campaigns"][0]["reason"], "sold_cap_reached", "{account}");
    assert_applied(&apply(&market, &capped(33)), 3);
    assert_eq!(sold(200..240), 3);
    assert_eq!(market.buyers.stop().posts().count(), 33);
}

#[test]
fn an_offer_is_sold_though_everything_has_another_place_in_the_catalog() {
    let keys = "caps = { sold = { total = 2 } }";
    let before = CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"")
        .with("north", Campaign { keys, ..Campaign::default() })
        .with("south", Campaign { keys, ..Campaign::default() });
    let market = Market::open(BUYERS, &before);
    let (acme, other) = (market.exchange.seller("acme"), market.exchange.seller("other"));
    let offered = acme.call(&Request::post("/v1/pings", &ping(1)));
    assert_eq!(offered.outcome(), "offers", "{}", offered.text());
    let path = format!("/v1/pings/{}", offered.member("ping_id"));
    // Everything has another place, the best bidder is gone, and an unknown buyer and seller stand first.
    let after = CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"")
        .with("aaa", Campaign::default())
        .with("south", Campaign { keys, ..Campaign::default() })
        .for_buyers_at(market.buyers.address());
    let after = format!("[sellers.aaa.agreements.solar]\npayout = {{ none = true }}\n{after}");
    assert_applied(&market.exchange.apply("next.toml", &after), 2);
    assert_eq!(other.call(&Request::new("GET", &path)).status, 404);
    assert_eq!(acme.call(&Request::new("GET", &path)).text(), offered.text());
    let post_path = format!("{path}/post");
    assert_eq!(other.call(&Request::post(&post_path, &post(1))).status, 404);
    let posted = acme.call(&Request::post(&post_path, &post(1)));
    // Who is gone gets no lead any more; the next offer follows.
    assert_eq!((posted.outcome().as_str(), posted.member("payout").as_str()), ("sold", "24.00"));
    let account = market.exchange.account(&posted.member("auction_id"));
    assert_eq!(account["seller"], "acme", "{account}");
    assert_eq!(account["catalog_version"], 1, "{account}");
    assert_eq!(account["campaigns"][0]["campaign"], "north", "{account}");
    assert_eq!(account["campaigns"][0]["reason"], "paused", "{account}");
    // What is sold to `south` counts on, though it stands in another place.
    let sold = |serial| acme.lead(&lead(serial)).outcome();
    assert_eq!([sold(2), sold(3)], ["sold", "unsold"]);
    // `north` comes back with all its room: the offer that was not sold holds nothing.
    assert_applied(&apply(&market, &before), 3);
    assert_eq!(sold(4), "sold");
    let fifth = acme.lead(&lead(5));
    let account = market.exchange.account(&fifth.member("auction_id"));
    assert_eq!(fifth.outcome(), "sold", "{account}");
    assert_eq!(sold(6), "unsold");
}
