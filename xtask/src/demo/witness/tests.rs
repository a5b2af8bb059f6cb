use serde_json::json;

use super::*;

const AT: &str = "2026-11-21T03:10:34.340Z";

/// One auction: `north` bid and bought, `south` bid and rejected the post, `west` did not bid, `east` was late.
fn accounts() -> Vec<Account> {
    let bid = |price: &str| json!([{ "bid": price, "max_buyers": 1 }]);
    let account = Account::read(&json!({
        "auction_id": "auc_1", "admitted_at": AT, "currency": "EUR", "status": "sold", "payout": "24.00",
        "campaigns": [
            { "campaign": "north", "result": "bought", "bids": bid("30.00"), "replied_us": 9 },
            { "campaign": "south", "result": "lost", "reason": "post_rejected", "bids": bid("31.50"), "replied_us": 8 },
            { "campaign": "west", "result": "lost", "reason": "no_bid", "replied_us": 7 },
            { "campaign": "east", "result": "lost", "reason": "timeout" },
            { "campaign": "other", "result": "left_out", "reason": "filtered" },
        ],
        "posts": [
            { "campaign": "south", "price": "31.50", "payout": "25.20", "margin": "6.30", "outcome": "failed",
              "reason": "post_rejected", "sent_us": 20 },
            { "campaign": "north", "price": "30.00", "payout": "24.00", "margin": "6.00", "outcome": "accepted",
              "sent_us": 30 },
        ],
    }));
    vec![account.expect("an account")]
}

fn ping(campaign: &str, outcome: &str, answer: &Value) -> String {
    let body = json!({ "created_at": AT }).to_string();
    let answer = json!({ "status": 200, "body": answer.to_string() });
    json!({ "kind": "ping", "campaign_id": campaign, "outcome": outcome, "answer": answer, "body": body })
        .to_string()
}

fn post(campaign: &str, price: &str, outcome: &str) -> String {
    let body = json!({ "created_at": AT }).to_string();
    let answer = json!({ "status": 200, "body": json!({ "status": outcome }).to_string() });
    let taken = outcome == "accepted";
    json!({ "kind": "post", "campaign_id": campaign, "price": price, "outcome": outcome, "taken": taken,
            "answer": answer, "body": body })
    .to_string()
}

/// What the buyers of [`accounts`] have seen.
fn log() -> Vec<String> {
    vec![
        ping("south", "bid", &json!({ "bid": "31.5", "max_buyers": 1 })),
        ping("north", "bid", &json!({ "bids": [{ "bid": "30.00", "max_buyers": 1 }] })),
        ping("west", "no_bid", &json!({ "bid": 0 })),
        post("south", "31.50", "rejected"),
        post("north", "30.00", "accepted"),
    ]
}

#[track_caller]
fn check(log: &[String], expected: Result<Agreement, &[&str]>) {
    match (compare(&accounts(), &log.join("\n")), expected) {
        (Ok(found), Ok(expected)) => assert_eq!(found, expected),
        (Err(found), Err(expected)) => {
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.contains(expected), "{found} does not say {expected}");
            }
        }
        (found, expected) => panic!("expected {expected:?}, found {found:?}"),
    }
}

#[test]
fn what_both_tell_is_counted() {
    check(&log(), Ok(Agreement { pings: 3, posts: 2 }));
    let mut with_the_late_one = log();
    with_the_late_one.push(ping("east", "bid", &json!({ "bid": "99.00" })));
    check(&with_the_late_one, Ok(Agreement { pings: 4, posts: 2 }));
}

#[test]
fn a_missing_ping_or_post_is_a_difference() {
    let without = |gone: usize| {
        let mut log = log();
        log.remove(gone);
        log
    };
    check(&without(1), Err(&["auc_1: north: it was never pinged"]));
    check(&without(4), Err(&["auc_1: north: it never got the post"]));
}

#[test]
fn a_ping_that_the_exchange_does_not_tell_of_is_a_difference() {
    let mut log = log();
    log.push(ping("other", "bid", &json!({ "bid": "9.00" })));
    log.push(ping("north", "bid", &json!({ "bid": "30.00" })));
    check(&log, Err(&["does not tell of this: ping of", "to north"]));
}

#[test]
fn another_bid_price_or_outcome_is_a_difference() {
    let with = |place: usize, line: String| {
        let mut log = log();
        log[place] = line;
        log
    };
    let other_bid = ping("north", "bid", &json!({ "bid": "30.01", "max_buyers": 1 }));
    check(&with(1, other_bid), Err(&["auc_1: north: the ping ended otherwise"]));
    let other_count = ping("north", "bid", &json!({ "bid": "30.00", "max_buyers": 2 }));
    check(&with(1, other_count), Err(&["auc_1: north: the ping ended otherwise"]));
    let a_bid_after_all = ping("west", "bid", &json!({ "bid": "1.00" }));
    check(&with(2, a_bid_after_all), Err(&["auc_1: west: the ping ended otherwise"]));
    check(&with(3, post("south", "31.50", "accepted")), Err(&["auc_1: south: the post ended otherwise"]));
    check(&with(4, post("north", "30.50", "accepted")), Err(&["auc_1: north: the post ended otherwise"]));
}
