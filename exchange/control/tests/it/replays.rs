//! Replays beside the record.

use std::sync::Arc;

use exchange_control::{ReplayBid, ReplayChanges, ReplayError};
use exchange_types::AuctionId;
use serde_json::json;

use crate::account;
use crate::client::{Reply, ask};
use crate::made_up::deals::amount;
use crate::made_up::{Fails, MadeUp, Seen};

async fn replay(backend: MadeUp, body: &str) -> Reply {
    let backend = MadeUp { account: Some(account::account()), ..backend };
    let request = format!("POST /v1/auctions/{}/replay", AuctionId(account::id()));
    ask(backend, "operator-ada", &request, body).await
}

#[tokio::test]
async fn the_same_inputs_give_the_same_account() {
    let body = replay(MadeUp::default(), "{}").await.json();
    assert_eq!((&body["same"], &body["differences"]), (&json!(true), &json!([])));
    assert_eq!(body["recorded"], body["replayed"]);
    assert_eq!(body["recorded"]["status"], "sold");
}

#[tokio::test]
async fn what_a_change_changes_is_named() {
    let body = replay(MadeUp::default(), r#"{"changes": {"floor": "90"}}"#).await.json();
    assert_eq!((&body["same"], &body["replayed"]["status"]), (&json!(false), &json!("unsold")));
    let found = body["differences"].as_array().expect("a list");
    let differs = |field: &str| found.iter().find(|one| one["field"] == field).cloned();
    assert_eq!(differs("status"), Some(json!({"field": "status", "recorded": "sold", "replayed": "unsold"})));
    assert_eq!(
        differs("campaigns.coast.result"),
        Some(json!({"field": "campaigns.coast.result", "recorded": "bought", "replayed": "lost"}))
    );
    assert!(differs("posts.coast").is_some_and(|one| one["replayed"].is_null()));
}

#[tokio::test]
async fn changes_reach_the_exchange_as_they_were_meant() {
    let backend = MadeUp::default();
    let seen = Arc::clone(&backend.seen);
    let body = r#"{"changes": {"floor": 10, "bids": [{"campaign": "alps", "bid": "40.5"}], "without": ["coast"],
        "with": [{"campaign": "delta", "bid": 12}]}}"#;
    assert_eq!(replay(backend, body).await.status, 200);
    let bid = |campaign: &str, bid| ReplayBid { campaign: campaign.into(), bid: amount(bid) };
    let expected = ReplayChanges {
        floor: Some(amount("10")),
        bids: vec![bid("alps", "40.50")],
        without: vec!["coast".into()],
        with: vec![bid("delta", "12")],
    };
    assert_eq!(*seen.lock().expect("no panic"), [Seen::Replay(expected)]);
}

#[tokio::test]
async fn wrong_changes_are_refused_with_every_mistake() {
    let cases = [
        (r#"{"change": {}}"#, vec![("change", "unknown_key")]),
        (
            r#"{"changes": {"floor": "-1", "x": 1, "bids": [{"campaign": "a", "bid": "0"}, {"bid": 1}], "with": 7}}"#,
            vec![
                ("changes.floor", "out_of_range"),
                ("changes.bids.0.bid", "out_of_range"),
                ("changes.bids.1.campaign", "missing"),
                ("changes.with", "wrong_type"),
                ("changes.x", "unknown_key"),
            ],
        ),
        (
            r#"{"changes": {"bids": [{"campaign": "a", "bid": "1"}], "without": ["b", "a"]}}"#,
            vec![("changes.without.1", "repeated")],
        ),
        (r#"{"changes": {"without": ["a", 7]}}"#, vec![("changes.without", "wrong_type")]),
    ];
    for (body, expected) in cases {
        let reply = replay(MadeUp::default(), body).await;
        let expected: Vec<_> =
            expected.into_iter().map(|(field, code)| (field.to_owned(), code.to_owned())).collect();
        assert_eq!((reply.status, reply.errors()), (422, expected), "{body}");
    }
}

#[tokio::test]
async fn every_refusal_has_its_problem() {
    let cases = [
        (ReplayError::NotFound, 404, "not_found"),
        (ReplayError::Running, 409, "auction_running"),
        (ReplayError::Gone, 409, "replay_impossible"),
        (ReplayError::Campaign { field: "with.0.campaign".to_owned() }, 422, "validation"),
        (ReplayError::Unavailable, 503, "overloaded"),
    ];
    for (error, status, kind) in cases {
        let backend = MadeUp::failing(Fails { replay: Some(error.clone()), ..Fails::default() });
        let reply = replay(backend, "{}").await;
        assert_eq!(reply.problem(), (status, kind.to_owned()), "{error:?}");
    }
}
