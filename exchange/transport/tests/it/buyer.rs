//! The buyer client over HTTP/1.1.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use exchange_catalog::snapshot::{Endpoint, Scheme};
use exchange_transport::{AddressGuard, BuyerClient, ClientConfig, Failure};
use exchange_types::{Nanos, NotSent};
use http::HeaderValue;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::peer::{LONG, SHORT, client, endpoint, read_request, request, run, scripted, send};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

async fn write(stream: &mut TcpStream, text: &str) {
    // A client that has read enough may be gone.
    drop(stream.write_all(text.as_bytes()).await);
}

/// What a peer does after it has read the request.
#[derive(Clone, Copy, Debug)]
enum Then {
    Answer(&'static str),
    AnswerAndHang(&'static str),
    Reset,
}

/// What comes of a request, with the status of a reply.
fn check(then: Then, patience: Duration, expected: Result<u16, Failure>) {
    run(async move {
        let port = scripted(move |mut stream, _| async move {
            assert!(read_request(&mut stream).await.starts_with("POST /ping?key=1 HTTP/1.1\r\n"));
            match then {
                Then::Answer(text) => write(&mut stream, text).await,
                Then::AnswerAndHang(text) => {
                    write(&mut stream, text).await;
                    read_request(&mut stream).await;
                }
                Then::Reset => stream.set_zero_linger().expect("a socket option"),
            }
        })
        .await;
        let client = Rc::new(client());
        let handle = client.endpoint(&endpoint(port));
        let outcome = send(&client, &handle, request(patience)).await;
        assert_eq!(outcome.map(|reply| reply.status), expected, "{then:?}");
    });
}

#[test]
fn replies_are_read_within_bounds() {
    check(Then::Answer(OK), LONG, Ok(200));
    check(Then::Answer("HTTP/1.1 204 No Content\r\n\r\n"), LONG, Ok(204));
    check(Then::Answer("HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n"), LONG, Ok(302));
    check(
        Then::Answer("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n"),
        LONG,
        Ok(200),
    );
    check(
        Then::Answer("HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\nHTTP/1.1 200 OK\r\n\r\nok"),
        LONG,
        Ok(200),
    );
    check(Then::Answer("HTTP/1.0 200 OK\r\n\r\nuntil it closes"), LONG, Ok(200));
    let too_large = Err(Failure::ReplyTooLarge { status: Some(200) });
    check(Then::AnswerAndHang("HTTP/1.1 200 OK\r\ncontent-length: 65\r\n\r\n"), LONG, too_large);
    let chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n20\r\n0123456789abcdef0123456789abcdef\r\n\
        20\r\n0123456789abcdef0123456789abcdef\r\n1\r\nx\r\n";
    check(Then::AnswerAndHang(chunks), LONG, too_large);
    let header = format!("HTTP/1.1 200 OK\r\nx: {}", "x".repeat(40_000));
    check(Then::AnswerAndHang(header.leak()), LONG, Err(Failure::ReplyTooLarge { status: None }));
    check(Then::Answer("220 mail.example ESMTP\r\n"), LONG, Err(Failure::BadReply));
    let two_lengths = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\noko";
    check(Then::Answer(two_lengths), LONG, Err(Failure::BadReply));
    let endless = "HTTP/1.1 100 Continue\r\n\r\n".repeat(9);
    check(Then::AnswerAndHang(endless.leak()), LONG, Err(Failure::BadReply));
}

#[test]
fn a_connection_that_breaks_after_the_request_leaves_the_outcome_open() {
    check(Then::Reset, LONG, Err(Failure::Broken));
    check(Then::Answer(""), LONG, Err(Failure::Broken));
    check(Then::Answer("HTTP/1.1 200 OK\r\ncontent-l"), LONG, Err(Failure::Broken));
    check(Then::Answer("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"), LONG, Err(Failure::Broken));
    check(Then::AnswerAndHang(""), SHORT, Err(Failure::Timeout));
    check(
        Then::AnswerAndHang("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"),
        SHORT,
        Err(Failure::Timeout),
    );
}

/// What comes of a request to an endpoint that never gets as far as reading one.
async fn check_unsent(client: BuyerClient, endpoint: Endpoint, patience: Duration, expected: Failure) {
    let client = Rc::new(client);
    let handle = client.endpoint(&endpoint);
    let outcome = send(&client, &handle, request(patience)).await;
    assert_eq!(outcome.map(|reply| reply.status), Err(expected), "{endpoint:?}");
}

#[test]
fn a_failure_before_the_first_byte_is_definite() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let listening = endpoint(listener.local_addr().expect("a bound listener").port());
        let guarded =
            BuyerClient::new(ClientConfig { guard: AddressGuard::default(), ..ClientConfig::default() });
        check_unsent(guarded, listening.clone(), LONG, Failure::NotSent(NotSent::Address)).await;
        // It accepts and then says nothing, so TLS never ends.
        let silent = Endpoint { scheme: Scheme::Https, ..listening.clone() };
        check_unsent(client(), silent, SHORT, Failure::TimeoutBeforeSend(NotSent::Connect)).await;
        check_unsent(
            client(),
            listening.clone(),
            Duration::ZERO,
            Failure::TimeoutBeforeSend(NotSent::Connect),
        )
        .await;
        drop(listener);
        check_unsent(client(), listening.clone(), LONG, Failure::NotSent(NotSent::Connect)).await;
        let unknown = Endpoint { host: "name.invalid".into(), ..listening };
        check_unsent(client(), unknown, LONG, Failure::NotSent(NotSent::Address)).await;
    });
}

