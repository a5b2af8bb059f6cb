//! The buyer client over HTTP/2 with prior knowledge.

use std::cell::Cell;
use std::rc::Rc;

use bytes::Bytes;
use exchange_catalog::snapshot::{Endpoint, HttpVersion};
use exchange_transport::Failure;
use exchange_types::NotSent;
use h2::server::{Connection, SendResponse};
use http::Response;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::spawn_local;
use tokio::time::Instant;

use crate::peer::{LONG, SHORT, client, endpoint, request, run, scripted, send};

type Peer = Connection<TcpStream, Bytes>;

fn http2(port: u16) -> Endpoint {
    Endpoint { version: HttpVersion::Http2, ..endpoint(port) }
}

async fn accept(stream: TcpStream, streams_max: u32) -> Peer {
    let mut builder = h2::server::Builder::new();
    builder.max_concurrent_streams(streams_max).handshake(stream).await.expect("a handshake")
}

fn answer(mut respond: SendResponse<Bytes>) {
    let mut body = respond.send_response(Response::new(()), false).expect("a response");
    body.send_data("ok".into(), true).expect("a body");
}

/// Drives a connection to its end and resets what comes meanwhile.
async fn refuse_all(mut peer: Peer) {
    while let Some(Ok((_, mut respond))) = peer.accept().await {
        respond.send_reset(h2::Reason::REFUSED_STREAM);
    }
}

#[test]
fn one_connection_carries_many_requests_within_the_peers_limit() {
    run(async {
        let most = Rc::new(Cell::new(0));
        let seen = Rc::clone(&most);
        let port = scripted(move |stream, number| {
            let most = Rc::clone(&most);
            async move {
                assert_eq!(number, 0, "one connection serves all");
                let mut peer = accept(stream, 3).await;
                let open = Rc::new(Cell::new(0));
                while let Some(Ok((request, respond))) = peer.accept().await {
                    assert_eq!(request.uri().path(), "/ping");
                    assert_eq!(request.uri().scheme_str(), Some("http"));
                    open.set(open.get() + 1);
                    most.set(most.get().max(open.get()));
                    let open = Rc::clone(&open);
                    spawn_local(async move {
                        // Lets the others come first if the client lets them.
                        for _ in 0..10 {
                            tokio::task::yield_now().await;
                        }
                        open.set(open.get() - 1);
                        answer(respond);
                    });
                }
            }
        })
        .await;
        let client = Rc::new(client());
        let handle = client.endpoint(&http2(port));
        // The peer's settings come with its first answer.
        send(&client, &handle, request(LONG)).await.expect("a reply");
        let sent: Vec<_> = (0..16).map(|_| send(&client, &handle, request(LONG))).collect();
        for outcome in sent {
            assert_eq!(outcome.await.map(|reply| reply.body), Ok(Bytes::from("ok")));
        }
        assert!(seen.get() <= 3, "the peer allows 3, not {}", seen.get());
        assert_eq!(handle.stats().connects.get(), 1);
    });
}

#[test]
fn a_refused_stream_is_definite() {
    run(async {
        let port = scripted(|stream, _| async move { refuse_all(accept(stream, 10).await).await }).await;
        let client = Rc::new(client());
        let handle = client.endpoint(&http2(port));
        for _ in 0..2 {
            let outcome = send(&client, &handle, request(LONG)).await;
            assert_eq!(outcome, Err(Failure::NotSent(NotSent::RefusedStream)));
        }
        assert_eq!(handle.stats().connects.get(), 1);
    });
}

#[test]
fn any_other_reset_leaves_the_outcome_open() {
    run(async {
        let port = scripted(|stream, _| async move {
            let mut peer = accept(stream, 10).await;
            while let Some(Ok((_, mut respond))) = peer.accept().await {
                respond.send_reset(h2::Reason::CANCEL);
            }
        })
        .await;
        let client = Rc::new(client());
        let handle = client.endpoint(&http2(port));
        assert_eq!(send(&client, &handle, request(LONG)).await, Err(Failure::Broken));
    });
}

#[test]
fn a_peer_that_goes_away_is_followed_by_a_new_connection() {
    run(async {
        let port = scripted(|stream, number| async move {
            let mut peer = accept(stream, 10).await;
            let (_, respond) = peer.accept().await.expect("a request").expect("a whole one");
            answer(respond);
            if number == 0 {
                peer.graceful_shutdown();
            }
            while peer.accept().await.is_some() {}
        })
        .await;
        let client = Rc::new(client());
        let handle = client.endpoint(&http2(port));
        for _ in 0..2 {
            // A ping: the connection may go away just while it is written.
            let ping = exchange_transport::Request { retry_stale: true, ..request(LONG) };
            assert_eq!(send(&client, &handle, ping).await.map(|reply| reply.status), Ok(200));
        }
        assert_eq!(handle.stats().connects.get(), 2);
    });
}

#[test]
fn a_late_stream_is_reset_and_the_connection_stays() {
    run(async {
        let was_reset = Rc::new(Notify::new());
        let seen = Rc::clone(&was_reset);
        let port = scripted(move |stream, number| {
            let was_reset = Rc::clone(&was_reset);
            async move {
                assert_eq!(number, 0, "the connection stays");
                let mut peer = accept(stream, 10).await;
                let (_, mut late) = peer.accept().await.expect("a request").expect("a whole one");
                spawn_local(async move {
                    let reason = std::future::poll_fn(|cx| late.poll_reset(cx)).await;
                    assert_eq!(reason.expect("a reset"), h2::Reason::CANCEL);
                    was_reset.notify_one();
                });
                while let Some(Ok((_, respond))) = peer.accept().await {
                    answer(respond);
                }
            }
        })
        .await;
        let client = Rc::new(client());
        let handle = client.endpoint(&http2(port));
        assert_eq!(send(&client, &handle, request(SHORT)).await, Err(Failure::Timeout));
        seen.notified().await;
        assert_eq!(send(&client, &handle, request(LONG)).await.map(|reply| reply.status), Ok(200));
    });
}

/// Of three requests in a row that nobody answers, so many are listened for; the fourth one is answered.
fn check_listening(streams_max: u32, expected: u64) {
    run(async move {
        let port = scripted(move |stream, number| async move {
            assert_eq!(number, 0, "one connection serves all");
            let mut peer = accept(stream, streams_max).await;
            let mut kept = Vec::new();
            while let Some(Ok((_, respond))) = peer.accept().await {
                kept.push(respond);
                if kept.len() > 3 {
                    answer(kept.pop().expect("the latest"));
                }
            }
        })
        .await;
        let client = Rc::new(client());
        let handle = client.endpoint(&http2(port));
        for _ in 0..3 {
            let done = Rc::new(Notify::new());
            let told = Rc::clone(&done);
            let until = Instant::now() + LONG;
            let timed_out = move |outcome| {
                assert_eq!(outcome, Err(Failure::Timeout));
                told.notify_one();
            };
            client.send_and_listen(&handle, (request(SHORT), until), timed_out, |_| ());
            done.notified().await;
        }
        assert_eq!(handle.stats().late.get(), expected);
        assert_eq!(send(&client, &handle, request(LONG)).await.map(|reply| reply.status), Ok(200));
    });
}

#[test]
fn what_is_listened_for_leaves_a_stream_to_the_next_request() {
    check_listening(1, 0);
    check_listening(2, 1);
    check_listening(10, 3);
}
