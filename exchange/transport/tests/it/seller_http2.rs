//! The seller server over HTTP/2: many requests at a time, and clients that misuse that.

use std::cell::Cell;
use std::rc::Rc;

use bytes::Bytes;
use exchange_transport::{Answer, Responder, SellerRequest, ServerLimits};
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, SendStream};
use http::{Method, Request, StatusCode};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_local};

use crate::authority::Authority;
use crate::peer::{SHORT, run};
use crate::server::{Server, TestHandler, TlsClient, start_tls, tls_of};

/// A client that holds every frame in its own hand.
struct Client {
    sender: SendRequest<Bytes>,
    /// Ends with the connection.
    connection: JoinHandle<Result<(), h2::Error>>,
}

async fn open(server: &Server, authority: &Authority, window: u32) -> Client {
    let stream = TlsClient::of(authority).connect(server).await.expect("a connection");
    let handshake = h2::client::Builder::new().initial_window_size(window).handshake(stream).await;
    let (sender, connection) = handshake.expect("HTTP/2");
    Client { sender, connection: spawn_local(connection) }
}

const WINDOW: u32 = 65_535;

impl Client {
    async fn begin(
        &mut self,
        method: Method,
        ended: bool,
    ) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
        let mut sender = self.sender.clone().ready().await?;
        let request = Request::builder().method(method).uri("https://127.0.0.1/v1/leads");
        sender.send_request(request.body(()).expect("a request"), ended)
    }

    /// Posts a body and returns the status and the body of the answer.
    async fn post(&mut self, body: &[u8]) -> Result<(u16, Bytes), h2::Error> {
        let (answer, mut stream) = self.begin(Method::POST, false).await?;
        stream.send_data(Bytes::copy_from_slice(body), true)?;
        read(answer).await
    }
}

async fn read(answer: ResponseFuture) -> Result<(u16, Bytes), h2::Error> {
    let answer = answer.await?;
    let status = answer.status().as_u16();
    let mut incoming = answer.into_body();
    let mut body = Vec::new();
    while let Some(data) = incoming.data().await {
        let data = data?;
        incoming.flow_control().release_capacity(data.len())?;
        body.extend_from_slice(&data);
    }
    Ok((status, body.into()))
}

fn limits() -> ServerLimits {
    ServerLimits { body_bytes_max: 64, ..ServerLimits::default() }
}

type Taken = mpsc::Receiver<(SellerRequest, Responder)>;

/// Starts a server that hands requests to the test.
async fn start(limits: ServerLimits, connections_max: u32, authority: &Authority) -> (Server, Taken) {
    let (tx, rx) = mpsc::channel(1_000);
    (start_tls(TestHandler(Some(tx)), limits, connections_max, &tls_of(authority)).await, rx)
}

fn answered(body: &str) -> Answer {
    Answer::new(StatusCode::OK).with_body("text/plain", body.to_owned())
}

#[test]
fn a_hundred_requests_are_open_at_a_time_and_answered_in_any_order() {
    run(async {
        let authority = Authority::new();
        let (server, mut taken) = start(limits(), 1_000, &authority).await;
        let mut client = open(&server, &authority, WINDOW).await;
        let mut waiting = Vec::new();
        for number in 0..100 {
            let (answer, mut stream) = client.begin(Method::POST, false).await.expect("a stream");
            stream.send_data(format!("{number}").into(), true).expect("a stream");
            waiting.push(answer);
        }
        let mut requests = Vec::new();
        while requests.len() < 100 {
            requests.push(taken.recv().await.expect("a request"));
        }
        // The hundred and first waits until one of them has its answer.
        let (last, _) = client.begin(Method::GET, true).await.expect("a stream");
        for (request, responder) in requests.into_iter().rev() {
            assert_eq!(request.uri.path(), "/v1/leads");
            let body = String::from_utf8(request.body.to_vec()).expect("text");
            responder.send(answered(&body)).expect("a client");
        }
        for (number, answer) in waiting.into_iter().enumerate() {
            let (status, body) = read(answer).await.expect("an answer");
            assert_eq!((status, &*body), (200, number.to_string().as_bytes()));
        }
        let (_, responder) = taken.recv().await.expect("the last one");
        responder.send(answered("last")).expect("a client");
        assert_eq!(read(last).await.expect("an answer"), (200, Bytes::from("last")));
    });
}

#[test]
fn limits_hold_for_each_request_and_the_connection_goes_on() {
    run(async {
        let authority = Authority::new();
        let slow = ServerLimits { request_wait_max: SHORT, header_bytes_max: 1_024, ..limits() };
        let server = start_tls(TestHandler(None), slow, 10, &tls_of(&authority)).await;
        let mut client = open(&server, &authority, WINDOW).await;
        assert_eq!(client.post(&[b'x'; 64]).await.expect("an answer").0, 200);
        assert_eq!(client.post(&[b'x'; 65]).await.expect("an answer").0, 413);
        assert_eq!(client.post(&b"x".repeat(60_000)).await.expect("an answer").0, 413);
        // A body that does not end.
        let (answer, mut stream) = client.begin(Method::POST, false).await.expect("a stream");
        stream.send_data("x".into(), false).expect("a stream");
        assert_eq!(read(answer).await.expect("an answer").0, 408);
        // A header beyond the limit.
        let mut sender = client.sender.clone().ready().await.expect("open");
        let large = Request::get("https://127.0.0.1/").header("x", "x".repeat(1_100)).body(());
        let (answer, _) = sender.send_request(large.expect("a request"), true).expect("a stream");
        assert_eq!(read(answer).await.expect("an answer").0, 431);
        assert_eq!(client.post(b"ok").await.expect("an answer"), (200, Bytes::from("ok")));
        // Another limit holds from the next request on.
        server.limits.send_replace(ServerLimits { body_bytes_max: 65, ..slow });
        while client.post(&[b'x'; 65]).await.expect("an answer").0 != 200 {}
        assert_eq!(client.post(&[b'x'; 66]).await.expect("an answer").0, 413);
    });
}