#[test]
fn a_bad_private_ca_fails_definitely() {
    run(async {
        let bad = Endpoint { scheme: Scheme::Https, ca_pem: Some("no PEM".into()), ..endpoint(1) };
        check_unsent(client(), bad, LONG, Failure::NotSent(NotSent::Tls)).await;
    });
}

#[test]
fn connections_are_kept_and_headers_are_sent() {
    run(async {
        let port = scripted(|mut stream, number| async move {
            loop {
                let text = read_request(&mut stream).await;
                if text.is_empty() {
                    return;
                }
                assert_eq!(number, 0, "one connection serves all");
                for line in ["host: 127.0.0.1:", "idempotency-key: p1", "webhook-id: w1", "content-length: 2"]
                {
                    assert!(text.contains(&format!("\r\n{line}")), "{line} in {text}");
                }
                write(&mut stream, OK).await;
            }
        })
        .await;
        let client = Rc::new(client());
        let handle = client.endpoint(&endpoint(port));
        for _ in 0..3 {
            let mut request = request(LONG);
            request.headers.idempotency_key = Some(HeaderValue::from_static("p1"));
            request.headers.webhook_id = Some(HeaderValue::from_static("w1"));
            let reply = send(&client, &handle, request).await.expect("a reply");
            assert_eq!(reply.body, "ok");
        }
        // A new catalog with the same endpoint finds the same connections.
        let again = client.endpoint(&endpoint(port));
        assert_eq!(again.stats().connects.get(), 1);
        assert_eq!(again.stats().reuses.get(), 2);
        assert_eq!(again.stats().in_flight.get(), 0);
    });
}

#[test]
fn a_late_answer_closes_its_connection() {
    run(async {
        let closed = Rc::new(Notify::new());
        let seen = Rc::clone(&closed);
        let port = scripted(move |mut stream, number| {
            let closed = Rc::clone(&closed);
            async move {
                read_request(&mut stream).await;
                if number > 0 {
                    write(&mut stream, OK).await;
                }
                assert_eq!(read_request(&mut stream).await, "", "nothing more comes");
                closed.notify_one();
            }
        })
        .await;
        let client = Rc::new(client());
        let handle = client.endpoint(&endpoint(port));
        let late = send(&client, &handle, request(SHORT)).await;
        assert_eq!(late, Err(Failure::Timeout));
        seen.notified().await;
        let reply = send(&client, &handle, request(LONG)).await.expect("a reply on a new connection");
        assert_eq!(reply.status, 200);
        assert_eq!((handle.stats().connects.get(), handle.stats().timeouts.get()), (2, 1));
    });
}

#[test]
fn a_connection_that_brought_too_much_or_closed_while_idle_serves_no_more() {
    for first in ["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok and more", OK] {
        run(async move {
            let closed = Rc::new(Notify::new());
            let told = Rc::clone(&closed);
            let port = scripted(move |mut stream, number| {
                let told = Rc::clone(&told);
                async move {
                    read_request(&mut stream).await;
                    write(&mut stream, if number == 0 { first } else { OK }).await;
                    if number > 0 {
                        read_request(&mut stream).await;
                    }
                    drop(stream);
                    told.notify_one();
                }
            })
            .await;
            let client = Rc::new(client());
            let handle = client.endpoint(&endpoint(port));
            let reply = send(&client, &handle, request(LONG)).await.expect("a first reply");
            assert_eq!(reply.body, "ok");
            closed.notified().await;
            // The name look-up of an endpoint that does not exist lets the runtime see what has come meanwhile.
            let elsewhere = client.endpoint(&Endpoint { host: "name.invalid".into(), ..endpoint(port) });
            send(&client, &elsewhere, request(LONG)).await.expect_err("no such name");
            // It is no ping, so it is never sent twice.
            assert_eq!(send(&client, &handle, request(LONG)).await.map(|reply| reply.status), Ok(200));
            assert_eq!((handle.stats().connects.get(), handle.stats().retries.get()), (2, 0));
        });
    }
}

