//! Twenty buyers, of whom six are hostile and four reject three posts of ten.
//!
//! What had to come of each lead is computed again from the buyers' own log, with arithmetic of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use crate::buyers::{BuyersLog, Line};
use crate::catalog::{Campaign, CatalogText};
use crate::lead::{CANARY, canary_lead, phone};
use crate::market::{Market, sell};
use crate::seller::Answer;

/// The profile that the repository offers to everybody who wants to test with hostile buyers.
const PROFILE: &str = include_str!("../../../../configs/buyers/hostile.toml");
const LEADS: u64 = 300;
const CONNECTIONS: usize = 20;
const ANSWER_BY: Duration = Duration::from_secs(4);
/// What an answer may come late by.
const GRACE: Duration = Duration::from_millis(50);
/// What is taken off the scores of buyers who reject much, in percent.
const PENALTY: u64 = 4;

/// Everything that a ping may hold: the vertical's allow-list, and what the contract adds.
const ALLOWED: [&str; 26] = [
    "v",
    "ping_id",
    "campaign_id",
    "timeout_ms",
    "vertical",
    "currency",
    "max_buyers",
    "created_at",
    "test",
    "prior_sales",
    "lead_ref",
    "fields",
    "fields.serial",
    "fields.zip",
    "fields.roof",
    "fields.birth_date",
    "source",
    "source.ref",
    "source.sub_ref",
    "source.channel",
    "consent",
    "consent.captured_at",
    "consent.model",
    "consent.proofs",
    "consent.trustedform_ping_url",
    "consent.jornaya_lead_id",
];

#[test]
fn hostile_buyers_change_neither_winner_nor_deadline_nor_secrecy() {
    let market = Market::open(PROFILE, &catalog());
    let answers = sell(&market.exchange.seller("acme"), CONNECTIONS, 0..LEADS, canary_lead);
    let exchange_log = market.exchange.log();
    let log = market.buyers.stop();
    log.assert_well_formed();
    for (serial, answer) in &answers {
        assert!(answer.took <= ANSWER_BY + GRACE, "lead {serial} was answered after {:?}", answer.took);
    }
    assert_buyers_see_no_person(&log);
    assert!(!exchange_log.contains(CANARY), "the exchange logs no person");
    let auctions = auctions(&log);
    for (serial, answer) in &answers {
        let auction = auctions.get(serial).expect("every lead was offered");
        auction.assert_right(*serial, answer);
    }
    let count = |status: &str| answers.iter().filter(|(_, answer)| answer.member("status") == status).count();
    let (sold, pending) = (count("sold"), count("pending"));
    assert!(sold > 250, "most leads are sold: {sold} sold, {pending} pending");
    let rejected = log.posts().filter(|post| post.text("outcome") != "accepted").count();
    assert!(rejected > 20, "many posts are rejected: {rejected}");
}

fn catalog() -> CatalogText {
    let mut catalog =
        CatalogText::new("bid_window = \"1500ms\"\nanswer_by = \"4s\"\npost_min = \"300ms\"\nmax_buyers = 1");
    for number in 1..=10 {
        catalog = catalog.with(&format!("fair-{number:02}"), Campaign::default());
    }
    for number in 1..=4 {
        let keys = &format!("penalty = \"{PENALTY}%\"");
        catalog = catalog.with(&format!("picky-{number:02}"), Campaign { keys, ..Campaign::default() });
    }
    for name in ["slow", "silent", "reset", "flood", "json", "price"] {
        // Who never answers would make every auction last as long as its bid window.
        let ping = if name == "reset" { "" } else { "timeout = \"250ms\"" };
        catalog = catalog.with(&format!("hostile-{name}"), Campaign { ping, ..Campaign::default() });
    }
    catalog
}

/// What buyers got of one lead.
#[derive(Debug, Default)]
struct Auction<'a> {
    pings: BTreeMap<&'a str, &'a Line>,
    /// In the order in which they came.
    posts: Vec<&'a Line>,
}

fn auctions(log: &BuyersLog) -> BTreeMap<u64, Auction<'_>> {
    let mut auctions: BTreeMap<u64, Auction<'_>> = BTreeMap::new();
    for ping in log.pings() {
        let earlier = auctions.entry(ping.serial()).or_default().pings.insert(ping.buyer(), ping);
        if let Some(earlier) = earlier {
            // A connection that breaks may have been stale, so the same ping goes out once more.
            assert_eq!(earlier.fault(), Some("reset"), "a buyer is asked once: {ping:?}");
            assert_eq!(earlier.text("ping_id"), ping.text("ping_id"));
        }
    }
    for post in log.posts() {
        auctions.entry(post.serial()).or_default().posts.push(post);
    }
    for auction in auctions.values_mut() {
        auction.posts.sort_by_key(|post| post.at_us());
    }
    auctions
}

