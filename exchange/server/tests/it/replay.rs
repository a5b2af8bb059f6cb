//! A recorded auction through the rules once more: as it was, and with something changed.

use serde_json::{Value, json};

use crate::catalog::{Campaign, CatalogText};
use crate::exchange::{stderr, stdout};
use crate::lead::{CANARY, canary_lead, lead, phone, ping, post};
use crate::market::Market;
use crate::process::eventually;
use crate::seller::Request;

/// `south` bids less than `north`; `west` rejects what it bids most for; `east` is asked and does not bid.
const BUYERS: &str = r#"
[[buyer]]
name = "west"
price = { fixed = "50.00" }
post = [{ answer = "rejected", reason = "quality" }]
[[buyer]]
name = "north"
price = { fixed = "40.00" }
[[buyer]]
name = "south"
price = { fixed = "30.00" }
[[buyer]]
name = "east"
bid_probability = "0%"
"#;

fn market() -> Market {
    let catalog = ["west", "north", "south", "east"].iter().fold(
        CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"\noffers_held = 3"),
        |catalog, name| catalog.with(name, Campaign::default()),
    );
    Market::open(BUYERS, &catalog.with("aside", Campaign { keys: "paused = true", ..Campaign::default() }))
}

fn replay(market: &Market, id: &str, changes: &Value) -> Value {
    let path = format!("/v1/auctions/{id}/replay");
    let answer = market.exchange.operator().call(&Request::post(&path, &json!({ "changes": changes })));
    assert_eq!(answer.status, 200, "{changes}: {}", answer.text());
    answer.json()
}

/// Returns who bought in an account of an auction, and what was paid out.
fn bought(account: &Value) -> (Vec<String>, String) {
    let posts = account["posts"].as_array().into_iter().flatten();
    let accepted = posts.filter(|post| post["outcome"] == "accepted");
    let buyers = accepted.map(|post| post["campaign"].as_str().expect("a campaign").to_owned());
    (buyers.collect(), account["payout"].as_str().expect("an amount").to_owned())
}

/// What is changed, who buys then, and for how much.
type Case = (Value, &'static [&'static str], &'static str);

fn cases() -> Vec<Case> {
    vec![
        // The recorded rejection stays what it is, and the next best buys.
        (json!({}), &["north"], "32.00"),
        (json!({"without": ["west"]}), &["north"], "32.00"),
        (json!({"without": ["north"]}), &["south"], "24.00"),
        (json!({"without": ["west", "north", "south"]}), &[], "0.00"),
        (json!({"floor": "32.01"}), &[], "0.00"),
        (json!({"floor": "32.00"}), &["north"], "32.00"),
        (json!({"bids": [{"campaign": "south", "bid": "45.00"}]}), &["south"], "36.00"),
        (json!({"bids": [{"campaign": "north", "bid": "20.00"}]}), &["south"], "24.00"),
        (json!({"bids": [{"campaign": "east", "bid": "44.00"}]}), &["east"], "35.20"),
        (json!({"with": [{"campaign": "aside", "bid": "60.00"}]}), &["aside"], "48.00"),
        (json!({"with": [{"campaign": "aside", "bid": "39.00"}], "without": ["north"]}), &["aside"], "31.20"),
    ]
}

fn check(market: &Market, id: &str) {
    for (changes, buyers, payout) in cases() {
        let replayed = replay(market, id, &changes);
        let (who, paid) = bought(&replayed["replayed"]);
        assert_eq!(
            (who.iter().map(String::as_str).collect::<Vec<_>>(), paid.as_str()),
            (buyers.to_vec(), payout),
            "{changes}: {replayed}"
        );
        assert_eq!(
            bought(&replayed["recorded"]),
            (vec!["north".to_owned()], "32.00".to_owned()),
            "{changes}"
        );
        if changes == json!({}) {
            assert_eq!(
                (&replayed["same"], &replayed["differences"]),
                (&json!(true), &json!([])),
                "{replayed}"
            );
        }
        if buyers != ["north"] {
            assert_eq!(replayed["same"], json!(false), "{changes}: {replayed}");
            let differences = replayed["differences"].to_string();
            assert!(differences.contains("\"payout\""), "{changes}: {differences}");
        }
    }
}

