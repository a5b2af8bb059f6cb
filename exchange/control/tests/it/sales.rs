//! What happens to sales afterwards.

use std::sync::Arc;

use exchange_control::{ChangeSale, ChangeSaleError, WantedChange, limits};
use exchange_protocol::{ReturnReason, ReturnRefused, StepRefused};
use exchange_types::UtcMicros;
use serde_json::json;

use crate::client::{Reply, ask};
use crate::made_up::deals::{FIRST, amount};
use crate::made_up::{Fails, MadeUp, Seen};

async fn change(backend: MadeUp, bearer: &str, way: &str, body: &str) -> Reply {
    ask(backend, bearer, &format!("POST /v1/sales/{}/{way}", FIRST.sale()), body).await
}

/// Sends a change and returns what reached the exchange.
async fn seen_of(bearer: &str, way: &str, body: &str) -> ChangeSale {
    let backend = MadeUp::default();
    let seen = Arc::clone(&backend.seen);
    assert_eq!(change(backend, bearer, way, body).await.status, 200, "{way} {body}");
    let seen = seen.lock().expect("no panic");
    let [Seen::Change(change)] = seen.as_slice() else { panic!("{seen:?}") };
    change.clone()
}

#[tokio::test]
async fn each_reader_sees_its_side() {
    let show = async |bearer: &str| {
        let request = format!("GET /v1/sales/{}", FIRST.sale());
        ask(MadeUp::default(), bearer, &request, "").await.json()
    };
    let common = json!({"sale_id": FIRST.sale().to_string(), "status": "accepted", "vertical": "solar",
        "currency": "EUR", "exclusive": true, "at": "2026-11-20T00:00:00.000Z",
        "settles_at": "2026-11-27T00:00:00.000Z"});
    let bought = json!({"buyer": "north", "campaign": "coast", "post_id": FIRST.post().to_string(),
        "price": "31.50"});
    let sold = json!({"seller": "acme", "lead_id": FIRST.lead().to_string(), "buyer_ref": "aa11",
        "payout": "25.20"});
    let with = |parts: &[&serde_json::Value]| {
        let mut whole = common.as_object().expect("an object").clone();
        for part in parts {
            whole.extend(part.as_object().expect("an object").clone());
        }
        serde_json::Value::Object(whole)
    };
    assert_eq!(show("buyer-north").await, with(&[&bought]));
    assert_eq!(show("seller-acme").await, with(&[&sold]));
    assert_eq!(show("operator-ada").await, with(&[&bought, &sold, &json!({"margin": "6.30"})]));
}

