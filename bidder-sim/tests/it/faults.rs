//! What goes wrong does so in the way asked for.

use std::io::{ErrorKind, Read as _};
use std::net::TcpStream;
use std::time::Instant;

use bidder_sim::{DRIP_PAUSE, FLOOD_BYTES};

use crate::buyer_client::{A_MOMENT, PATIENCE, body, exchange, ping, post, send, start};

fn profile(fault: &str) -> String {
    format!("[[buyer]]\nname = \"a\"\nping = [{{ fault = \"{fault}\" }}]\npost = [{{ fault = \"{fault}\" }}]")
}

/// Pings a buyer with a fault and hands the whole answer to `holds`.
#[track_caller]
fn check(fault: &str, holds: impl Fn(&str) -> bool) {
    let buyers = start(&profile(fault), None);
    let answer =
        exchange(buyers.addresses().listening, "/a/ping", None, &ping("p", "{}")).expect("an answer");
    let beginning: String = answer.chars().take(300).collect();
    assert!(holds(&answer), "{fault}: {beginning}");
}

#[test]
fn bodies_are_wrong_as_asked() {
    let good = r#"{"bid":"10.00"}"#;
    check("bad_json", |answer| good.starts_with(body(answer)) && body(answer) != good);
    check("deep_json", |answer| body(answer).contains("[[[[[[[["));
    check("duplicate_keys", |answer| body(answer).matches("\"bid\"").count() == 2);
    check("nan", |answer| body(answer) == r#"{"bid":NaN}"#);
    check("negative", |answer| body(answer) == r#"{"bid":-1}"#);
    check("absurd", |answer| body(answer) == r#"{"bid":100000000.00}"#);
    check("exponent", |answer| body(answer) == r#"{"bid":1e400}"#);
    check("comma", |answer| body(answer) == r#"{"bid":"12,50"}"#);
    check("too_precise", |answer| body(answer) == r#"{"bid":"12.50001"}"#);
    check("wrong_currency", |answer| body(answer).contains("XTS"));
    check("empty", |answer| answer.starts_with("HTTP/1.1 200") && body(answer).is_empty());
    check("not_json", |answer| body(answer).starts_with("<html>"));
    check("redirect", |answer| {
        answer.starts_with("HTTP/1.1 302") && answer.contains("\r\nlocation: http://")
    });
}

#[test]
fn lengths_are_wrong_as_asked() {
    check("truncated", |answer| answer.contains("content-length: 115\r\n") && body(answer).len() == 15);
    check("overrun", |answer| answer.contains("content-length: 7\r\n") && body(answer).len() == 15);
    check("huge_body", |answer| body(answer).len() == FLOOD_BYTES);
}

#[test]
fn silence_lasts() {
    for (fault, head) in [("hang", ""), ("head_only", "HTTP/1.1 200 OK\r\n")] {
        let buyers = start(&profile(fault), None);
        let mut stream =
            send(buyers.addresses().listening, "/a/ping", None, &ping("p", "{}")).expect("a connection");
        stream.set_read_timeout(Some(A_MOMENT)).expect("a time");
        let mut seen = Vec::new();
        let error = stream.read_to_end(&mut seen).expect_err("no end");
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{fault}");
        let seen = String::from_utf8(seen).expect("text");
        assert!(seen.starts_with(head) && seen.is_empty() == head.is_empty(), "{fault}: {seen}");
        assert!(!seen.contains("bid"), "{fault}: {seen}");
    }
}

#[test]
fn slow_bytes_come_one_by_one() {
    let buyers = start(&profile("slow_bytes"), None);
    let began = Instant::now();
    let mut stream =
        send(buyers.addresses().listening, "/a/ping", None, &ping("p", "{}")).expect("a connection");
    let mut two = [0; 2];
    stream.read_exact(&mut two).expect("two bytes");
    assert_eq!(&two, b"HT");
    assert!(began.elapsed() >= DRIP_PAUSE);
}

#[test]
fn a_late_answer_comes_after_the_time_allowed() {
    let buyers = start(&profile("late"), None);
    let began = Instant::now();
    let answer =
        exchange(buyers.addresses().listening, "/a/ping", None, &ping("p", "{}")).expect("an answer");
    assert_eq!(body(&answer), r#"{"bid":"10.00"}"#);
    assert!(began.elapsed().as_millis() >= 80, "{:?}", began.elapsed());
}

#[test]
fn latency_is_kept() {
    let buyers = start("[[buyer]]\nname = \"a\"\nlatency = { fixed = \"40ms\" }", None);
    for (path, message) in [("/a/ping", ping("p", "{}")), ("/a/post", post("k", "{}"))] {
        let began = Instant::now();
        exchange(buyers.addresses().listening, path, Some("k"), &message).expect("an answer");
        assert!(began.elapsed().as_millis() >= 40, "{path}: {:?}", began.elapsed());
    }
}

#[test]
fn a_reset_shows_as_one() {
    let buyers = start(&profile("reset"), None);
    let error = exchange(buyers.addresses().listening, "/a/post", Some("k"), &post("k", "{}"))
        .expect_err("no answer the first time");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let repeat =
        exchange(buyers.addresses().listening, "/a/post", Some("k"), &post("k", "{}")).expect("an answer");
    assert!(body(&repeat).starts_with(r#"{"status":"accepted""#), "{repeat}");
}

#[test]
fn a_fault_repeats_where_asked() {
    let profile = "[[buyer]]\nname = \"a\"\npost = [{ fault = \"reset\", fault_repeats = true }]";
    let buyers = start(profile, None);
    for _ in 0..2 {
        let answer = exchange(buyers.addresses().listening, "/a/post", Some("k"), &post("k", "{}"));
        assert_eq!(answer.expect_err("never an answer").kind(), ErrorKind::ConnectionReset);
    }
}

#[test]
fn own_listeners_fail_before_a_request_is_read() {
    let own = |name: &str, behaviour: &str| {
        format!(
            "[[buyer]]\nname = \"{name}\"\nlistener = {{ behaviour = \"{behaviour}\", address = \"127.0.0.1:0\" }}\n"
        )
    };
    let profile = own("refusing", "refuse")
        + &own("stalling", "stall")
        + &own("resetting", "reset")
        + &own("own", "serve");
    let buyers = start(&profile, None);
    let address = |name: &str| *buyers.addresses().own.get(name).expect("an address");
    let refused = TcpStream::connect(address("refusing")).expect_err("refused");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let mut stalled = send(address("stalling"), "/stalling/ping", None, "{}").expect("a connection");
    stalled.set_read_timeout(Some(A_MOMENT)).expect("a time");
    assert_eq!(stalled.read(&mut [0]).expect_err("nothing").kind(), ErrorKind::WouldBlock);
    let mut reset = TcpStream::connect(address("resetting")).expect("a connection");
    reset.set_read_timeout(Some(PATIENCE)).expect("a time");
    assert_eq!(reset.read(&mut [0]).expect_err("reset").kind(), ErrorKind::ConnectionReset);
    let served = exchange(address("own"), "/own/ping", None, &ping("p", "{}")).expect("an answer");
    assert_eq!(body(&served), r#"{"bid":"10.00"}"#);
}