#[test]
fn a_recorded_auction_follows_from_its_inputs_before_and_after_a_restart() {
    let mut market = market();
    let sold = market.exchange.seller("acme").lead(&lead(1));
    assert_eq!(sold.member("payout"), "32.00", "{}", sold.text());
    let id = sold.member("auction_id");
    eventually("the store has followed", || market.exchange.journal_is_even());
    check(&market, &id);
    market.exchange.kill();
    market.exchange.start_again();
    check(&market, &id);
    let output = market.exchange.ask(&["auction", "replay", &id, "--bid", "south=45.00"], "");
    assert!(output.status.success(), "{}", stderr(&output));
    let replayed: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!(bought(&replayed["replayed"]), (vec!["south".to_owned()], "36.00".to_owned()));
    // Nobody is asked anything for it.
    let log = market.buyers.stop();
    assert_eq!((log.pings().count(), log.posts().count()), (4, 2));
}

#[test]
fn what_cannot_be_replayed_is_refused() {
    let market = market();
    let sold = market.exchange.seller("acme").lead(&lead(1));
    eventually("the store has followed", || market.exchange.journal_is_even());
    let path = format!("/v1/auctions/{}/replay", sold.member("auction_id"));
    let ask = |body: &Value| market.exchange.operator().call(&Request::post(&path, body));
    for (changes, field) in [
        (json!({"without": ["nobody"]}), "changes.without.0"),
        (json!({"with": [{"campaign": "north", "bid": "1.00"}]}), "changes.with.0.campaign"),
        (json!({"bids": [{"campaign": "aside", "bid": "1.00"}]}), "changes.bids.0.campaign"),
    ] {
        let refused = ask(&json!({ "changes": changes }));
        assert_eq!(refused.status, 422, "{changes}: {}", refused.text());
        assert_eq!(refused.json()["errors"][0]["field"], field, "{}", refused.text());
    }
    let own = market.exchange.partner("seller:acme").call(&Request::post(&path, &json!({})));
    assert_eq!(own.status, 403);
    let none = "/v1/auctions/auc_01a1fc159ba77187b0ff8a474356719c/replay";
    assert_eq!(market.exchange.operator().call(&Request::post(none, &json!({}))).status, 404);
}

#[test]
fn a_sale_in_two_steps_is_replayed_with_the_sellers_choice() {
    let mut market = market();
    let seller = market.exchange.seller("acme");
    let offered = seller.call(&Request::post("/v1/pings", &ping(1)));
    let offers = offered.json()["offers"].as_array().expect("offers").clone();
    let south = offers.iter().find(|offer| offer["payout"] == "24.00").expect("the offer of `south`");
    let mut chosen = post(1);
    chosen["offer_ids"] = json!([south["offer_id"]]);
    let path = format!("/v1/pings/{}/post", offered.member("ping_id"));
    let sold = seller.call(&Request::post(&path, &chosen));
    assert_eq!(sold.member("payout"), "24.00", "{}", sold.text());
    let id = sold.member("auction_id");
    eventually("the store has followed", || market.exchange.journal_is_even());
    for _ in 0..2 {
        let replayed = replay(&market, &id, &json!({}));
        assert_eq!((&replayed["same"], &replayed["differences"]), (&json!(true), &json!([])), "{replayed}");
        market.exchange.kill();
        market.exchange.start_again();
    }
}

#[test]
fn an_auction_whose_lead_was_erased_is_replayed_on_what_is_left() {
    let mut market = market();
    let sold = market.exchange.seller("acme").lead(&canary_lead(1));
    assert_eq!(sold.member("payout"), "32.00", "{}", sold.text());
    let id = sold.member("auction_id");
    eventually("the store has followed", || market.exchange.journal_is_even());
    assert!(market.exchange.ask(&["person", "erase"], &phone(1)).status.success());
    // Bids, verdicts and replies are all that it takes; none of them is the person's.
    let check_all = |market: &Market| {
        check(market, &id);
        let replayed = replay(market, &id, &json!({}));
        assert!(!replayed.to_string().contains(CANARY), "{replayed}");
    };
    check_all(&market);
    market.exchange.stop();
    let rebuilt = market.exchange.inspect(&["store", "rebuild"]);
    assert!(rebuilt.status.success(), "{}", stderr(&rebuilt));
    market.exchange.start_again();
    check_all(&market);
}
