//! Caps and budgets under many sellers at once, counted by the buyer.

use crate::catalog::{Campaign, CatalogText};
use crate::lead::lead;
use crate::market::{Market, sell};

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