#[test]
fn requests_beyond_the_first_count_as_connections() {
    run(async {
        let authority = Authority::new();
        // One place is the connection's, and one is kept for the next connection to come.
        let (server, mut taken) = start(limits(), 4, &authority).await;
        let mut client = open(&server, &authority, WINDOW).await;
        let mut waiting = Vec::new();
        let mut requests = Vec::new();
        for _ in 0..3 {
            waiting.push(client.begin(Method::GET, true).await.expect("a stream").0);
            requests.push(taken.recv().await.expect("a request"));
        }
        assert_eq!(client.post(b"x").await.expect("an answer").0, 503);
        for ((_, responder), answer) in requests.into_iter().zip(waiting) {
            responder.send(answered("ok")).expect("a client");
            assert_eq!(read(answer).await.expect("an answer").0, 200);
        }
        let (answer, _) = client.begin(Method::GET, true).await.expect("a stream");
        taken.recv().await.expect("a request").1.send(answered("ok")).expect("a client");
        assert_eq!(read(answer).await.expect("an answer").0, 200);
    });
}

#[test]
fn a_stop_lets_answers_go_out_and_takes_no_more() {
    run(async {
        let authority = Authority::new();
        let (server, mut taken) = start(limits(), 10, &authority).await;
        let mut client = open(&server, &authority, WINDOW).await;
        let (answer, _) = client.begin(Method::GET, true).await.expect("a stream");
        let (_, responder) = taken.recv().await.expect("a request");
        server.shutdown.send_replace(true);
        responder.send(answered("ok")).expect("a client");
        assert_eq!(read(answer).await.expect("an answer"), (200, Bytes::from("ok")));
        let Client { sender, connection } = client;
        connection.await.expect("it is driven").expect("it ends in good order");
        assert!(sender.ready().await.is_err(), "the connection takes no more");
        assert_eq!(server.running.await.expect("the server ends"), 0);
    });
}

#[test]
fn a_connection_without_requests_is_closed() {
    run(async {
        let authority = Authority::new();
        let impatient = ServerLimits { idle_max: SHORT, ..limits() };
        let (server, mut taken) = start(impatient, 10, &authority).await;
        let idle = open(&server, &authority, WINDOW).await;
        idle.connection.await.expect("it is driven").expect("it ends in good order");
        // An answer that is waited for longer than that keeps its connection.
        let mut busy = open(&server, &authority, WINDOW).await;
        let (answer, _) = busy.begin(Method::GET, true).await.expect("a stream");
        let (_, responder) = taken.recv().await.expect("a request");
        tokio::time::sleep(SHORT * 2).await;
        responder.send(answered("ok")).expect("a client");
        assert_eq!(read(answer).await.expect("an answer").0, 200);
        busy.connection.await.expect("it is driven").expect("it ends in good order");
        // A client that does not read its answer does not keep its own.
        let mut deaf = open(&server, &authority, 0).await;
        let (answer, _) = deaf.begin(Method::GET, true).await.expect("a stream");
        taken.recv().await.expect("a request").1.send(answered("unread")).expect("a client");
        assert!(read(answer).await.is_err(), "the connection is cut");
    });
}

#[test]
fn a_connection_that_is_open_is_kept_as_long_as_the_limits_in_force_say() {
    run(async {
        let authority = Authority::new();
        let impatient = ServerLimits { idle_max: SHORT, ..limits() };
        let (server, mut taken) = start(impatient, 10, &authority).await;
        let mut client = open(&server, &authority, WINDOW).await;
        let (answer, _) = client.begin(Method::GET, true).await.expect("a stream");
        let (_, responder) = taken.recv().await.expect("a request");
        server.limits.send(limits()).expect("a server that listens");
        responder.send(answered("ok")).expect("a client");
        assert_eq!(read(answer).await.expect("an answer").0, 200);
        tokio::time::sleep(SHORT * 3).await;
        assert!(!client.connection.is_finished(), "it is kept for a minute by now");
    });
}

#[test]
fn a_flood_of_resets_ends_its_connection() {
    run(async {
        let authority = Authority::new();
        let (server, mut taken) = start(limits(), 1_000, &authority).await;
        let handled = Rc::new(Cell::new(0_u32));
        let counting = Rc::clone(&handled);
        spawn_local(async move {
            // Nobody is ever answered.
            let mut kept = Vec::new();
            while let Some(request) = taken.recv().await {
                counting.set(counting.get() + 1);
                kept.push(request);
            }
        });
        let mut client = open(&server, &authority, WINDOW).await;
        let mut begun = 0_u32;
        while let Ok((answer, mut stream)) = client.begin(Method::GET, true).await {
            begun += 1;
            assert!(begun < 50_000, "the flood goes on");
            stream.send_reset(Reason::CANCEL);
            drop(answer);
            if begun.is_multiple_of(10) {
                // So that frames leave, and the server reads some before their reset.
                tokio::task::yield_now().await;
            }
        }
        assert!(handled.get() <= 300, "{} requests of a flood were taken", handled.get());
        // Another client is served.
        let mut client = open(&server, &authority, WINDOW).await;
        let before = handled.get();
        let (_answer, _) = client.begin(Method::GET, true).await.expect("a stream");
        while handled.get() == before {
            tokio::task::yield_now().await;
        }
    });
}
