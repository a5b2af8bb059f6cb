//! The seller server, spoken to byte by byte.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use exchange_transport::{Acceptor, Answer, ServerLimits, shard_inlet};
use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_local;
use tokio::time::timeout;

use crate::peer::{SHORT, run};
use crate::server::{TestHandler, start};

fn limits() -> ServerLimits {
    ServerLimits { body_bytes_max: 64, ..ServerLimits::default() }
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.expect("a close without a reset");
    String::from_utf8(bytes).expect("text")
}

/// Reads until the answer ends with this.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end.as_bytes()) {
        assert_ne!(
            stream.read_buf(&mut bytes).await.expect("an answer"),
            0,
            "{}",
            String::from_utf8_lossy(&bytes)
        );
    }
    String::from_utf8(bytes).expect("text")
}

/// Sends bytes and compares the status lines of all answers until the server closes.
fn check(limits: ServerLimits, sent: &str, expected: &[&str]) {
    let sent = sent.to_owned();
    let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
    run(async move {
        let server = start(TestHandler(None), limits, 10).await;
        let mut stream = server.connect().await;
        stream.write_all(sent.as_bytes()).await.expect("the server reads");
        let text = read_to_end(&mut stream).await;
        let answers = text.split("HTTP/1.1 ").skip(1);
        let statuses: Vec<&str> = answers.filter_map(|answer| answer.lines().next()).collect();
        assert_eq!(statuses, expected, "{text}");
    });
}

const CLOSE: &str = "POST /v1/leads HTTP/1.1\r\nhost: a\r\nconnection: close\r\n";

#[test]
fn requests_are_answered_in_order() {
    check(limits(), &format!("{CLOSE}content-length: 2\r\n\r\nok"), &["200 OK"]);
    let chunked =
        "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n";
    check(limits(), chunked, &["200 OK"]);
    let first = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx";
    check(limits(), &format!("{first}{first}{CLOSE}\r\n"), &["200 OK", "200 OK", "200 OK"]);
}

#[test]
fn limits_hold_at_their_edge_and_one_past_it() {
    let body = |length: usize| format!("{CLOSE}content-length: {length}\r\n\r\n{}", "x".repeat(length));
    check(limits(), &body(64), &["200 OK"]);
    check(limits(), &body(65), &["413 Payload Too Large"]);
    check(limits(), &body(100_000), &["413 Payload Too Large"]);
    let chunk = format!("{:x}\r\n{}\r\n", 32, "x".repeat(32));
    let chunked = format!("{CLOSE}transfer-encoding: chunked\r\n\r\n{chunk}{chunk}");
    check(limits(), &format!("{chunked}0\r\n\r\n"), &["200 OK"]);
    check(limits(), &format!("{chunked}1\r\nx\r\n0\r\n\r\n"), &["413 Payload Too Large"]);
    let header = |length: usize| {
        let fixed = format!("{CLOSE}x: \r\n\r\n").len();
        format!("{CLOSE}x: {}\r\n\r\n", "x".repeat(length - fixed))
    };
    let small = ServerLimits { header_bytes_max: 1_024, ..limits() };
    check(small, &header(1_024), &["200 OK"]);
    check(small, &header(1_025), &["431 Request Header Fields Too Large"]);
}

#[test]
fn ambiguous_and_broken_requests_are_refused() {
    let bad = &["400 Bad Request"];
    let post = "POST / HTTP/1.1\r\nhost: a\r\n";
    let smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";
    check(limits(), &format!("{post}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n{smuggled}"), bad);
    check(limits(), &format!("{post}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n{smuggled}"), bad);
    check(limits(), &format!("{post}content-length: 1\r\ncontent-length: 2\r\n\r\nab"), bad);
    check(limits(), &format!("{post}content-length: -1\r\n\r\n"), bad);
    check(limits(), &format!("{post}transfer-encoding: gzip\r\n\r\n"), bad);
    check(limits(), &format!("{post}transfer-encoding: chunked\r\n\r\nzz\r\n"), bad);
    check(limits(), "POST / HTTP/1.1\r\nho st: a\r\n\r\n", bad);
    check(limits(), "nonsense\r\n\r\n", bad);
}

#[test]
fn slow_requests_are_answered_408() {
    let slow = ServerLimits { header_wait_max: SHORT, request_wait_max: SHORT, ..limits() };
    check(slow, "POST / HTTP/1.1\r\nhost:", &["408 Request Timeout"]);
    check(slow, "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nx", &["408 Request Timeout"]);
}

#[test]
fn an_idle_connection_is_closed() {
    let impatient = ServerLimits { idle_max: SHORT, ..limits() };
    check(impatient, "", &[]);
    check(impatient, "POST / HTTP/1.1\r\nhost: a\r\n\r\n", &["200 OK"]);
}

#[test]
fn a_dropped_responder_and_an_answer_that_never_comes_end_the_request() {
    run(async {
        let (tx, mut rx) = mpsc::channel(4);
        let limits = ServerLimits { request_wait_max: Duration::ZERO, answer_wait_max: SHORT, ..limits() };
        let server = start(TestHandler(Some(tx)), limits, 10).await;
        let request = format!("{CLOSE}\r\n");
        let mut stream = server.connect().await;
        stream.write_all(request.as_bytes()).await.expect("the server reads");
        drop(rx.recv().await.expect("a request"));
        assert!(read_to_end(&mut stream).await.starts_with("HTTP/1.1 500 "));
        let mut stream = server.connect().await;
        stream.write_all(request.as_bytes()).await.expect("the server reads");
        let held = rx.recv().await.expect("a request");
        assert_eq!(read_to_end(&mut stream).await, "");
        assert!(held.1.is_closed());
    });
}