impl Auction<'_> {
    /// Returns who bid so that it counts, with the scores of the bids: hundredths of cents of the payout.
    fn scores(&self) -> BTreeMap<&str, u64> {
        let score = |ping: &Line| {
            let penalty = if ping.buyer().starts_with("picky") { PENALTY } else { 0 };
            cents(ping.text("bid")) * 80 * (100 - penalty)
        };
        // A bid of a reply that is faulty on purpose is none.
        let bids = self.pings.iter().filter(|(_, ping)| ping.text("outcome") == "bid");
        bids.map(|(buyer, ping)| (*buyer, score(ping))).collect()
    }

    fn assert_right(&self, serial: u64, answer: &Answer) {
        let scores = self.scores();
        let mut left = scores.clone();
        let text = answer.text();
        for (place, post) in self.posts.iter().enumerate() {
            let buyer = post.buyer();
            let best = left.values().max().copied();
            let due = left.remove(buyer);
            assert!(due.is_some() && due == best, "lead {serial}: {buyer} was not due: {scores:?}; {text}");
            assert_eq!(post.text("price"), self.pings[buyer].text("bid"), "lead {serial}: first price");
            assert_eq!(
                post.text("ping_id"),
                self.pings[buyer].text("ping_id"),
                "lead {serial}: its own ping"
            );
            let goes_on = post.text("outcome") != "accepted" && post.fault().is_none();
            assert!(
                goes_on || place + 1 == self.posts.len(),
                "lead {serial}: nobody follows {buyer}; {text}"
            );
        }
        match self.posts.last() {
            Some(last) if last.fault().is_some() => assert_eq!(answer.outcome(), "pending", "{text}"),
            Some(last) if last.is_taken() => {
                assert_eq!(answer.outcome(), "sold", "lead {serial}: {text}");
                let payout = cents(last.text("price")) * 80 / 100;
                assert_eq!(cents(&answer.member("payout")), payout, "lead {serial}: {text}");
            }
            last => {
                assert_eq!(answer.outcome(), "unsold", "lead {serial}: {text}");
                let reason = if last.is_some() { "posts_rejected" } else { "no_bid" };
                assert_eq!(answer.member("reason"), reason, "lead {serial}: {text}");
                assert!(left.is_empty(), "lead {serial}: {left:?} were still to be asked; {text}");
            }
        }
    }
}

fn assert_buyers_see_no_person(log: &BuyersLog) {
    let mut seen = BTreeSet::new();
    let mut lead_refs = BTreeMap::new();
    for ping in log.pings() {
        collect_paths("", &ping.body, &mut seen);
        let phone = phone(ping.serial());
        for secret in [CANARY, &phone, "203.0.113.77", "1979-03", "\"80331", "acme"] {
            assert!(!ping.bytes.contains(secret), "{secret} stands in {}", ping.bytes);
        }
        assert_eq!(ping.body["fields"]["zip"], "80");
        let whose = (ping.buyer(), ping.serial());
        let same = *lead_refs.entry(ping.text("lead_ref")).or_insert(whose);
        assert_eq!(same, whose, "no two buyers know a lead by one name");
    }
    let unlisted: Vec<&String> = seen.iter().filter(|path| !ALLOWED.contains(&path.as_str())).collect();
    assert!(unlisted.is_empty(), "pings hold {unlisted:?}");
    for post in log.posts() {
        assert_eq!(post.body["fields"]["first_name"], format!("{CANARY}-first"), "a post holds everything");
    }
}

/// Adds the path of every member of an object to a set.
fn collect_paths(prefix: &str, value: &Value, paths: &mut BTreeSet<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let path = format!("{prefix}{name}");
        collect_paths(&format!("{path}."), value, paths);
        paths.insert(path);
    }
}

/// Returns an amount with two decimals in cents.
fn cents(amount: &str) -> u64 {
    let digits = amount.replace('.', "");
    assert_eq!(amount.len() - amount.find('.').expect("decimals"), 3, "{amount} has two decimals");
    digits.parse().expect("an amount")
}