#[tokio::test]
async fn changes_reach_the_exchange_as_they_were_meant() {
    let wanted =
        seen_of("buyer-north", "returns", r#"{"reason": "bad_contact", "note": "no such number"}"#).await;
    assert_eq!(wanted.change, WantedChange::Return(ReturnReason::BadContact));
    assert_eq!((wanted.sale, &*wanted.note), (FIRST.sale(), "no such number"));
    assert_eq!((wanted.scope.buyer(), wanted.scope.is_everything()), (Some("north"), false));
    let body = r#"{"price": 20.5, "payout": "16", "reason": "agreed"}"#;
    let wanted = seen_of("operator-ada", "adjustments", body).await;
    assert_eq!(wanted.change, WantedChange::Adjust { price: amount("20.50"), payout: amount("16") });
    let wanted = seen_of("operator-ada", "reversals", r#"{"reason": "test lead"}"#).await;
    assert_eq!((wanted.change, &*wanted.note), (WantedChange::Reverse, "test lead"));
}

#[tokio::test]
async fn a_note_is_as_long_as_it_may_be() {
    let reversed = async |bytes: usize| {
        let body = json!({"reason": "x".repeat(bytes)}).to_string();
        change(MadeUp::default(), "operator-ada", "reversals", &body).await.status
    };
    assert_eq!(reversed(limits::NOTE_BYTES_MAX).await, 200);
    assert_eq!(reversed(limits::NOTE_BYTES_MAX + 1).await, 422);
}

#[tokio::test]
async fn a_body_is_as_long_as_it_may_be() {
    let reversed = async |bytes: usize| {
        let body = format!("{:<bytes$}", r#"{"reason": "x"}"#);
        change(MadeUp::default(), "operator-ada", "reversals", &body).await.status
    };
    assert_eq!(reversed(limits::BODY_BYTES_MAX).await, 200);
    assert_eq!(reversed(limits::BODY_BYTES_MAX + 1).await, 413);
}

#[tokio::test]
async fn a_repeat_is_known_by_its_digest_and_said_to_be_one() {
    let body = r#"{"reason": "fraud"}"#;
    let digest = async |way: &str| seen_of("buyer-north", way, body).await.digest;
    assert_eq!(digest("returns").await, digest("returns").await);
    assert_ne!(digest("returns").await, digest("returns\nIdempotency-Key: k1").await);
    assert_ne!(digest("returns\nIdempotency-Key: k1").await, digest("returns\nIdempotency-Key: k2").await);
    let first = change(MadeUp::default(), "buyer-north", "returns", body).await;
    let repeated = MadeUp::failing(Fails { replayed: true, ..Fails::default() });
    let again = change(repeated, "buyer-north", "returns", body).await;
    assert_eq!(
        (first.header("idempotency-replayed"), again.header("idempotency-replayed")),
        (None, Some("true"))
    );
    assert_eq!((again.status, again.json()), (200, first.json()));
    assert_eq!(first.json()["status"], "returned");
}

#[tokio::test]
async fn wrong_changes_are_refused_with_every_mistake() {
    let cases = [
        ("returns", r#"{"reason": "bored", "x": 1}"#, vec![("reason", "not_in_enum"), ("x", "unknown_key")]),
        ("returns", "{}", vec![("reason", "missing")]),
        ("returns\nIdempotency-Key: a b", r#"{"reason": "fraud"}"#, vec![("Idempotency-Key", "malformed")]),
        (
            "adjustments",
            r#"{"price": "-1", "payout": "1e3"}"#,
            vec![("price", "out_of_range"), ("payout", "malformed"), ("reason", "missing")],
        ),
        ("reversals", r#"{"reason": ""}"#, vec![("reason", "empty")]),
    ];
    for (way, body, expected) in cases {
        let backend = MadeUp::default();
        let seen = Arc::clone(&backend.seen);
        let reply = change(backend, "operator-ada", way, body).await;
        let expected: Vec<_> =
            expected.into_iter().map(|(field, code)| (field.to_owned(), code.to_owned())).collect();
        assert_eq!((reply.status, reply.errors()), (422, expected), "{way} {body}");
        assert!(seen.lock().expect("no panic").is_empty(), "{way} {body}");
    }
}

#[tokio::test]
async fn every_refusal_has_its_problem() {
    let closed = ReturnRefused::WindowClosed { closed_at: UtcMicros(0) };
    let not_taken = ReturnRefused::ReasonNotAllowed { reason: ReturnReason::Other };
    let cases = [
        (ChangeSaleError::NotFound, 404, "not_found"),
        (closed.into(), 409, "return_window_closed"),
        (not_taken.into(), 409, "reason_not_allowed"),
        (ReturnRefused::NotAllowed.into(), 409, "returns_not_allowed"),
        (ReturnRefused::State(StepRefused::AlreadyReversed).into(), 409, "already_reversed"),
        (ChangeSaleError::Unavailable, 503, "overloaded"),
    ];
    for (error, status, kind) in cases {
        let backend = MadeUp::failing(Fails { change: Some(error), ..Fails::default() });
        let reply = change(backend, "buyer-north", "returns", r#"{"reason": "fraud"}"#).await;
        assert_eq!(reply.problem(), (status, kind.to_owned()), "{error:?}");
    }
    let backend = MadeUp::failing(Fails { change: Some(closed.into()), ..Fails::default() });
    let reply = change(backend, "buyer-north", "returns", r#"{"reason": "fraud"}"#).await;
    assert_eq!(reply.json()["detail"], "the return window closed at 1970-01-01T00:00:00.000Z");
}
