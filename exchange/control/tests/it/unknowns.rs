//! Words about unknown posts.

use std::sync::Arc;

use exchange_control::{PostVerdict, PostWordError};
use serde_json::json;

use crate::client::ask;
use crate::made_up::deals::{FIRST, amount};
use crate::made_up::{Fails, MadeUp, Seen};

fn path(way: &str) -> String {
    format!("POST /v1/posts/{}/{way}", FIRST.post())
}

#[tokio::test]
async fn open_unknowns_are_listed_with_what_comes_next() {
    let reply = ask(MadeUp::default(), "operator-ada", "GET /v1/unknowns", "").await;
    let body = reply.json();
    assert_eq!(body["next"], "after-these");
    let expected = json!({
        "post_id": FIRST.post().to_string(), "sale_id": FIRST.sale().to_string(),
        "auction_id": FIRST.lead().to_string().replace("lead_", "auc_"),
        "seller": "acme", "buyer": "north", "campaign": "coast", "vertical": "solar",
        "price": "31.50", "payout": "25.20", "currency": "EUR", "exclusive": true,
        "intent_at": "2026-11-20T00:00:00.000Z", "attempts": 2, "next": "repost",
        "next_at": "2026-11-20T00:00:01.000Z",
    });
    assert_eq!(body["items"][0], expected);
}

#[tokio::test]
async fn an_operator_resolves_a_post() {
    let backend = MadeUp::default();
    let seen = Arc::clone(&backend.seen);
    let body = r#"{"outcome": "accepted", "price": "30", "reason": "by phone"}"#;
    let reply = ask(backend, "operator-ada", &path("resolve"), body).await;
    let expected = json!({
        "post_id": FIRST.post().to_string(), "sale_id": FIRST.sale().to_string(), "result": "resolved",
        "outcome": "accepted", "price": "30.00", "payout": "25.20", "currency": "EUR",
        "settled_by": "person", "settled_at": "2026-11-20T00:00:00.000Z",
    });
    assert_eq!((reply.status, reply.json()), (200, expected));
    let seen = seen.lock().expect("no panic");
    let [Seen::Word(word)] = seen.as_slice() else { panic!("{seen:?}") };
    assert_eq!(
        (word.verdict, word.price, &*word.reason),
        (PostVerdict::Accepted, Some(amount("30")), "by phone")
    );
    assert_eq!(&*word.scope.owner(), "operator:ada");
    assert_ne!(word.evidence, [0; 16]);
}

#[tokio::test]
async fn a_buyer_reports_and_sees_its_own_side() {
    let backend = MadeUp::default();
    let seen = Arc::clone(&backend.seen);
    let body = r#"{"status": "accepted", "buyer_ref": "N-1", "reason": "late"}"#;
    let reply = ask(backend, "buyer-north", &path("outcome"), body).await;
    assert_eq!((reply.status, &reply.json()["price"]), (200, &json!("31.50")));
    assert_eq!(reply.json().get("payout"), None);
    let seen = seen.lock().expect("no panic");
    let [Seen::Word(word)] = seen.as_slice() else { panic!("{seen:?}") };
    assert_eq!((word.scope.buyer(), &*word.buyer_ref, word.price), (Some("north"), "N-1", None));
}

#[tokio::test]
async fn what_was_so_before_and_what_is_rejected_is_said() {
    let repeated = MadeUp::failing(Fails { replayed: true, ..Fails::default() });
    let reply = ask(repeated, "buyer-north", &path("outcome"), r#"{"status": "duplicate"}"#).await;
    let body = reply.json();
    assert_eq!((&body["result"], &body["outcome"]), (&json!("already_so"), &json!("failed")));
    assert_eq!((&body["reason"], body.get("price")), (&json!("post_duplicate"), None));
}

#[tokio::test]
async fn wrong_words_are_refused_with_every_mistake() {
    let cases = [
        (
            "resolve",
            r#"{"outcome": "duplicate", "odd": 1}"#,
            vec![("outcome", "not_in_enum"), ("reason", "missing"), ("odd", "unknown_key")],
        ),
        (
            "resolve",
            r#"{"outcome": "rejected", "price": "1", "reason": "x"}"#,
            vec![("price", "out_of_range")],
        ),
        (
            "resolve",
            r#"{"outcome": "accepted", "price": "-1", "reason": " "}"#,
            vec![("price", "out_of_range"), ("reason", "empty")],
        ),
    ];
    for (way, body, expected) in cases {
        let reply = ask(MadeUp::default(), "operator-ada", &path(way), body).await;
        assert_eq!(reply.status, 422, "{body}");
        let expected: Vec<_> =
            expected.into_iter().map(|(field, code)| (field.to_owned(), code.to_owned())).collect();
        assert_eq!(reply.errors(), expected, "{body}");
    }
}

#[tokio::test]
async fn every_refusal_has_its_problem() {
    let cases = [
        (PostWordError::NotFound, 404, "not_found"),
        (PostWordError::InFlight, 409, "post_in_flight"),
        (PostWordError::PriceTooHigh, 422, "validation"),
        (PostWordError::PriceTooLow, 422, "validation"),
        (PostWordError::Unavailable, 503, "overloaded"),
    ];
    for (error, status, kind) in cases {
        let backend = MadeUp::failing(Fails { word: Some(error), ..Fails::default() });
        let reply = ask(backend, "buyer-north", &path("outcome"), r#"{"status": "accepted"}"#).await;
        assert_eq!(reply.problem(), (status, kind.to_owned()), "{error:?}");
    }
}
