//! Suppression lists: what is handed over, and what is answered.

use std::sync::Arc;

use exchange_control::SuppressError;
use exchange_protocol::SuppressionList;
use serde_json::json;

use crate::client::{Reply, ask};
use crate::made_up::{Fails, MadeUp, Seen};

async fn add(backend: MadeUp, caller: &str, body: &str) -> Reply {
    ask(backend, caller, "POST /v1/suppressions", body).await
}

#[tokio::test]
async fn each_caller_changes_its_own_lists() {
    let digest = "0a".repeat(32);
    let entries = json!([{"phone": "+49 89 1"}, {"email": "Ada@x.org"}, {"phone_sha256": digest}, {"email_sha256": digest}]);
    let read = ["phone +49 89 1", "email Ada@x.org", "digest Some(10)", "digest Some(10)"].map(str::to_owned);
    let own = SuppressionList::Own;
    for (caller, method, list, expected, by) in [
        ("operator-ada", "POST", Some("do_not_call"), (SuppressionList::DoNotCall, "", true), "operator:ada"),
        ("operator-ada", "DELETE", Some("erased"), (SuppressionList::Erased, "", false), "operator:ada"),
        ("buyer-north", "POST", None, (own, "north", true), "buyer:north"),
        ("buyer-north", "DELETE", Some("own"), (own, "north", false), "buyer:north"),
    ] {
        let backend = MadeUp::default();
        let seen = Arc::clone(&backend.seen);
        let mut body = json!({ "entries": entries });
        if let Some(list) = list {
            body["list"] = json!(list);
        }
        let reply = ask(backend, caller, &format!("{method} /v1/suppressions"), &body.to_string()).await;
        let (list, buyer, on) = expected;
        let changed = if on { "added" } else { "removed" };
        assert_eq!(
            (reply.status, reply.json()),
            (200, json!({"list": list.name(), (changed): 4})),
            "{caller} {method}"
        );
        let handed = Seen::Suppress((list, buyer.into(), on), read.to_vec(), by.into());
        assert_eq!(*seen.lock().expect("no panic"), [handed]);
    }
    let listed = ask(MadeUp::default(), "buyer-north", "GET /v1/suppressions?list=own", "").await.json();
    let entry = json!({
        "list": "own", "entry": format!("{:032x}", 7), "by": "buyer:north", "added_at": "2026-11-20T00:00:00.000Z",
    });
    assert_eq!(listed["items"], json!([entry]));
}

#[tokio::test]
async fn what_cannot_be_put_on_a_list_is_said() {
    let one = |entry: &str| format!(r#"{{"list": "revoked", "entries": [{entry}]}}"#);
    let many = vec![r#"{"email": "a@b.de"}"#; 1_001].join(",");
    for (caller, body, field, code) in [
        ("operator-ada", r#"{"entries": []}"#.to_owned(), "list", "missing"),
        ("operator-ada", r#"{"list": "own", "entries": []}"#.to_owned(), "list", "not_in_enum"),
        ("buyer-north", r#"{"list": "revoked", "entries": []}"#.to_owned(), "list", "not_in_enum"),
        ("operator-ada", r#"{"list": "revoked"}"#.to_owned(), "entries", "missing"),
        ("operator-ada", one(&many), "entries", "out_of_range"),
        ("operator-ada", one("{}"), "entries.0", "wrong_type"),
        ("operator-ada", one(r#"{"phone": "1", "email": "2"}"#), "entries.0", "wrong_type"),
        ("operator-ada", one(r#"{"phone_sha256": "0A"}"#), "entries.0.phone_sha256", "malformed"),
        ("operator-ada", one(r#"{"phone": ""}"#), "entries.0.phone", "empty"),
    ] {
        let reply = add(MadeUp::default(), caller, &body).await;
        let (found, shown) = (reply.errors(), body.get(..60).unwrap_or(&body));
        assert_eq!(reply.status, 422, "{shown}");
        assert_eq!(found.first(), Some(&(field.to_owned(), code.to_owned())), "{shown}");
    }
    let good = one(r#"{"phone": "+493077"}"#);
    for (error, field, code) in [
        (SuppressError::Entries(vec![0]), "entries.0", "malformed"),
        (SuppressError::TooMany { left: 3 }, "entries", "out_of_range"),
    ] {
        let backend = MadeUp::failing(Fails { suppress: Some(error), ..Fails::default() });
        let reply = add(backend, "operator-ada", &good).await;
        assert_eq!((reply.status, reply.errors()), (422, vec![(field.to_owned(), code.to_owned())]));
        assert!(!reply.body.contains("+493077"), "what is personal is not repeated");
    }
    let silent = || MadeUp::failing(Fails { silent: true, ..Fails::default() });
    assert_eq!(add(silent(), "operator-ada", &good).await.status, 503);
    assert_eq!(ask(silent(), "operator-ada", "GET /v1/suppressions", "").await.status, 503);
}
