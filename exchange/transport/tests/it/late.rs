//! Replies that come after their requests were given up.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use exchange_catalog::snapshot::Endpoint;
use exchange_transport::{BuyerClient, EndpointHandle, Failure, LATE_MAX, Reply};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::peer::{LONG, SHORT, client, endpoint, read_request, request, run, scripted, send};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// What was told of a request, in its order.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Done(Result<u16, Failure>),
    Late(u16),
}

fn listen(
    client: &BuyerClient,
    handle: &EndpointHandle,
    (patience, until): (Duration, Duration),
) -> mpsc::Receiver<Told> {
    // A timeout and a late reply.
    let (tx, rx) = mpsc::channel(2);
    let also = tx.clone();
    let done = move |outcome: Result<Reply, Failure>| {
        tx.try_send(Told::Done(outcome.map(|reply| reply.status))).expect("the test waits");
    };
    let late = move |reply: Reply| also.try_send(Told::Late(reply.status)).expect("the test waits");
    client.send_and_listen(handle, (request(patience), Instant::now() + until), done, late);
    rx
}

async fn all_of(mut told: mpsc::Receiver<Told>) -> Vec<Told> {
    let mut all = Vec::new();
    while let Some(one) = told.recv().await {
        all.push(one);
    }
    all
}

/// What is told of a request whose reply comes when it was given up, where that is listened for until then.
fn check(until: Duration, expected: &'static [Told]) {
    run(async move {
        let answered = Rc::new(Notify::new());
        let answer = Rc::clone(&answered);
        let port = scripted(move |mut stream, _| {
            let answer = Rc::clone(&answer);
            async move {
                read_request(&mut stream).await;
                answer.notified().await;
                // Nobody may listen any more.
                drop(stream.write_all(OK.as_bytes()).await);
            }
        })
        .await;
        let client = client();
        let handle = client.endpoint(&endpoint(port));
        let mut told = listen(&client, &handle, (SHORT, until));
        let mut all: Vec<Told> = told.recv().await.into_iter().collect();
        answered.notify_one();
        all.extend(all_of(told).await);
        assert_eq!(all, expected);
        assert_eq!((handle.stats().late.get(), handle.stats().in_flight.get()), (0, 0));
    });
}

#[test]
fn a_late_reply_is_told_besides_the_timeout() {
    check(LONG, &[Told::Done(Err(Failure::Timeout)), Told::Late(200)]);
}

#[test]
fn without_time_to_listen_the_connection_closes_at_the_deadline() {
    check(Duration::ZERO, &[Told::Done(Err(Failure::Timeout))]);
    check(SHORT, &[Told::Done(Err(Failure::Timeout))]);
}

#[test]
fn a_reply_in_time_is_told_once() {
    run(async {
        let port = scripted(|mut stream, _| async move {
            while !read_request(&mut stream).await.is_empty() {
                stream.write_all(OK.as_bytes()).await.expect("the client reads");
            }
        })
        .await;
        let client = client();
        let handle = client.endpoint(&endpoint(port));
        for _ in 0..2 {
            assert_eq!(all_of(listen(&client, &handle, (LONG, LONG))).await, [Told::Done(Ok(200))]);
        }
        assert_eq!((handle.stats().connects.get(), handle.stats().reuses.get()), (1, 1), "it is kept");
    });
}

#[test]
fn what_never_left_is_not_listened_for() {
    run(async {
        let client = client();
        // Nobody can be there.
        let handle = client.endpoint(&Endpoint { host: "name.invalid".into(), ..endpoint(1) });
        let all = all_of(listen(&client, &handle, (LONG, LONG))).await;
        assert!(matches!(&*all, [Told::Done(Err(Failure::NotSent(_)))]), "{all:?}");
    });
}

#[test]
fn those_who_are_late_are_few_and_hold_up_nobody() {
    run(async {
        let (hung, closed) = (Rc::new(Cell::new(0_u64)), Rc::new(Cell::new(0_u64)));
        let counted = (Rc::clone(&hung), Rc::clone(&closed));
        let port = scripted(move |mut stream, _| {
            let (waiting, ended) = counted.clone();
            async move {
                read_request(&mut stream).await;
                if waiting.get() <= LATE_MAX {
                    waiting.set(waiting.get() + 1);
                    assert_eq!(read_request(&mut stream).await, "", "nothing follows a request that hangs");
                    ended.set(ended.get() + 1);
                } else {
                    stream.write_all(OK.as_bytes()).await.expect("the client reads");
                }
            }
        })
        .await;
        let client = Rc::new(client());
        // One at a time.
        let handle = client.endpoint(&Endpoint { concurrency_max: 1, ..endpoint(port) });
        let brief = Duration::from_millis(20);
        let mut told = Vec::new();
        while hung.get() <= LATE_MAX {
            let mut one = listen(&client, &handle, (brief, LONG));
            assert!(matches!(one.recv().await, Some(Told::Done(Err(_)))));
            told.push(one);
        }
        assert_eq!(handle.stats().late.get(), LATE_MAX, "the last of them is closed");
        let reply = send(&client, &handle, request(LONG)).await;
        assert_eq!(reply.map(|reply| reply.status), Ok(200), "none of them has the only place");
        assert_eq!(closed.get(), 1);
    });
}
