//! Stops: what is handed over, and what is answered.

use std::sync::Arc;

use exchange_control::{StopError, WantedStop};
use exchange_protocol::StopKind;
use serde_json::json;

use crate::client::{Reply, ask};
use crate::made_up::stops::stop_id;
use crate::made_up::{Fails, MadeUp, Seen};

async fn stop(backend: MadeUp, body: &str) -> Reply {
    ask(backend, "operator-ada", "POST /v1/stops", body).await
}

#[tokio::test]
async fn every_kind_is_stopped_by_name_listed_and_started_by_id() {
    for (kind, name) in StopKind::ALL.into_iter().zip(["coast", "north", "acme", "acme#pub-17", "solar"]) {
        let backend = MadeUp::default();
        let seen = Arc::clone(&backend.seen);
        let body = json!({"kind": kind.name(), "name": name, "reason": "wrong prices"});
        let reply = stop(backend, &body.to_string()).await;
        let shown = json!({
            "stop_id": stop_id().to_string(), "kind": kind.name(), "name": name, "reason": "wrong prices",
            "by": "operator:ada", "stopped_at": "2026-11-20T00:00:00.000Z",
        });
        assert_eq!((reply.status, reply.json(), reply.header("idempotency-replayed")), (200, shown, None));
        let wanted =
            WantedStop { kind, name: name.into(), reason: "wrong prices".into(), by: "operator:ada".into() };
        assert_eq!(*seen.lock().expect("no panic"), [Seen::Stop(wanted)]);
    }
    let again = MadeUp::failing(Fails { replayed: true, ..Fails::default() });
    let again = stop(again, r#"{"kind": "campaign", "name": "coast", "reason": "x"}"#).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));

    let listed = ask(MadeUp::default(), "operator-ada", "GET /v1/stops", "").await.json();
    assert_eq!((&listed["items"][0]["name"], listed.get("next")), (&json!("coast"), None));

    let backend = MadeUp::default();
    let seen = Arc::clone(&backend.seen);
    let started = ask(backend, "operator-ada", &format!("DELETE /v1/stops/{}", stop_id()), "").await;
    assert_eq!((started.status, &started.json()["name"]), (200, &json!("coast")));
    assert_eq!(*seen.lock().expect("no panic"), [Seen::Start("operator:ada".to_owned())]);
}

#[tokio::test]
async fn what_cannot_be_stopped_or_started_is_said() {
    let good = r#"{"kind": "source", "name": "acme/best", "reason": "fraud"}"#;
    for (refused, code) in [(StopError::NotFound, "not_in_enum"), (StopError::TooMany, "out_of_range")] {
        let backend = MadeUp::failing(Fails { stop: Some(refused), ..Fails::default() });
        let reply = stop(backend, good).await;
        assert_eq!((reply.status, reply.errors()), (422, vec![("name".to_owned(), code.to_owned())]));
    }
    let silent = || MadeUp::failing(Fails { silent: true, ..Fails::default() });
    assert_eq!(stop(silent(), good).await.status, 503);
    let path = format!("DELETE /v1/stops/{}", stop_id());
    assert_eq!(ask(silent(), "operator-ada", &path, "").await.status, 503);
    for (body, field, code) in [
        (r#"{"name": "a", "reason": "b"}"#, "kind", "missing"),
        (r#"{"kind": "market", "name": "a", "reason": "b"}"#, "kind", "not_in_enum"),
        (r#"{"kind": "buyer", "reason": "b"}"#, "name", "missing"),
        (r#"{"kind": "buyer", "name": "a"}"#, "reason", "missing"),
        (r#"{"kind": "buyer", "name": "a", "reason": "b", "until": "c"}"#, "until", "unknown_key"),
    ] {
        let reply = stop(MadeUp::default(), body).await;
        assert_eq!(
            (reply.status, reply.errors()),
            (422, vec![(field.to_owned(), code.to_owned())]),
            "{body}"
        );
    }
    for id in ["stop_00000000000070008000000000000000", "stop_1", "coast"] {
        let reply = ask(MadeUp::default(), "operator-ada", &format!("DELETE /v1/stops/{id}"), "").await;
        assert_eq!(reply.status, 404, "{id}");
    }
}
