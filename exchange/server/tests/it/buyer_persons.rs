//! A buyer that has a person is not offered it again: over sellers, kills, and when memory has forgotten.

use serde_json::Value;

use crate::catalog::{Campaign, CatalogText};
use crate::exchange::stderr;
use crate::lead::lead;
use crate::market::Market;
use crate::process::eventually;
use crate::seller::Answer;

/// A buyer that has everybody already.
const HAS_IT: &str =
    "[[buyer]]\nname = \"north\"\nprice = { fixed = \"30.00\" }\npost = [{ answer = \"duplicate\" }]\n";

fn catalog(keys: &str) -> CatalogText {
    CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"\nresubmit_after = \"0s\"")
        .with("north", Campaign { keys, ..Campaign::default() })
}

/// Offers a lead, as often as the store takes too long to answer, and returns what came of it and why the campaign did
/// not win.
fn offer(market: &Market, seller: &str, serial: u64) -> (String, String) {
    let ask = || market.exchange.seller(seller).lead(&lead(serial));
    let mut answer: Answer = ask();
    eventually("the store answers", || {
        if answer.status == 503 {
            answer = ask();
        }
        answer.status != 503
    });
    let account = market.exchange.account(&answer.member("auction_id"));
    let reason = account["campaigns"][0]["reason"].as_str().unwrap_or("").to_owned();
    (answer.member("reason"), reason)
}

#[test]
fn a_buyer_that_said_to_have_somebody_is_not_asked_for_it_again() {
    for memory in ["", "[limits]\nhistory_max = 1\nfingerprints_max = 1\n"] {
        let mut market = Market::open_with(HAS_IT, &catalog(""), memory);
        let declined = ("posts_rejected".to_owned(), "post_duplicate".to_owned());
        let barred = ("no_eligible_buyer".to_owned(), "duplicate_for_buyer".to_owned());
        for serial in 1..=4 {
            assert_eq!(offer(&market, "acme", serial), declined, "{memory:?} {serial}");
        }
        for life in 0..2 {
            eventually("the store has followed", || market.exchange.journal_is_even());
            for serial in 1..=4 {
                assert_eq!(offer(&market, "acme", serial), barred, "{memory:?} {serial} in life {life}");
                assert_eq!(offer(&market, "other", serial), barred, "{memory:?} {serial} in life {life}");
            }
            market.exchange.kill();
            market.exchange.start_again();
        }
        let next = catalog("duplicate_window = \"0s\"").for_buyers_at(market.buyers.address());
        let applied = market.exchange.apply("next.toml", &next);
        assert!(applied.status.success(), "{}", stderr(&applied));
        assert_eq!(offer(&market, "acme", 1), declined, "{memory:?}: the campaign does not mind any more");
        let log = market.buyers.stop();
        let pings: Vec<Value> = log.pings().map(|ping| Value::from(ping.serial())).collect();
        assert_eq!(pings, [1, 2, 3, 4, 1].map(Value::from), "{memory:?}");
    }
}
