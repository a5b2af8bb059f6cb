//! What buyers say about a post after they have answered it.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;

use bidder_sim::{Options, Profile, ReportTarget, RunningSimulator};
use serde_json::Value;

use crate::buyer_client::{PATIENCE, body, exchange, post, start};

fn get(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: b\r\nconnection: close\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn send_post(address: SocketAddr, path: &str, key: &str) -> io::Result<String> {
    exchange(address, path, Some(key), &post(key, "{}"))
}

#[test]
fn the_status_of_a_post_is_what_was_decided() {
    let profile = "[[buyer]]\nname = \"a\"\npost = [{ fault = \"reset\", fault_repeats = true }]\n\
                   [[buyer]]\nname = \"b\"\npost = [{ answer = \"rejected\", status = 500 }]";
    let buyers = start(profile, None);
    let address = buyers.addresses().listening;
    let check = |path: &str, expected: &str| {
        let answer = get(address, path).expect("an answer");
        let answer: Value = serde_json::from_str(body(&answer)).expect("JSON");
        assert_eq!(answer.get("status").and_then(Value::as_str), Some(expected), "{path}");
    };
    check("/a/status/k", "not_received");
    send_post(address, "/a/post", "k").expect_err("reset");
    send_post(address, "/b/post", "k").expect("an answer");
    check("/a/status/k", "accepted");
    check("/b/status/k", "rejected");
    check("/b/status/other", "not_received");
}

#[test]
fn a_status_that_leaves_it_open_is_not_repeated() {
    let check = |rule: &str, first: &str, again: &str| {
        let buyers = start(&format!("[[buyer]]\nname = \"a\"\npost = [{{ {rule} }}]"), None);
        for status in [first, again] {
            let answer = send_post(buyers.addresses().listening, "/a/post", "k").expect("an answer");
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{rule}: {answer}");
        }
    };
    check("answer = \"accepted\", status = 500", "500", "200");
    check("answer = \"accepted\", status = 302", "302", "200");
    check("status = 503", "503", "503");
    check("status = 422", "422", "422");
    check("status = 500, fault_repeats = true", "500", "500");
}

#[test]
fn a_late_answer_is_late_once() {
    let buyers = start("[[buyer]]\nname = \"a\"\npost = [{ fault = \"late\" }]", None);
    let mut took = Vec::new();
    for _ in 0..2 {
        let began = std::time::Instant::now();
        send_post(buyers.addresses().listening, "/a/post", "k").expect("an answer");
        took.push(began.elapsed());
    }
    assert!(took[0].as_millis() >= 80 && took[1] < took[0], "{took:?}");
}

#[test]
fn honest_buyers_make_no_fault() {
    let profile = "[[buyer]]\nname = \"a\"\nping = [{ fault = \"reset\" }]\n\
                   post = [{ fault = \"reset\", fault_repeats = true }]";
    let buyers = start(profile, None);
    let address = buyers.addresses().listening;
    send_post(address, "/a/post", "k").expect_err("reset");
    let answer = exchange(address, "/honest", None, "").expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    for key in ["k", "l"] {
        let answer = send_post(address, "/a/post", key).expect("an answer");
        assert!(body(&answer).starts_with(r#"{"status":"accepted""#), "{answer}");
    }
    let ping = crate::buyer_client::ping("p", "{}");
    exchange(address, "/a/ping", None, &ping).expect("an answer");
}

#[test]
fn a_post_is_in_the_log_before_it_is_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("buyers.jsonl");
    let profile = "person_field = \"phone\"\n[[buyer]]\nname = \"a\"";
    let buyers = start(profile, Some(log.clone()));
    let message = post("k", r#"{"zip":"2","phone":"+491"}"#);
    exchange(buyers.addresses().listening, "/a/post", Some("k"), &message).expect("an answer");
    let written = std::fs::read_to_string(&log).expect("the log");
    let line: Value = serde_json::from_str(&written).expect("one line");
    assert_eq!(line.get("person").and_then(Value::as_str), Some("+491"));
}

/// Answers one request with a status and returns what it was.
fn answer_once(listener: &TcpListener, status: &str) -> String {
    let (mut stream, _) = listener.accept().expect("a report");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time");
    let mut request = String::new();
    let mut bytes = [0; 4_096];
    while !request.contains('}') {
        let count = stream.read(&mut bytes).expect("the request");
        request.push_str(std::str::from_utf8(bytes.get(..count).expect("read")).expect("text"));
    }
    stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes()).expect("answered");
    request
}

#[test]
fn a_report_is_made_until_it_is_taken() {
    let profile = "[[buyer]]\nname = \"a\"\nreport_after = \"10ms\"\npost = [{ fault = \"reset\" }]";
    let exchange = TcpListener::bind("127.0.0.1:0").expect("a port");
    let target = ReportTarget {
        address: exchange.local_addr().expect("bound"),
        keys: [("a".to_owned(), "px_live_a".to_owned())].into(),
    };
    let profile = Profile::parse(Path::new("test.toml"), profile).expect("a good profile");
    let options = Options { listen: "127.0.0.1:0".parse().expect("an address"), tls: None, log: None };
    let buyers = RunningSimulator::start_reporting(profile, options, Some(target)).expect("the buyers start");
    send_post(buyers.addresses().listening, "/a/post", "post_1").expect_err("reset");
    for status in ["503 Busy", "409 Conflict", "200 OK"] {
        let request = answer_once(&exchange, status);
        assert!(request.starts_with("POST /v1/posts/post_1/outcome HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("authorization: Bearer px_live_a\r\n"), "{request}");
        assert!(request.contains(r#"{"status":"accepted""#), "{request}");
    }
}
