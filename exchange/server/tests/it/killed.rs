//! An exchange that is killed without warning, and what it still knows afterwards.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::buyers::Line;
use crate::catalog::{Campaign, CatalogText};
use crate::lead::{CANARY, canary_lead, lead, ping, post};
use crate::market::Market;
use crate::process::eventually;
use crate::seller::{Answer, Caller, Request};

const NORTH: &str = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"30.00\" }\n";
const USUAL: &str = "bid_window = \"5s\"\nanswer_by = \"20s\"";

fn market(campaign: Campaign<'_>) -> Market {
    Market::open(NORTH, &CatalogText::new(USUAL).with("north", campaign))
}

fn keyed(seller: &Caller, key: &str, body: &Value) -> Answer {
    seller.call(&Request::post("/v1/leads", body).with_header("Idempotency-Key", key))
}

#[test]
fn what_was_sold_is_known_after_a_kill() {
    let mut market = market(Campaign { keys: "caps = { sold = { total = 2 } }", ..Campaign::default() });
    let first = keyed(&market.exchange.seller("acme"), "k-1", &lead(1));
    assert_eq!(first.outcome(), "sold", "{}", first.text());
    market.exchange.kill();
    market.exchange.start_again();
    let seller = market.exchange.seller("acme");
    let again = keyed(&seller, "k-1", &lead(1));
    assert_eq!(again.header("idempotency-replayed"), Some("true"), "{}", again.text());
    for member in ["lead_id", "status", "payout"] {
        assert_eq!(again.member(member), first.member(member), "{member}: {}", again.text());
    }
    assert_eq!(again.json()["sales"], first.json()["sales"], "the same sale");
    let other_body = keyed(&seller, "k-1", &lead(2));
    assert_eq!((other_body.status, &*other_body.problem()), (409, "idempotency_key_reused"));
    let read = seller.call(&Request::new("GET", &format!("/v1/leads/{}", first.member("lead_id"))));
    assert_eq!(read.member("status"), "sold", "{}", read.text());
    let duplicate = seller.lead(&lead(1));
    assert_eq!(duplicate.outcome(), "duplicate", "{}", duplicate.text());
    let account = market.exchange.account(&first.member("auction_id"));
    assert_eq!(account["status"], "sold", "{account}");
    // The cap counts what was sold before: one more, and no third.
    assert_eq!(seller.lead(&lead(3)).outcome(), "sold");
    assert_eq!(seller.lead(&lead(4)).outcome(), "unsold");
    let log = market.buyers.stop();
    let posts: Vec<u64> = log.posts().map(Line::serial).collect();
    assert_eq!(posts, [1, 3], "nobody gets a lead twice");
}

#[test]
fn an_open_ping_can_be_posted_after_a_kill() {
    let mut market = market(Campaign { keys: "caps = { sold = { total = 1 } }", ..Campaign::default() });
    let offered = market.exchange.seller("acme").call(&Request::post("/v1/pings", &ping(1)));
    assert_eq!(offered.outcome(), "offers", "{}", offered.text());
    // Nothing waits for the record of a hold; what is read of it is on disk with the next sale's.
    let path = format!("/v1/pings/{}", offered.member("ping_id"));
    eventually("the hold is on disk", || market.exchange.journal_is_even());
    market.exchange.kill();
    market.exchange.start_again();
    let seller = market.exchange.seller("acme");
    let read = seller.call(&Request::new("GET", &path));
    assert_eq!(read.json()["offers"], offered.json()["offers"], "{}", read.text());
    // The hold is held: nobody else gets the only place.
    assert_eq!(seller.lead(&lead(2)).outcome(), "unsold");
    let sold = seller.call(&Request::post(&format!("{path}/post"), &post(1)));
    assert_eq!(sold.outcome(), "sold", "{}", sold.text());
}

#[test]
fn a_post_that_was_out_is_pending_after_a_kill_and_goes_to_nobody_else() {
    let profile = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"40.00\" }\npost = [{ fault = \"hang\" }]\n\
                   [[buyer]]\nname = \"south\"\nprice = { fixed = \"30.00\" }\n";
    let quiet = Campaign { keys: "idempotent = false", ..Campaign::default() };
    let catalog = CatalogText::new("answer_by = \"20s\"\npost_timeout = \"15s\"")
        .with("north", quiet)
        .with("south", Campaign::default());
    let mut market = Market::open(profile, &catalog);
    let mut connection = market.exchange.seller("acme").connect();
    let body = lead(1);
    let request = Request::post("/v1/leads", &body).with_header("Idempotency-Key", "k-1");
    connection.begin(&request);
    eventually("the post is out", || market.buyers.log_so_far().posts().count() == 1);
    market.exchange.kill();
    market.exchange.start_again();
    let again = keyed(&market.exchange.seller("acme"), "k-1", &body);
    assert_eq!(again.outcome(), "pending", "{}", again.text());
    assert_eq!(again.member("reason"), "post_unknown");
    let by_another = market.exchange.seller("other").lead(&body);
    assert_eq!(by_another.outcome(), "duplicate", "{}", by_another.text());
    let post_id = market.buyers.log_so_far().posts().next().expect("a post").body["post_id"].clone();
    let post_id = post_id.as_str().expect("an id").to_owned();
    eventually("the unknown post is listed", || {
        market.exchange.operator().call(&Request::new("GET", "/v1/unknowns")).text().contains(&post_id)
    });
    let said = json!({"outcome": "accepted", "reason": "the buyer has confirmed it by phone"});
    let path = format!("/v1/posts/{post_id}/resolve");
    let resolved = market.exchange.operator().call(&Request::post(&path, &said));
    assert_eq!(resolved.status, 200, "{}", resolved.text());
    let settled = keyed(&market.exchange.seller("acme"), "k-1", &body);
    assert_eq!(settled.outcome(), "sold", "{}", settled.text());
    assert_eq!(settled.member("payout"), "32.00");
    let log = market.buyers.stop();
    assert_eq!(log.posts().map(|post| post.buyer().to_owned()).collect::<Vec<_>>(), ["north"]);
}

#[test]
fn nothing_personal_is_on_disk_in_clear() {
    let mut market = market(Campaign::default());
    let answer = market.exchange.seller("acme").lead(&canary_lead(1));
    assert_eq!(answer.outcome(), "sold", "{}", answer.text());
    eventually("the store has followed", || market.exchange.journal_is_even());
    market.exchange.terminate();
    assert!(market.exchange.ended().success());
    let mut files = 0;
    each_file(market.exchange.data_dir(), &mut |path, bytes| {
        files += 1;
        let found = bytes.windows(CANARY.len()).any(|window| window.eq_ignore_ascii_case(CANARY.as_bytes()));
        assert!(!found, "{} holds personal data in clear", path.display());
    });
    assert!(files > 5, "only {files} files were searched");
    assert!(!market.exchange.log().contains(CANARY), "the log holds personal data");
}

/// Looks at every file under a folder.
pub(crate) fn each_file(folder: &Path, look: &mut impl FnMut(&Path, &[u8])) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            each_file(&path, look);
        } else {
            look(&path, &fs::read(&path).expect("a file"));
        }
    }
}
