//! Status URLs and webhooks: the small requests beside pings and posts.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use exchange_catalog::snapshot::{Endpoint, HttpVersion};
use exchange_transport::{
    BuyerClient, ClientConfig, EndpointHandle, Failure, Question, Reply, RequestHeaders,
};
use exchange_types::NotSent;
use http::{HeaderValue, Method, Response};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::peer::{LONG, SHORT, client, endpoint, read_request, request, run, scripted, send};

fn status_endpoint(port: u16) -> Endpoint {
    Endpoint { path: "/posts/{post_id}?v=1".into(), ..endpoint(port) }
}

fn question(post_id: &str, patience: Duration) -> Question {
    let headers = RequestHeaders {
        webhook_id: Some(HeaderValue::from_str(post_id).expect("a value of a header")),
        ..RequestHeaders::default()
    };
    Question { headers, post_id: post_id.into(), deadline: Instant::now() + patience, reply_bytes_max: 64 }
}

async fn ask(client: &BuyerClient, handle: &EndpointHandle, question: Question) -> Result<Reply, Failure> {
    let (tx, rx) = oneshot::channel();
    client.ask(handle, question, move |outcome| tx.send(outcome).expect("the test waits"));
    rx.await.expect("`done` is called")
}

#[test]
fn a_question_is_a_get_with_the_posts_id_in_its_place() {
    run(async {
        let port = scripted(|mut stream, _| async move {
            let text = read_request(&mut stream).await;
            assert!(text.starts_with("GET /posts/post_0a?v=1 HTTP/1.1\r\nhost: 127.0.0.1:"), "{text}");
            assert!(text.contains("\r\naccept: application/json\r\n"), "{text}");
            assert!(text.contains("\r\nwebhook-id: post_0a\r\n"), "{text}");
            assert!(!text.contains("content-"), "it has no body: {text}");
            let body = "{\"status\":\"accepted\"}";
            let reply = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(reply.as_bytes()).await.expect("the client reads");
            // The connection serves the next question too.
            assert!(read_request(&mut stream).await.starts_with("GET /posts/post_0b?v=1 "));
            stream.write_all(reply.as_bytes()).await.expect("the client reads");
        })
        .await;
        let client = client();
        let handle = client.endpoint(&status_endpoint(port));
        for id in ["post_0a", "post_0b"] {
            let reply = ask(&client, &handle, question(id, LONG)).await.expect("a reply");
            assert_eq!((reply.status, &*reply.body), (200, &b"{\"status\":\"accepted\"}"[..]));
        }
        assert_eq!(handle.stats().reuses.get(), 1);
    });
}

#[test]
fn a_question_goes_over_http2_too() {
    run(async {
        let port = scripted(|stream, _| async move {
            let mut peer = h2::server::handshake(stream).await.expect("a handshake");
            while let Some(Ok((request, mut respond))) = peer.accept().await {
                assert_eq!((request.method(), request.uri().path()), (&Method::GET, "/posts/post_0a"));
                assert_eq!(request.uri().query(), Some("v=1"));
                assert!(request.body().is_end_stream(), "it has no body");
                let mut body = respond.send_response(Response::new(()), false).expect("a response");
                body.send_data(Bytes::from_static(b"ok"), true).expect("a body");
            }
        })
        .await;
        let client = client();
        let handle = client.endpoint(&Endpoint { version: HttpVersion::Http2, ..status_endpoint(port) });
        let reply = ask(&client, &handle, question("post_0a", LONG)).await.expect("a reply");
        assert_eq!((reply.status, &*reply.body), (200, &b"ok"[..]));
    });
}

/// What comes of a question whose peer answers so, or hangs up.
async fn answered(reply: &'static str, patience: Duration) -> Result<u16, Failure> {
    let port = scripted(move |mut stream, _| async move {
        read_request(&mut stream).await;
        drop(stream.write_all(reply.as_bytes()).await);
        if !reply.is_empty() {
            read_request(&mut stream).await;
        }
    })
    .await;
    let client = client();
    let handle = client.endpoint(&status_endpoint(port));
    ask(&client, &handle, question("post_0a", patience)).await.map(|reply| reply.status)
}

#[test]
fn answers_to_questions_are_read_within_bounds_and_deadlines() {
    run(async {
        let too_large = "HTTP/1.1 200 OK\r\ncontent-length: 65\r\n\r\n";
        assert_eq!(answered(too_large, LONG).await, Err(Failure::ReplyTooLarge { status: Some(200) }));
        let slow = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf";
        assert_eq!(answered(slow, SHORT).await, Err(Failure::Timeout));
        assert_eq!(answered("", LONG).await, Err(Failure::Broken));
        let moved = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(answered(moved, LONG).await, Ok(302), "no redirect is followed");
    });
}

#[test]
fn what_does_not_belong_into_a_path_is_never_sent() {
    run(async {
        let port = scripted(|mut stream, _| async move {
            assert_eq!(read_request(&mut stream).await, "", "nothing is sent");
        })
        .await;
        let client = Rc::new(client());
        let handle = client.endpoint(&status_endpoint(port));
        let never = Err(Failure::NotSent(NotSent::Address));
        for id in ["", "../admin", "a/b", "a?b", "a b", "a\r\nx", "\u{e4}"] {
            let plain = Question { post_id: id.into(), ..question("post_0a", LONG) };
            assert_eq!(ask(&client, &handle, plain).await.map(|reply| reply.status), never, "{id:?}");
        }
        let sent = send(&client, &handle, request(LONG)).await;
        assert_eq!(sent.map(|reply| reply.status), never, "a lead is not posted to a status URL");
        let posts = client.endpoint(&endpoint(port));
        let asked = ask(&client, &posts, question("post_0a", LONG)).await;
        assert_eq!(asked.map(|reply| reply.status), never, "a post's URL is not asked");
    });
}

#[test]
fn questions_and_webhooks_go_through_the_guard() {
    run(async {
        let port = scripted(|mut stream, _| async move {
            assert_eq!(read_request(&mut stream).await, "", "nothing is sent");
        })
        .await;
        // Loopback is not public, and nothing is allowed besides.
        let client = Rc::new(BuyerClient::new(ClientConfig::default()));
        let refused = Err(Failure::NotSent(NotSent::Address));
        let status = client.endpoint(&status_endpoint(port));
        let asked = ask(&client, &status, question("post_0a", LONG)).await;
        assert_eq!(asked.map(|reply| reply.status), refused);
        let webhook = client.endpoint(&endpoint(port));
        let told = send(&client, &webhook, request(LONG)).await;
        assert_eq!(told.map(|reply| reply.status), refused);
    });
}

#[test]
fn a_question_is_asked_again_where_a_kept_connection_had_closed() {
    run(async {
        let port = scripted(|mut stream, number| async move {
            let reply = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
            assert!(read_request(&mut stream).await.starts_with("GET "));
            stream.write_all(reply.as_bytes()).await.expect("the client reads");
            // The first connection takes one more question and closes without an answer.
            let more = read_request(&mut stream).await;
            assert_eq!(more.is_empty(), number > 0);
        })
        .await;
        let client = client();
        let handle = client.endpoint(&status_endpoint(port));
        for id in ["post_0a", "post_0b"] {
            let reply = ask(&client, &handle, question(id, LONG)).await;
            assert_eq!(reply.map(|reply| reply.status), Ok(200), "{id}");
        }
        assert_eq!(handle.stats().retries.get(), 1);
    });
}
