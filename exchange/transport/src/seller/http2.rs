//! [`serve`]: one connection of a seller, HTTP/2.
//!
//! The library bounds what stands before a request: the size of its header, the number of open streams, frames
//! of a client that resets what was never read. [`Streams`] bounds what comes after it, and every request has
//! the limits of one over HTTP/1.1.

use core::convert::Infallible;
use core::future::{Future, poll_fn};
use core::net::SocketAddr;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::select;
use tokio::sync::{Semaphore, watch};
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep_until, timeout};

use super::request_reader::Requests;
use super::streams::{NotBegun, STREAMS_MAX, StreamGuard, Streams};
use super::{Answer, Handler, Refusal};

/// How often a client that says nothing is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(20);
/// How long it may take to say so.
const PING_WAIT_MAX: Duration = Duration::from_secs(10);
/// Streams that a client may reset before they were looked at.
const UNREAD_RESETS_MAX: usize = 20;
/// Streams that may end by a mistake of the client's; beyond, the connection does.
const MISTAKES_MAX: usize = 100;
/// Bytes of all bodies together that a client may send ahead of what is read.
const WINDOW_BYTES: u32 = 256 * 1_024;
/// How long a connection that is given up is waited for, so that its client hears that it has to open another.
const LAST_WORDS_WAIT_MAX: Duration = Duration::from_secs(1);
/// Bytes of one answer that wait for the client to take them: the largest that there is.
const ANSWER_BYTES_MAX: usize = 64 * 1_024;

/// Serves one connection until it closes: by the client, by a limit, or once `shutdown` is true, after the
/// answers that are under way (`GOAWAY`).
///
/// Not cancel-safe: a future dropped early closes the connection; what the handler has begun goes on.
pub(crate) async fn serve<S, H>(
    stream: S,
    requests: Rc<Requests<H>>,
    places: Arc<Semaphore>,
    mut shutdown: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    H: Handler + 'static,
{
    let streams = Rc::new(Streams::new(places));
    let limits = Rc::clone(&requests.limits);
    let (serving, begun) = (Rc::clone(&requests), Rc::clone(&streams));
    let service = service_fn(move |request| {
        let answering = answer(Rc::clone(&serving), begun.begin(), request);
        async move { Ok::<_, Infallible>(answering.await) }
    });
    let header_bytes_max = u32::try_from(limits.get().header_bytes_max).unwrap_or(u32::MAX);
    let body_bytes_max = u32::try_from(limits.get().body_bytes_max).unwrap_or(WINDOW_BYTES);
    let mut connection = pin!(
        http2::Builder::new(ThisThread)
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PING_WAIT_MAX)
            .max_concurrent_streams(STREAMS_MAX)
            .max_header_list_size(header_bytes_max)
            .max_pending_accept_reset_streams(UNREAD_RESETS_MAX)
            .max_local_error_reset_streams(MISTAKES_MAX)
            // A body that is refused for its size is not sent far beyond it.
            .initial_stream_window_size(body_bytes_max.clamp(WINDOW_BYTES_MIN, WINDOW_BYTES))
            .initial_connection_window_size(WINDOW_BYTES)
            .max_send_buf_size(ANSWER_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service)
    );
    let mut timer = pin!(sleep_until(Instant::now() + limits.get().idle_max));
    let (mut stopping, mut closing) = (false, false);
    loop {
        let driven = poll_fn(|cx| {
            if let Poll::Ready(ended) = connection.as_mut().poll(cx) {
                return Poll::Ready(End::Closed(ended));
            }
            if streams.is_flooded() {
                return Poll::Ready(End::Flooded);
            }
            while timer.as_mut().poll(cx).is_ready() {
                // A request may have ended without the connection being polled since, and the limits are those in
                // force by now.
                let patience = if closing { LAST_WORDS_WAIT_MAX } else { limits.get().idle_max };
                let now = Instant::now();
                let until = streams.idle_since().unwrap_or(now) + patience;
                if until <= now {
                    return Poll::Ready(End::Idle);
                }
                timer.as_mut().reset(until);
            }
            Poll::Pending
        });
        select! {
            end = driven => match &end {
                End::Idle if !closing => {
                    closing = true;
                    timer.as_mut().reset(Instant::now() + LAST_WORDS_WAIT_MAX);
                    connection.as_mut().graceful_shutdown();
                }
                End::Closed(_) | End::Idle | End::Flooded => return end.log(requests.peer),
            },
            // An error means that the sender is gone, and with it whoever wanted the server to run.
            _ = shutdown.wait_for(|stop| *stop), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

/// What comes of driving a connection.
enum End {
    Closed(hyper::Result<()>),
    /// There was no request for as long as it is waited for.
    Idle,
    Flooded,
}

impl End {
    fn log(&self, peer: SocketAddr) {
        match self {
            Self::Closed(Ok(())) | Self::Idle => {}
            Self::Closed(Err(error)) => tracing::debug!(%error, %peer, "connection broke"),
            Self::Flooded => tracing::debug!(%peer, "client resets its requests in numbers"),
        }
    }
}

/// The least window of a stream; a smaller one would only slow clients down.
const WINDOW_BYTES_MIN: u32 = 16 * 1_024;

async fn answer<H: Handler>(
    requests: Rc<Requests<H>>,
    begun: Result<StreamGuard, NotBegun>,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let guard = match begun {
        Ok(guard) => guard,
        Err(NotBegun::NoPlace) => return requests.handler.refuse(Refusal::NoPlace).into_response(false),
        // The connection ends before anybody reads this.
        Err(NotBegun::Flood) => return Answer::new(StatusCode::SERVICE_UNAVAILABLE).into_response(false),
    };
    let (head, mut incoming) = request.into_parts();
    let started_at = Instant::now();
    let limits = requests.limits.get();
    let answering = requests.answer(head, &mut incoming, started_at);
    let answer = timeout(limits.request_wait_max + limits.answer_wait_max, answering).await;
    let answer = match answer {
        Ok(Ok(answer)) => answer,
        // What is left of the body is not waited for: the stream is reset behind the answer, the connection goes on.
        Ok(Err(refusal)) => requests.handler.refuse(refusal),
        Err(_) => Answer::new(StatusCode::INTERNAL_SERVER_ERROR),
    };
    guard.answered();
    answer.into_response(false)
}

/// Runs the requests of a connection on the thread of the connection.
#[derive(Clone, Copy, Debug)]
struct ThisThread;

impl<F: Future<Output = ()> + 'static> Executor<F> for ThisThread {
    fn execute(&self, request: F) {
        spawn_local(request);
    }
}
