//! Caps and budgets under many sellers at once, counted by the buyer.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::catalog::{Campaign, CatalogText};
use crate::lead::{lead, ping, post};
use crate::market::{Market, sell};
use crate::process::eventually;
use crate::seller::{Caller, Request};

/// A cap, and what has to be found in the buyer's log when more leads were offered than it has room for.
struct Case {
    caps: &'static str,
    /// Whether the buyer rejects four posts of ten.
    rejects: bool,
    leads: u64,
    posts: Option<usize>,
    sales: Option<usize>,
}

fn check(case: &Case) {
    let Case { caps, rejects, leads, posts, sales } = case;
    let post = if *rejects { "post = [{ weight = 6 }, { weight = 4, answer = \"rejected\" }]" } else { "" };
    let profile = format!("[[buyer]]\nname = \"north\"\nprice = {{ fixed = \"7.00\" }}\n{post}\n");
    let keys = format!("caps = {{ {caps} }}");
    let catalog = CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"")
        .with("north", Campaign { keys: &keys, ..Campaign::default() });
    let market = Market::open(&profile, &catalog);
    let seller = market.exchange.seller("acme");
    let mut answers = sell(&seller, 64, 0..*leads, lead);
    // What posts held when the others were turned away is free by now; a few more leads find it.
    answers.extend(sell(&seller, 1, *leads..*leads + 30, lead));
    let log = market.buyers.stop();
    log.assert_well_formed();
    let sold = answers.iter().filter(|(_, answer)| answer.outcome() == "sold").count();
    let taken = log.posts().filter(|post| post.is_taken()).count();
    assert_eq!(sold, taken, "{caps}: sellers and buyer agree on what was sold");
    if let Some(sales) = sales {
        assert_eq!(taken, *sales, "{caps}: sales");
    }
    if let Some(posts) = posts {
        assert_eq!(log.posts().count(), *posts, "{caps}: posts");
    }
    assert!(log.posts().all(|post| !post.is_repeat()), "{caps}: no lead is posted twice");
}

#[test]
fn a_sold_cap_is_reached_and_never_passed() {
    check(&Case {
        caps: "sold = { total = 1000 }",
        rejects: false,
        leads: 1_200,
        posts: None,
        sales: Some(1_000),
    });
}

#[test]
fn rejected_posts_give_the_room_of_a_sold_cap_back() {
    check(&Case { caps: "sold = { day = 100 }", rejects: true, leads: 400, posts: None, sales: Some(100) });
}

#[test]
fn a_sent_cap_counts_rejected_posts_too() {
    check(&Case { caps: "sent = { day = 150 }", rejects: true, leads: 300, posts: Some(150), sales: None });
}

#[test]
fn a_budget_is_spent_as_far_as_whole_leads_go() {
    // 142 leads at 7.00 cost 994.00.
    check(&Case {
        caps: "budget = { month = \"1000.00\" }",
        rejects: false,
        leads: 250,
        posts: None,
        sales: Some(142),
    });
}

#[test]
fn a_buyers_cap_holds_over_all_its_campaigns() {
    let profile = "[[buyer]]\nname = \"one\"\nprice = { list = [\"7.00\", \"9.00\"] }\n\
                   [[buyer]]\nname = \"two\"\nprice = { list = [\"7.00\", \"9.00\"] }\n";
    let own = Campaign { keys: "caps = { sold = { day = 80 } }", ..Campaign::default() };
    let catalog = CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"")
        .with_buyer("north", "caps = { sold = { week = 120 } }")
        .with_campaign_of("north", "one", own)
        .with_campaign_of("north", "two", own);
    let market = Market::open(profile, &catalog);
    let seller = market.exchange.seller("acme");
    let mut answers = sell(&seller, 32, 0..250, lead);
    answers.extend(sell(&seller, 1, 250..280, lead));
    assert_eq!(answers.iter().filter(|(_, answer)| answer.outcome() == "sold").count(), 120);
    let log = market.buyers.stop();
    let of = |campaign: &str| log.posts().filter(|post| post.buyer() == campaign).count();
    let (one, two) = (of("one"), of("two"));
    assert!(one <= 80 && two <= 80 && one + two == 120, "{one} and {two}");
}

/// Pings, and posts, gives back or forgets the offers in turn, until nobody is interested any more.
fn sell_in_two_steps(seller: &Caller, next: &AtomicU64, until: u64) -> usize {
    let mut connection = seller.connect();
    let mut sold = 0;
    loop {
        let serial = next.fetch_add(1, Ordering::Relaxed);
        if serial >= until {
            return sold;
        }
        let offered = connection.call(&Request::post("/v1/pings", &ping(serial)));
        if offered.outcome() != "offers" {
            continue;
        }
        let path = format!("/v1/pings/{}", offered.member("ping_id"));
        match serial % 4 {
            0 => assert_eq!(connection.call(&Request::new("DELETE", &path)).outcome(), "no_offer"),
            1 => {}
            _ => {
                let path = format!("{path}/post");
                let posted = connection.call(&Request::post(&path, &post(serial)));
                // A loaded machine may let an offer expire before its post.
                sold += usize::from(posted.status == 200 && posted.outcome() == "sold");
            }
        }
    }
}

#[test]
fn offers_that_come_to_nothing_give_the_room_of_a_cap_back() {
    let vertical = "bid_window = \"5s\"\nanswer_by = \"20s\"\nhold_time = \"2s\"";
    let keys = "caps = { sold = { total = 200 } }";
    let catalog = CatalogText::new(vertical).with("north", Campaign { keys, ..Campaign::default() });
    let market = Market::open("[[buyer]]\nname = \"north\"\nprice = { fixed = \"7.00\" }\n", &catalog);
    let (acme, other) = (market.exchange.seller("acme"), market.exchange.seller("other"));
    let next = AtomicU64::new(0);
    let sold: usize = std::thread::scope(|scope| {
        let sellers: Vec<_> = (0..32)
            .map(|number| {
                let seller = if number % 2 == 0 { &acme } else { &other };
                scope.spawn(|| sell_in_two_steps(seller, &next, 400))
            })
            .collect();
        sellers.into_iter().map(|seller| seller.join().expect("a seller sells")).sum()
    });
    assert!((1..=200).contains(&sold), "{sold}");
    // Offers that were never posted expire, and then every last place can be sold.
    let (mut sold, mut serial) = (sold, 10_000);
    eventually("the cap is reached", || {
        serial += 1;
        sold += usize::from(acme.lead(&lead(serial)).outcome() == "sold");
        sold == 200
    });
    for serial in 20_000..20_010 {
        assert_eq!(acme.lead(&lead(serial)).outcome(), "unsold");
    }
    let log = market.buyers.stop();
    assert_eq!(log.posts().filter(|post| post.is_taken()).count(), 200);
}
