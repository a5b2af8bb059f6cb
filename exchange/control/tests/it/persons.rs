//! The complaint call, and what buyers say of erasures.

use std::sync::Arc;

use exchange_control::PersonError;
use serde_json::json;

use crate::client::{Reply, ask};
use crate::made_up::deals::{FIRST, SECOND};
use crate::made_up::persons::CANARY;
use crate::made_up::{Fails, MadeUp, Seen};

async fn call(backend: MadeUp, way: &str, body: &str) -> Reply {
    ask(backend, "operator-ada", &format!("POST /v1/persons/{way}"), body).await
}

fn lead() -> serde_json::Value {
    json!({
        "lead_id": FIRST.lead().to_string(), "seller": "acme", "vertical": "solar",
        "admitted_at": "2026-11-20T00:00:00.000Z",
        "buyers": [
            {"buyer": "north", "campaign": "coast", "post_id": FIRST.post().to_string(),
             "sale_id": FIRST.sale().to_string(), "status": "accepted"},
            {"buyer": "south", "campaign": "alps", "post_id": SECOND.post().to_string(),
             "sale_id": SECOND.sale().to_string(), "status": "unknown"},
        ],
    })
}

#[tokio::test]
async fn a_person_is_found_exported_and_erased() {
    let body = r#"{"phone": "+49 89 12345678"}"#;
    let reply = call(MadeUp::default(), "find", body).await;
    assert_eq!(reply.json(), json!({"leads": [lead()], "complete": true}));
    let reply = call(MadeUp::default(), "export", body).await;
    assert_eq!(reply.json()["leads"][0]["data"], json!({"fields.email": CANARY}));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    for way in ["find", "export"] {
        let first = call(MadeUp::default(), way, r#"{"phone": "+49", "limit": 1}"#).await.json();
        assert_eq!((&first["complete"], &first["next"]), (&json!(false), &json!("00ff")), "{way}");
        let rest = r#"{"phone": "+49", "limit": 1, "cursor": "00ff"}"#;
        let rest = call(MadeUp::default(), way, rest).await.json();
        assert_eq!((&rest["complete"], rest.get("next")), (&json!(true), None), "{way}");
        let bad = call(MadeUp::default(), way, r#"{"phone": "+49", "limit": 0}"#).await;
        assert_eq!(bad.errors(), [("limit".to_owned(), "out_of_range".to_owned())], "{way}");
    }
    let paged = call(MadeUp::default(), "erase", r#"{"phone": "+49", "limit": 1}"#).await;
    assert_eq!(paged.errors(), [("limit".to_owned(), "unknown_key".to_owned())], "an erasure is whole");
    let backend = MadeUp::default();
    let seen = Arc::clone(&backend.seen);
    let reply = call(backend, "erase", r#"{"email": "ada@example.org", "phone": "+49"}"#).await;
    let body = reply.json();
    assert_eq!((&body["leads"], &body["erased_at"]), (&json!([lead()]), &json!("2026-11-20T00:00:00.000Z")));
    assert!(body["erasure_id"].as_str().is_some_and(|id| id.starts_with("erasure_") && id.len() == 40));
    let expected = [
        Seen::Erase("operator:ada".to_owned()),
        Seen::Person(Some("+49".to_owned()), Some("ada@example.org".to_owned())),
    ];
    assert_eq!(*seen.lock().expect("no panic"), expected);
}

#[tokio::test]
async fn a_person_is_named_in_the_body_and_never_repeated() {
    let long = format!(r#"{{"email": "{}"}}"#, "a".repeat(255));
    let cases = [
        ("{}", vec![("phone", "missing"), ("email", "missing")]),
        (r#"{"phone": 4989}"#, vec![("phone", "wrong_type")]),
        (
            r#"{"phone": "", "mail": "ada.canary@example.org"}"#,
            vec![("phone", "empty"), ("mail", "unknown_key")],
        ),
        (&*long, vec![("email", "too_long")]),
    ];
    for (body, mut expected) in cases {
        for way in ["find", "export", "erase"] {
            let backend = MadeUp::default();
            let seen = Arc::clone(&backend.seen);
            let reply = call(backend, way, body).await;
            let mut found = reply.errors();
            found.sort();
            expected.sort_unstable();
            let expected: Vec<_> =
                expected.iter().map(|(field, code)| ((*field).to_owned(), (*code).to_owned())).collect();
            assert_eq!((reply.status, found), (422, expected), "{body}");
            assert!(!reply.body.contains("canary"), "{}", reply.body);
            assert!(seen.lock().expect("no panic").is_empty());
        }
    }
    for (error, status, field) in [
        (PersonError::Phone, 422, Some("phone")),
        (PersonError::Email, 422, Some("email")),
        (PersonError::Cursor, 422, Some("cursor")),
        (PersonError::Behind, 503, None),
        (PersonError::Unavailable, 503, None),
    ] {
        let backend = MadeUp::failing(Fails { person: Some(error), ..Fails::default() });
        let reply = call(backend, "erase", r#"{"email": "ada.canary@example.org"}"#).await;
        let found = reply.errors().first().map(|(field, _)| field.clone());
        assert_eq!((reply.status, found.as_deref()), (status, field));
        assert!(!reply.body.contains("canary"), "{}", reply.body);
    }
}

#[tokio::test]
async fn a_buyer_is_shown_the_erasures_that_it_has_to_follow() {
    let list = async |bearer: &str| ask(MadeUp::default(), bearer, "GET /v1/erasures", "").await.json();
    let body = list("buyer-south").await;
    let told = json!([{"buyer": "south", "post_id": SECOND.post().to_string(),
        "sale_id": SECOND.sale().to_string()}]);
    assert_eq!(body["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(body["items"][0]["buyers"], told);
    for key in ["lead_id", "seller", "by"] {
        assert_eq!(body["items"][0].get(key), None, "{key}");
    }
    let body = list("operator-ada").await;
    assert_eq!(body["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(body["items"][0]["lead_id"], FIRST.lead().to_string());
    assert_eq!(body["items"][0]["buyers"][0]["acknowledged_at"], "2026-11-20T00:00:01.000Z");
}

#[tokio::test]
async fn a_buyer_acknowledges_by_post_sale_or_lead() {
    let acknowledge = async |backend, bearer: &str, id: &str| {
        ask(backend, bearer, &format!("POST /v1/erasures/{id}/acknowledgements"), "").await
    };
    for id in [FIRST.sale().to_string(), FIRST.post().to_string(), FIRST.lead().to_string()] {
        let reply = acknowledge(MadeUp::default(), "buyer-north", &id).await;
        assert_eq!(reply.json(), json!({"acknowledged_at": "2026-11-20T00:00:00.000Z"}), "{id}");
        let reply = acknowledge(MadeUp::default(), "buyer-south", &id).await;
        assert_eq!(reply.problem(), (404, "not_found".to_owned()), "{id}");
    }
    let repeated = MadeUp::failing(Fails { replayed: true, ..Fails::default() });
    let reply = acknowledge(repeated, "buyer-north", &FIRST.sale().to_string()).await;
    assert_eq!(reply.header("idempotency-replayed"), Some("true"));
    assert_eq!(acknowledge(MadeUp::default(), "buyer-north", "sale_1").await.status, 404);
}