#[test]
fn a_stale_connection_is_retried_for_pings_only() {
    for (retry_stale, expected) in [(true, Ok(200)), (false, Err(Failure::Broken))] {
        run(async move {
            let posts = Rc::new(Cell::new(0));
            let counted = Rc::clone(&posts);
            let port = scripted(move |mut stream, number| {
                let posts = Rc::clone(&counted);
                async move {
                    read_request(&mut stream).await;
                    posts.set(posts.get() + 1);
                    write(&mut stream, OK).await;
                    if number == 0 {
                        // It takes a second request and closes without a word.
                        read_request(&mut stream).await;
                        posts.set(posts.get() + 1);
                    } else {
                        read_request(&mut stream).await;
                    }
                }
            })
            .await;
            let client = Rc::new(client());
            let handle = client.endpoint(&endpoint(port));
            send(&client, &handle, request(LONG)).await.expect("a first reply");
            let second =
                send(&client, &handle, exchange_transport::Request { retry_stale, ..request(LONG) }).await;
            assert_eq!(second.map(|reply| reply.status), expected);
            assert_eq!(posts.get(), if retry_stale { 3 } else { 2 });
        });
    }
}

#[test]
fn a_full_queue_and_a_long_wait_shed() {
    run(async {
        let release = Rc::new(Notify::new());
        let released = Rc::clone(&release);
        let port = scripted(move |mut stream, _| {
            let released = Rc::clone(&released);
            async move {
                read_request(&mut stream).await;
                released.notified().await;
                write(&mut stream, OK).await;
            }
        })
        .await;
        let narrow = Endpoint {
            concurrency_max: 1,
            queue_max: 1,
            queue_wait_max: Nanos::from(SHORT),
            ..endpoint(port)
        };
        let client = Rc::new(client());
        let handle = client.endpoint(&narrow);
        let first = send(&client, &handle, request(LONG));
        let second = send(&client, &handle, request(LONG));
        let third = send(&client, &handle, request(LONG));
        let shed = Err(Failure::NotSent(NotSent::Queue));
        assert_eq!(third.await, shed, "the queue has one place");
        assert_eq!((handle.stats().in_flight.get(), handle.stats().queued.get()), (1, 1));
        assert_eq!(second.await, shed, "the wait is over");
        let last = send(&client, &handle, request(SHORT / 3));
        assert_eq!(last.await, Err(Failure::TimeoutBeforeSend(NotSent::Queue)), "its deadline comes first");
        release.notify_one();
        assert_eq!(first.await.map(|reply| reply.status), Ok(200));
        assert_eq!((handle.stats().shed.get(), handle.stats().queued.get()), (2, 0));
    });
}

#[test]
fn a_burst_opens_no_more_connections_than_allowed() {
    run(async {
        let open = Rc::new(Cell::new((0_usize, 0_usize)));
        let counted = Rc::clone(&open);
        let port = scripted(move |mut stream, _| {
            let open = Rc::clone(&counted);
            async move {
                let (now, most) = open.get();
                open.set((now + 1, most.max(now + 1)));
                while !read_request(&mut stream).await.is_empty() {
                    write(&mut stream, OK).await;
                }
                open.set((open.get().0 - 1, open.get().1));
            }
        })
        .await;
        let client = Rc::new(client());
        let handle = client.endpoint(&Endpoint { concurrency_max: 4, queue_max: 100, ..endpoint(port) });
        client.warm(&handle, 2);
        let sent: Vec<_> = (0..100).map(|_| send(&client, &handle, request(LONG))).collect();
        for outcome in sent {
            assert_eq!(outcome.await.map(|reply| reply.status), Ok(200));
        }
        assert_eq!(open.get().1, 4);
        assert_eq!(handle.stats().connects.get(), 4);
    });
}
