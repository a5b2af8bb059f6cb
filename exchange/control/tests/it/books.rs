//! The ledger, balances, and prepaid money.

use std::sync::Arc;

use exchange_control::{MoveError, Movement};
use serde_json::json;

use crate::client::{Reply, ask};
use crate::made_up::deals::{amount, euro};
use crate::made_up::{Fails, MadeUp, Seen};

const DEPOSIT: &str = r#"{"kind": "deposit", "amount": "50", "currency": "EUR", "reference": "invoice 7"}"#;

async fn deposit(backend: MadeUp, key: &str, body: &str) -> Reply {
    let request = format!("POST /v1/buyers/north/balance\n{key}");
    ask(backend, "operator-ada", &request, body).await
}

async fn movement_of(buyer: &str, key: &str, body: &str) -> Movement {
    let backend = MadeUp::default();
    let seen = Arc::clone(&backend.seen);
    let request = format!("POST /v1/buyers/{buyer}/balance\nIdempotency-Key: {key}");
    assert_eq!(ask(backend, "operator-ada", &request, body).await.status, 200);
    let seen = seen.lock().expect("no panic");
    let [Seen::Movement(movement)] = seen.as_slice() else { panic!("{seen:?}") };
    movement.clone()
}

#[tokio::test]
async fn partners_see_their_own_accounts() {
    let balances = async |bearer: &str| {
        let reply = ask(MadeUp::default(), bearer, "GET /v1/balances", "").await;
        reply.json()["items"].as_array().expect("a list").clone()
    };
    let own = json!({"account": "buyer:north receivable", "balance": "31.50", "currency": "EUR"});
    assert_eq!(balances("buyer-north").await, [own]);
    let own = json!({"account": "seller:acme pending", "balance": "-25.20", "currency": "EUR"});
    assert_eq!(balances("seller-acme").await, [own]);
    assert_eq!(balances("operator-ada").await.len(), 6);
    // The beginning of a name is no name.
    assert_eq!(balances("buyer-nor").await, [json!(null); 0]);
}

#[tokio::test]
async fn an_entry_is_shown_to_operators_with_its_chain() {
    let reply = ask(MadeUp::default(), "operator-ada", "GET /v1/ledger", "").await;
    let entry = &reply.json()["items"][0];
    assert_eq!(
        (&entry["entry"], &entry["transfer"], &entry["intent"]),
        (&json!(1), &json!(900), &json!(4711))
    );
    assert_eq!((&entry["amount"], &entry["kind"]), (&json!("31.50"), &json!("accepted")));
    assert_eq!(entry["digest"], "cd".repeat(32));
    let reply = ask(MadeUp::default(), "buyer-north", "GET /v1/ledger", "").await;
    let items = reply.json()["items"].as_array().expect("a list").clone();
    assert_eq!(items.len(), 1);
    for key in ["entry", "transfer", "intent", "digest", "lead_id"] {
        assert_eq!(items[0].get(key), None, "{key}");
    }
    assert_eq!(items[0]["evidence"], "ab".repeat(16));
}

#[tokio::test]
async fn money_is_moved_under_a_key() {
    let movement = movement_of("north", "k1", DEPOSIT).await;
    assert_eq!((&*movement.buyer, movement.currency, movement.amount), ("north", euro(), amount("50")));
    assert_eq!((&*movement.reference, &*movement.by), ("invoice 7", "operator:ada"));
    let withdrawal = movement_of("north", "k1", &DEPOSIT.replace("deposit", "withdrawal")).await;
    assert_eq!(withdrawal.amount, amount("-50"));
    // A key names a movement of one buyer.
    assert_eq!(withdrawal.id, movement.id);
    assert_ne!(movement_of("north", "k2", DEPOSIT).await.id, movement.id);
    assert_ne!(movement_of("south", "k1", DEPOSIT).await.id, movement.id);
    let reply = deposit(MadeUp::default(), "Idempotency-Key: k1", DEPOSIT).await;
    let expected = json!({"buyer": "north", "amount": "50.00", "balance": "75.00", "currency": "EUR",
        "reference": "invoice 7", "at": "2026-11-20T00:00:00.000Z"});
    assert_eq!((reply.header("idempotency-replayed"), reply.json()), (None, expected));
    let repeated = MadeUp::failing(Fails { replayed: true, ..Fails::default() });
    let reply = deposit(repeated, "Idempotency-Key: k1", DEPOSIT).await;
    assert_eq!(reply.header("idempotency-replayed"), Some("true"));
}

#[tokio::test]
async fn wrong_movements_are_refused_with_every_mistake() {
    let check = async |key: &str, body: &str, expected: &[(&str, &str)]| {
        let reply = deposit(MadeUp::default(), key, body).await;
        let expected: Vec<_> =
            expected.iter().map(|(field, code)| ((*field).to_owned(), (*code).to_owned())).collect();
        assert_eq!((reply.status, reply.errors()), (422, expected), "{body}");
    };
    check("X-None: 1", DEPOSIT, &[("Idempotency-Key", "missing")]).await;
    let body = r#"{"kind": "gift", "amount": "0", "currency": "EURO", "reference": " ", "x": 1}"#;
    let expected = [
        ("kind", "not_in_enum"),
        ("amount", "out_of_range"),
        ("currency", "not_in_enum"),
        ("reference", "empty"),
        ("x", "unknown_key"),
    ];
    check("Idempotency-Key: k", body, &expected).await;
    let missing = ["kind", "amount", "currency", "reference"].map(|field| (field, "missing"));
    check("Idempotency-Key: k", "{}", &missing).await;
}

#[tokio::test]
async fn every_refusal_of_a_movement_has_its_problem() {
    let cases = [
        (MoveError::NotFound, 404, "not_found"),
        (MoveError::NotPrepaid, 409, "not_prepaid"),
        (MoveError::Currency, 422, "validation"),
        (MoveError::KeyReused, 409, "idempotency_key_reused"),
        (MoveError::Insufficient, 409, "insufficient_balance"),
        (MoveError::Unavailable, 503, "overloaded"),
    ];
    for (error, status, kind) in cases {
        let backend = MadeUp::failing(Fails { movement: Some(error), ..Fails::default() });
        let reply = deposit(backend, "Idempotency-Key: k", DEPOSIT).await;
        assert_eq!(reply.problem(), (status, kind.to_owned()), "{error:?}");
    }
}

#[tokio::test]
async fn the_ledger_says_whether_it_is_intact() {
    let verify = async |backend| ask(backend, "operator-ada", "POST /v1/ledger/verify", "").await.json();
    let intact = json!({"status": "intact", "entries": 6, "checkpoints": 1, "digest": "cd".repeat(32)});
    assert_eq!(verify(MadeUp::default()).await, intact);
    let damaged = MadeUp::failing(Fails { ledger_damaged: true, ..Fails::default() });
    let body = verify(damaged).await;
    assert_eq!(
        (&body["status"], &body["fault"]),
        (&json!("damaged"), &json!({"entry": 3, "what": "chain_broken"}))
    );
}

#[tokio::test]
async fn the_journal_says_how_far_it_is() {
    let reply = ask(MadeUp::default(), "operator-ada", "GET /v1/journal", "").await;
    let expected = json!({"status": "running", "durability": "sync", "sequence": 120, "durable": 110,
        "projected": 100, "projector_lag": 10, "projector_lag_ms": 7, "backlog_bytes": 4096, "segments": 3,
        "free_bytes": 1_073_741_824});
    assert_eq!(reply.json(), expected);
}
