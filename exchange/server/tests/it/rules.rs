//! The auction's rules, seen from outside: who gets a post, in which order, and what the seller is paid.

use serde_json::{Value, json};

use crate::buyers::Line;
use crate::catalog::{Campaign, CatalogText};
use crate::lead::lead;
use crate::market::Market;

/// Three buyers that bid 31, 30 and 29; `first` rejects every post.
const BUYERS: &str = r#"
[[buyer]]
name = "first"
price = { fixed = "31.00" }
post = [{ answer = "rejected" }]
[[buyer]]
name = "second"
price = { fixed = "30.00" }
[[buyer]]
name = "third"
price = { fixed = "29.00" }
"#;

/// A catalog with the three buyers, a lead, and what has to come of it.
struct Case {
    vertical: &'static str,
    /// The keys of the three campaigns.
    keys: [&'static str; 3],
    /// Changes the lead before it is sent.
    change: fn(&mut Value),
    /// Status, and reason if there is one.
    outcome: &'static str,
    payout: &'static str,
    /// Who got a post, in order; those of one set by name.
    posted: &'static [&'static str],
    /// Why each campaign did not win.
    reasons: [&'static str; 3],
}

const USUAL: Case = Case {
    vertical: "",
    keys: ["", "", ""],
    change: |_| {},
    outcome: "sold",
    payout: "24.00",
    posted: &["first", "second"],
    reasons: ["post_rejected", "", "outbid"],
};

#[track_caller]
fn check(case: &Case) {
    let Case { vertical, keys, change, outcome, payout, posted, reasons } = case;
    let mut catalog = CatalogText::new(&format!("bid_window = \"5s\"\nanswer_by = \"20s\"\n{vertical}"));
    for (name, keys) in ["first", "second", "third"].iter().zip(keys) {
        catalog = catalog.with(name, Campaign { keys, ..Campaign::default() });
    }
    let market = Market::open(BUYERS, &catalog);
    let mut lead = lead(1);
    change(&mut lead);
    let answer = market.exchange.seller("acme").lead(&lead);
    let found = format!("{} {}", answer.outcome(), answer.member("reason"));
    assert_eq!(found.trim(), *outcome, "{}", answer.text());
    assert_eq!(answer.member("payout"), *payout, "{}", answer.text());
    let account = market.exchange.account(&answer.member("auction_id"));
    let campaigns = account["campaigns"].as_array().expect("campaigns");
    let named: Vec<&str> = campaigns.iter().map(|found| found["reason"].as_str().unwrap_or("")).collect();
    assert_eq!(named, reasons, "{account}");
    let log = market.buyers.stop();
    log.assert_well_formed();
    let mut posts: Vec<_> = log.posts().collect();
    posts.sort_by_key(|post| (post.at_us(), post.buyer().to_owned()));
    let got: Vec<&str> = posts.iter().map(|post| post.buyer()).collect();
    assert_eq!(got, *posted);
}

#[test]
fn the_best_bid_is_posted_first_and_a_rejection_falls_to_the_next() {
    check(&USUAL);
}

#[test]
fn a_cascade_stops_at_the_sellers_floor() {
    check(&Case {
        change: |lead| lead["floor"] = json!("24.50"),
        outcome: "unsold posts_rejected",
        payout: "0.00",
        posted: &["first"],
        reasons: ["post_rejected", "below_floor", "below_floor"],
        ..USUAL
    });
}

#[test]
fn nothing_is_posted_below_the_floor() {
    check(&Case {
        change: |lead| lead["floor"] = json!(24.81),
        outcome: "unsold below_floor",
        payout: "0.00",
        posted: &[],
        reasons: ["below_floor"; 3],
        ..USUAL
    });
}

#[test]
fn a_penalty_changes_the_rank_and_not_the_price() {
    check(&Case {
        keys: ["penalty = \"10%\"", "penalty = \"5%\"", ""],
        payout: "23.20",
        posted: &["third"],
        reasons: ["outbid", "outbid", ""],
        ..USUAL
    });
}

#[test]
fn a_lower_tier_follows_only_when_the_higher_has_nothing_left() {
    check(&Case {
        keys: ["tier = 2", "tier = 2", ""],
        payout: "23.20",
        posted: &["third"],
        reasons: ["lower_tier", "lower_tier", ""],
        ..USUAL
    });
    check(&Case { keys: ["", "tier = 2", "tier = 2"], ..USUAL });
}

#[test]
fn a_shared_lead_goes_to_the_best_set_and_to_the_next_best_after_a_rejection() {
    check(&Case {
        vertical: "max_buyers = 2",
        change: |lead| lead["max_buyers"] = json!(2),
        payout: "47.20",
        posted: &["first", "second", "third"],
        reasons: ["post_rejected", "", ""],
        ..USUAL
    });
}

#[test]
fn a_reserve_and_a_filter_keep_a_campaign_out() {
    check(&Case {
        keys: ["reserve = \"31.50\"", "filter = { field = \"roof\", equals = \"flat\" }", ""],
        payout: "23.20",
        posted: &["third"],
        reasons: ["below_floor", "filtered", ""],
        ..USUAL
    });
}

#[test]
fn second_price_charges_what_the_next_best_would_have_taken() {
    check(&Case {
        vertical: "rule = \"second_price\"\nreserve = \"5.00\"",
        payout: "23.20",
        reasons: ["post_rejected", "", "outbid"],
        ..USUAL
    });
}

#[test]
fn a_buyer_that_rejects_a_lead_is_not_asked_again_through_another_campaign() {
    let catalog = CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"")
        .with_buyer("north", "")
        .with_campaign_of("north", "first", Campaign::default())
        .with_campaign_of("north", "second", Campaign::default())
        .with("third", Campaign::default());
    let market = Market::open(BUYERS, &catalog);
    let answer = market.exchange.seller("acme").lead(&lead(1));
    assert_eq!((answer.outcome().as_str(), answer.member("payout").as_str()), ("sold", "23.20"));
    let log = market.buyers.stop();
    let posted: Vec<&str> = log.posts().map(Line::buyer).collect();
    assert_eq!(posted, ["first", "third"]);
}
