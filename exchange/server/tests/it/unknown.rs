//! Buyers who take a lead and are not heard of again.

use serde_json::Value;

use crate::catalog::{Campaign, CatalogText};
use crate::lead::lead;
use crate::market::Market;
use crate::seller::Request;

/// Has a buyer do the same to three posts, after which its circuit is open.
fn check(fault: &str) {
    let profile = format!(
        "[[buyer]]\nname = \"north\"\nprice = {{ fixed = \"40.00\" }}\npost = [{{ fault = \"{fault}\" }}]\n\
         [[buyer]]\nname = \"south\"\nprice = {{ fixed = \"30.00\" }}\n"
    );
    let catalog = CatalogText::new("answer_by = \"10s\"\npost_timeout = \"400ms\"")
        .with("north", Campaign { keys: "idempotent = false", ..Campaign::default() })
        .with("south", Campaign::default());
    let market = Market::open(&profile, &catalog);
    let seller = market.exchange.seller("acme");
    for serial in 1..=3 {
        let answer = seller.lead(&lead(serial));
        assert_eq!(answer.outcome(), "pending", "{fault}: {}", answer.text());
        assert_eq!(answer.member("reason"), "post_unknown", "{fault}");
        let status_url = answer.member("status_url");
        assert_eq!(status_url, format!("/v1/leads/{}", answer.member("lead_id")));
        let now = seller.call(&Request::new("GET", &status_url));
        assert_eq!(now.outcome(), "pending", "{fault}: {}", now.text());
        assert_eq!(market.exchange.seller("other").call(&Request::new("GET", &status_url)).status, 404);
        let account = market.exchange.account(&answer.member("auction_id"));
        assert_eq!(reason_of(&account, "north"), "post_unknown", "{fault}: {account}");
        assert_eq!(account["posts"].as_array().map(Vec::len), Some(1), "{fault}: {account}");
    }
    let fourth = seller.lead(&lead(4));
    assert_eq!(fourth.outcome(), "sold", "{fault}: {}", fourth.text());
    let account = market.exchange.account(&fourth.member("auction_id"));
    assert_eq!(reason_of(&account, "north"), "circuit_open", "{fault}: {account}");
    // A person whose lead may be sold is sold to nobody else.
    let again = seller.lead(&lead(1));
    assert_eq!(again.outcome(), "duplicate", "{fault}: {}", again.text());
    assert_eq!(again.member("lead_status"), "pending", "{fault}");
    let log = market.buyers.stop();
    let posts: Vec<(u64, &str)> = log.posts().map(|post| (post.serial(), post.buyer())).collect();
    assert_eq!(posts, [(1, "north"), (2, "north"), (3, "north"), (4, "south")], "{fault}");
    assert!(log.posts().all(|post| !post.is_repeat()), "{fault}: no post is sent again");
}

/// Returns why a campaign did not win.
fn reason_of(account: &Value, campaign: &str) -> String {
    let campaigns = account["campaigns"].as_array().expect("campaigns");
    let found = campaigns.iter().find(|found| found["campaign"] == campaign).expect("the campaign");
    found["reason"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_buyer_that_takes_a_lead_and_resets_keeps_it_from_everybody_else() {
    check("reset_after_accept");
}

#[test]
fn a_buyer_that_takes_a_lead_and_hangs_keeps_it_from_everybody_else() {
    check("hang");
}

#[test]
fn an_answer_to_a_post_that_breaks_off_is_none() {
    check("truncated");
}

#[test]
fn an_answer_to_a_post_that_cannot_be_read_is_none() {
    check("bad_json");
}
