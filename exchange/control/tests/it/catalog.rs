//! What the catalog in force holds, and putting another in its place.

use std::sync::Arc;

use serde_json::json;

use crate::client::{Reply, send, send_as_is, start};
use crate::made_up::MadeUp;

const PUT: &str =
    "PUT /v1/catalog HTTP/1.1\nAuthorization: Bearer operator-ada\nContent-Type: application/json";

async fn put(body: &str) -> Reply {
    let running = start(MadeUp::default()).await;
    send(running.address, PUT, body).await
}

#[tokio::test]
async fn the_catalog_in_force_is_counted() {
    let running = start(MadeUp::default()).await;
    let reply =
        send(running.address, "GET /v1/catalog HTTP/1.1\nAuthorization: Bearer operator-ada", "").await;
    let expected = json!({"version": 7, "verticals": 1, "sellers": 1, "buyers": 2, "campaigns": 3});
    assert_eq!((reply.status, reply.json()), (200, expected));
}

#[tokio::test]
async fn a_good_catalog_is_taken_with_its_warnings() {
    let backend = MadeUp::default();
    let taken = Arc::clone(&backend.put);
    let running = start(backend).await;
    let body = json!({"files": [{"name": "a.toml", "text": "one"}, {"name": "b.toml", "text": "two"}]});
    let reply = send(running.address, PUT, &body.to_string()).await;
    let message = r#"campaigns.north.vertical: unknown vertical "solr"; did you mean "solar"?"#;
    let warning = json!({"field": "bad.toml:1:5", "code": "warning", "message": message});
    assert_eq!((reply.status, reply.json()), (200, json!({"version": 8, "warnings": [warning]})));
    let taken: Vec<String> = taken.lock().expect("no panic").iter().map(|file| file.name.clone()).collect();
    assert_eq!(taken, ["a.toml", "b.toml"]);
}

#[tokio::test]
async fn a_bad_catalog_is_refused_with_every_mistake() {
    let reply = put(r#"{"files": [{"name": "bad.toml", "text": ""}]}"#).await;
    let message = r#"campaigns.north.vertical: unknown vertical "solr"; did you mean "solar"?"#;
    let expected = json!({
        "type": "/problems/catalog_refused",
        "title": "The catalog has mistakes and was refused whole",
        "status": 422,
        "detail": "1 mistake; the catalog in force stays",
        "errors": [
            {"field": "bad.toml:1:5", "code": "warning", "message": message},
            {"field": "bad.toml:2:5", "code": "error", "message": message},
        ],
    });
    assert_eq!((reply.status, reply.json()), (422, expected));
}

#[tokio::test]
async fn a_catalog_that_cannot_be_stored_changes_nothing() {
    let reply = put(r#"{"files": [{"name": "full.toml", "text": ""}]}"#).await;
    assert_eq!(reply.status, 500);
    assert_eq!(reply.json()["detail"], "the catalog in force stays: the new one cannot be stored");
}

#[tokio::test]
async fn bodies_of_another_shape_are_refused() {
    let cases = [
        ("", 400, "EOF while parsing a value at line 1 column 0"),
        ("{", 400, "EOF while parsing an object at line 1 column 1"),
        (r#"{"files": []} x"#, 400, "trailing characters at line 1 column 15"),
        (r#"{"files": [], "files": []}"#, 400, "duplicate field `files` at line 1 column 21"),
        ("{}", 422, "missing field `files` at line 1 column 2"),
        (
            r#"{"files": [], "force": true}"#,
            422,
            "unknown field `force`, expected `files` at line 1 column 21",
        ),
        (
            r#"{"files": [{"name": "a", "text": "", "mode": 1}]}"#,
            422,
            "unknown field `mode`, expected `name` or `text` at line 1 column 43",
        ),
        (
            r#"{"files": [{"name": "a", "text": 1}]}"#,
            422,
            "invalid type: integer `1`, expected a string at line 1 column 34",
        ),
    ];
    for (body, status, detail) in cases {
        let reply = put(body).await;
        assert_eq!((reply.status, reply.json()["detail"].as_str()), (status, Some(detail)), "{body}");
    }
}

#[tokio::test]
async fn bodies_that_are_no_plain_json_are_refused() {
    let running = start(MadeUp::default()).await;
    let cases = [
        "Content-Type: application/toml",
        "Content-Type: application/json-seq",
        "X-None: 1",
        "Content-Type: application/json\nContent-Encoding: gzip",
    ];
    for headers in cases {
        let head = format!("PUT /v1/catalog HTTP/1.1\nAuthorization: Bearer operator-ada\n{headers}");
        let reply = send(running.address, &head, r#"{"files": []}"#).await;
        assert_eq!(reply.status, 415, "{headers}");
    }
    let head = PUT.replace("application/json", "application/json; charset=utf-8");
    assert_eq!(send(running.address, &head, r#"{"files": []}"#).await.status, 200);
}

#[tokio::test]
async fn bodies_up_to_the_limit_are_read_and_longer_ones_refused() {
    let around = r#"{"files":[{"name":"a","text":""}]}"#.len();
    let bytes_max = exchange_control::limits::CATALOG_BYTES_MAX;
    let text = "a".repeat(bytes_max - around);
    let reply = put(&format!(r#"{{"files":[{{"name":"a","text":"{text}"}}]}}"#)).await;
    assert_eq!(reply.status, 200);

    let running = start(MadeUp::default()).await;
    let announced = format!("{PUT}\nContent-Length: {}", bytes_max + 1);
    assert_eq!(send_as_is(running.address, &announced, "").await.status, 413, "before a byte of it is read");
    let chunk = format!("{:x}\r\n{}", bytes_max + 1, " ".repeat(bytes_max + 1));
    let chunked = format!("{PUT}\nTransfer-Encoding: chunked");
    assert_eq!(send_as_is(running.address, &chunked, &chunk).await.status, 413);
}
