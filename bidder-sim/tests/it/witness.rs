//! The log says what happened.

use serde_json::Value;

use crate::buyer_client::{exchange, ping, post, start};

/// Serves a profile with a log, lets `act` call it, and returns the log's lines.
fn log_of(profile: &str, act: impl FnOnce(std::net::SocketAddr)) -> Vec<Value> {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("buyers.jsonl");
    let buyers = start(profile, Some(log.clone()));
    act(buyers.addresses().listening);
    buyers.stop().expect("the log is written");
    let log = std::fs::read_to_string(log).expect("the log");
    log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[track_caller]
fn check(line: Option<&Value>, expected: &[(&str, Value)]) {
    let line = line.expect("a line");
    for (pointer, value) in expected {
        assert_eq!(line.pointer(pointer), Some(value), "{pointer} in {line}");
    }
}

#[test]
fn a_post_that_is_reset_is_on_record_as_taken() {
    let profile = "[[buyer]]\nname = \"a\"\npost = [{ fault = \"reset_after_accept\" }]";
    let other = post("k", r#"{"zip":"2"}"#);
    let lines = log_of(profile, |address| {
        exchange(address, "/a/post", Some("k"), &post("k", "{}")).expect_err("reset");
        exchange(address, "/a/post", Some("k"), &post("k", "{}")).expect("a repeat is answered");
        exchange(address, "/a/post", Some("k"), &other).expect("a repeat is answered");
    });
    let post = |repeat: bool, differs: bool| {
        [
            ("/kind", "post".into()),
            ("/buyer", "a".into()),
            ("/post_id", "k".into()),
            ("/sale_id", "sale_1".into()),
            ("/price", "20.00".into()),
            ("/outcome", "accepted".into()),
            ("/taken", true.into()),
            ("/repeat", repeat.into()),
            ("/differs", differs.into()),
        ]
    };
    assert_eq!(lines.len(), 3);
    check(lines.first(), &post(false, false));
    check(lines.first(), &[("/answer/fault", "reset".into())]);
    check(lines.get(1), &post(true, false));
    check(lines.get(2), &post(true, true));
    check(lines.get(2), &[("/body", other.into())]);
}

#[test]
fn pings_are_on_record_with_body_and_answer() {
    let profile = "[[buyer]]\nname = \"a\"\nprice = { fixed = \"31.50\" }\n\
                   [[buyer]]\nname = \"b\"\nbid_probability = \"0%\"\n[[buyer]]\nname = \"c\"\nping = [{ fault = \"nan\" }]";
    let message = ping("p", r#"{"zip":"80"}"#);
    let lines = log_of(profile, |address| {
        for buyer in ["a", "b", "c"] {
            exchange(address, &format!("/{buyer}/ping"), None, &message).expect("an answer");
        }
        exchange(address, "/a/ping", None, "{").expect("an answer");
    });
    let ping = |outcome: &str| {
        [
            ("/kind", "ping".into()),
            ("/ping_id", "p".into()),
            ("/campaign_id", "c".into()),
            ("/body", message.clone().into()),
            ("/signature", "unchecked".into()),
            ("/outcome", outcome.into()),
        ]
    };
    check(lines.first(), &ping("bid"));
    check(lines.first(), &[("/bid", "31.50".into()), ("/answer/body", r#"{"bid":"31.50"}"#.into())]);
    check(lines.get(1), &ping("no_bid"));
    check(lines.get(1), &[("/answer/status", 204.into())]);
    check(lines.get(2), &ping("fault"));
    check(lines.get(2), &[("/answer/fault", "nan".into())]);
    check(lines.get(3), &[("/kind", "malformed".into()), ("/body", "{".into())]);
    assert!(lines.iter().all(|line| line.get("at_us").and_then(Value::as_u64).is_some()));
}

#[test]
fn bodies_can_be_left_out() {
    let lines = log_of("log_bodies = false\n[[buyer]]\nname = \"a\"", |address| {
        exchange(address, "/a/ping", None, &ping("p", "{}")).expect("an answer");
        exchange(address, "/a/post", Some("k"), &post("k", "{}")).expect("an answer");
    });
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|line| line.get("body").is_none()));
}

#[test]
fn unsigned_messages_are_noted_and_answered() {
    let lines = log_of("[[buyer]]\nname = \"a\"\nsecret = \"whsec_c2VjcmV0\"", |address| {
        exchange(address, "/a/ping", None, &ping("p", "{}")).expect("an answer");
    });
    check(lines.first(), &[("/signature", "missing".into()), ("/outcome", "bid".into())]);
}