#[test]
fn a_client_that_hangs_up_stops_nothing() {
    run(async {
        let (tx, mut rx) = mpsc::channel(1);
        let server = start(TestHandler(Some(tx)), limits(), 1).await;
        let mut stream = server.connect().await;
        stream.write_all(format!("{CLOSE}\r\n").as_bytes()).await.expect("the server reads");
        let (request, responder) = rx.recv().await.expect("a request");
        assert_eq!(request.header("connection"), Some("close"));
        drop(stream);
        // Whoever closes its side may still read, so the place is free again when the answer is there.
        let mut next = server.connect().await;
        next.write_all(format!("{CLOSE}\r\n").as_bytes()).await.expect("the server reads");
        drop(responder.send(Answer::new(StatusCode::OK)));
        let (_, next_responder) = rx.recv().await.expect("a request");
        next_responder.send(Answer::new(StatusCode::NO_CONTENT)).expect("a client that waits");
        assert!(read_to_end(&mut next).await.starts_with("HTTP/1.1 204 "));
    });
}

#[test]
fn a_request_counts_though_its_client_closes_its_side_right_behind_it() {
    run(async {
        let (tx, mut rx) = mpsc::channel(1);
        let server = start(TestHandler(Some(tx)), limits(), 10).await;
        let mut stream = server.connect().await;
        stream.write_all(b"POST / HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("the server reads");
        stream.shutdown().await.expect("half closed");
        let (_, responder) = rx.recv().await.expect("a request");
        responder.send(Answer::new(StatusCode::OK)).expect("a client that waits");
        assert!(read_to_end(&mut stream).await.starts_with("HTTP/1.1 200 "));
    });
}

#[test]
fn a_shutdown_finishes_what_is_under_way() {
    run(async {
        let (tx, mut rx) = mpsc::channel(1);
        let server = start(TestHandler(Some(tx)), limits(), 10).await;
        let mut idle = server.connect().await;
        let mut busy = server.connect().await;
        busy.write_all(b"POST / HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("the server reads");
        let (_, responder) = rx.recv().await.expect("a request");
        server.shutdown.send(true).expect("a server that listens");
        assert_eq!(read_to_end(&mut idle).await, "");
        responder.send(Answer::new(StatusCode::OK)).expect("a client that waits");
        let text = read_to_end(&mut busy).await;
        assert!(text.starts_with("HTTP/1.1 200 ") && text.contains("connection: close"), "{text}");
        assert_eq!(server.running.await.expect("no panic"), 0, "nothing was cut");
    });
}

#[test]
fn what_outlasts_the_drain_is_cut() {
    run(async {
        let (tx, mut rx) = mpsc::channel(1);
        let server =
            start(TestHandler(Some(tx)), ServerLimits { drain_wait_max: SHORT, ..limits() }, 10).await;
        let mut stream = server.connect().await;
        stream.write_all(b"POST / HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("the server reads");
        let _held = rx.recv().await.expect("a request");
        server.shutdown.send(true).expect("a server that listens");
        assert_eq!(server.running.await.expect("no panic"), 1);
    });
}

#[test]
fn connections_go_to_the_shard_with_the_fewest() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener");
        let (_shutdown, stopped) = watch::channel(false);
        let (inlets, mut outlets): (Vec<_>, Vec<_>) = (0..3).map(|_| shard_inlet(4)).unzip();
        let (_connections_max, places) = watch::channel(100);
        spawn_local(Acceptor::new(listener, inlets.clone(), places).run(stopped));
        let kept = Rc::new(RefCell::new(Vec::new()));
        for _ in 0..2 {
            for outlet in &mut outlets {
                let stream = TcpStream::connect(address).await.expect("a connection");
                let accepted = outlet.next().await.expect("a connection for each in turn");
                kept.borrow_mut().push((stream, accepted));
            }
        }
        let counts = || inlets.iter().map(exchange_transport::ShardInlet::connections).collect::<Vec<_>>();
        assert_eq!(counts(), [2, 2, 2]);
        kept.borrow_mut().truncate(3);
        assert_eq!(counts(), [1, 1, 1]);
    });
}

#[test]
fn the_number_of_connections_changes_while_they_are_open() {
    run(async {
        let (tx, mut taken) = mpsc::channel(8);
        let server = start(TestHandler(Some(tx)), limits(), 1).await;
        let mut connections = Vec::new();
        for _ in 0..3 {
            let mut stream = server.connect().await;
            stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("the system takes it");
            connections.push(stream);
        }
        let mut requests = vec![taken.recv().await.expect("the first has a place")];
        assert!(timeout(SHORT, taken.recv()).await.is_err(), "the others wait");
        server.connections_max.send_replace(3);
        for _ in 0..2 {
            requests.push(taken.recv().await.expect("there are places"));
        }
        // Two places less: who has one keeps it, and the next comes in when only one is left.
        server.connections_max.send_replace(1);
        for (_, responder) in requests {
            responder.send(Answer::new(StatusCode::OK)).expect("a client");
        }
        let mut next = server.connect().await;
        next.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("the system takes it");
        for _ in 0..2 {
            connections.pop();
            assert!(timeout(SHORT, taken.recv()).await.is_err(), "there is no place yet");
        }
        connections.pop();
        taken.recv().await.expect("there is a place");
    });
}

#[test]
fn keep_alive_serves_one_request_after_another() {
    run(async {
        let server = start(TestHandler(None), limits(), 1).await;
        let mut stream = server.connect().await;
        for body in ["a1", "b2", "c3"] {
            let request = format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{body}");
            stream.write_all(request.as_bytes()).await.expect("the server reads");
            assert!(read_until(&mut stream, body).await.contains("content-type: text/plain"));
        }
    });
}
