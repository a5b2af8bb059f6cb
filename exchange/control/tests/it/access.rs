//! Who may ask for what: paths, methods and keys.

use serde_json::json;

use crate::client::{Reply, send, start};
use crate::made_up::MadeUp;

const OPERATOR: &str = "Authorization: Bearer operator-ada";

/// Sends a request and returns status and body.
async fn ask(backend: MadeUp, head: &str) -> Reply {
    let running = start(backend).await;
    send(running.address, head, "").await
}

fn assert_problem(reply: &Reply, status: u16, name: &str) {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{reply:?}");
    assert_eq!(reply.header("cache-control"), Some("no-store"), "{reply:?}");
    assert_eq!(reply.json()["type"], format!("/problems/{name}"), "{reply:?}");
}

#[tokio::test]
async fn health_is_open_to_everybody() {
    let reply = ask(MadeUp::default(), "GET /health/live HTTP/1.1").await;
    assert_eq!((reply.status, &*reply.body), (200, r#"{"status":"live"}"#));
    let reply = ask(MadeUp::default(), "GET /health/ready HTTP/1.1").await;
    assert_eq!((reply.status, &*reply.body), (200, r#"{"status":"ready"}"#));
}

#[tokio::test]
async fn an_exchange_that_takes_no_leads_says_why() {
    let draining = || MadeUp { not_ready: vec!["draining", "journal_full"], ..MadeUp::default() };
    let reply = ask(draining(), "GET /health/ready HTTP/1.1").await;
    assert_problem(&reply, 503, "not_ready");
    assert_eq!(reply.json()["detail"], "draining, journal_full");
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(ask(draining(), "GET /health/live HTTP/1.1").await.status, 200);
}

#[tokio::test]
async fn unknown_paths_are_404_with_and_without_a_key() {
    for path in [
        "/",
        "/v1",
        "/v1/pings",
        "/v1/persons",
        "/v1/sales/a/b",
        "/v1/catalog/",
        "/health",
        "/v1/auctions/a/b",
    ] {
        for key in ["X-None: 1", OPERATOR] {
            let reply = ask(MadeUp::default(), &format!("GET {path} HTTP/1.1\n{key}")).await;
            assert_problem(&reply, 404, "not_found");
        }
    }
}

#[tokio::test]
async fn other_methods_are_405_and_told_which_are_allowed() {
    let cases = [
        ("POST", "/health/live", "GET,HEAD"),
        ("DELETE", "/v1/auctions/auc_1", "GET,HEAD"),
        ("POST", "/v1/catalog", "GET,HEAD,PUT"),
        ("GET", "/v1/keys/reload", "POST"),
    ];
    for (method, path, allowed) in cases {
        let reply = ask(MadeUp::default(), &format!("{method} {path} HTTP/1.1")).await;
        assert_problem(&reply, 405, "method_not_allowed");
        assert_eq!(reply.header("allow"), Some(allowed), "{method} {path}");
    }
}

#[tokio::test]
async fn only_operators_come_in() {
    let paths = ["GET /v1/auctions/auc_1", "GET /v1/catalog", "PUT /v1/catalog", "POST /v1/keys/reload"];
    let keys = [
        ("X-None: 1", 401),
        ("Authorization: operator-ada", 401),
        ("Authorization: Basic operator-ada", 401),
        ("Authorization: Bearer", 401),
        ("Authorization: Bearer nobody", 401),
        ("Authorization: Bearer operator-ada\nAuthorization: Bearer operator-bob", 401),
        ("Authorization: Bearer seller-acme", 403),
        ("Authorization: Bearer buyer-north", 403),
    ];
    for path in paths {
        for (key, status) in keys {
            let reply = ask(MadeUp::default(), &format!("{path} HTTP/1.1\n{key}")).await;
            let name = if status == 401 { "unauthorized" } else { "forbidden" };
            assert_problem(&reply, status, name);
            assert_eq!(reply.header("www-authenticate").is_some(), status == 401);
        }
    }
    let reply = ask(MadeUp::default(), "GET /v1/catalog HTTP/1.1\nauthorization: bearer operator-ada").await;
    assert_eq!(reply.status, 200, "the scheme has no case");
}

#[tokio::test]
async fn keys_are_listed_page_by_page_without_what_opens_anything() {
    let list = async |query: &str| {
        ask(MadeUp::default(), &format!("GET /v1/keys{query} HTTP/1.1\n{OPERATOR}")).await
    };
    let first = json!({"prefix": "px_test_b", "owner": "seller:acme", "mode": "test",
        "created_at": "1970-01-01T00:00:00.000Z"});
    assert_eq!(list("").await.json(), json!({"items": [first], "next": "1"}));
    let second = json!({"prefix": "px_live_a", "owner": "seller:acme", "mode": "live",
        "created_at": "1970-01-01T00:00:00.000Z", "revoked_at": "1970-01-01T00:00:00.001Z"});
    assert_eq!(list("?cursor=1").await.json(), json!({"items": [second]}));
    assert_eq!(list("?cursor=zz").await.status, 422);
}

#[tokio::test]
async fn what_may_change_is_read_again() {
    let head = format!("POST /v1/reload HTTP/1.1\n{OPERATOR}");
    let reply = ask(MadeUp::default(), &head).await;
    assert_eq!((reply.status, &*reply.body), (200, r#"{"changed":["log"],"keys":2,"catalog_version":7}"#));
    let reply = ask(MadeUp { keys_damaged: true, ..MadeUp::default() }, &head).await;
    assert_problem(&reply, 500, "internal");
    assert_eq!(reply.json()["detail"], "what is in force stays: keys.toml: key 3: owner is wrong");
}

#[tokio::test]
async fn keys_are_read_again() {
    let head = format!("POST /v1/keys/reload HTTP/1.1\n{OPERATOR}");
    let reply = ask(MadeUp::default(), &head).await;
    assert_eq!((reply.status, &*reply.body), (200, r#"{"keys":2}"#));
    let reply = ask(MadeUp { keys_damaged: true, ..MadeUp::default() }, &head).await;
    assert_problem(&reply, 500, "internal");
    assert_eq!(reply.json()["detail"], "the keys in force stay: keys.toml: key 3: owner is wrong");
}
