//! [`serve`]: one connection of a seller, HTTP/1.1.

use core::convert::Infallible;
use core::future::{Future as _, poll_fn};
use core::pin::{Pin, pin};
use core::time::Duration;
use std::rc::Rc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::select;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::activity::{Activity, Stage, Watched};
use super::request_reader::Requests;
use super::{Handler, Refusal};

/// Bytes of a refused body that are read and thrown away, so that the client gets to read its answer instead
/// of a reset.
const DRAINED_BYTES_MAX: usize = 256 * 1_024;
/// How long a refused body is waited for.
const DRAIN_WAIT_MAX: Duration = Duration::from_secs(1);
/// How long a connection that is given up may take to accept its last words.
const LAST_WORDS_WAIT_MAX: Duration = Duration::from_secs(1);
const HEAD_TIMEOUT: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Serves one connection until it closes: by the client, by a limit, or gracefully once `shutdown` is true,
/// after the answer that is under way.
///
/// Not cancel-safe: a future dropped early closes the connection; what the handler has begun goes on.
pub(crate) async fn serve<S, H>(stream: S, requests: Rc<Requests<H>>, mut shutdown: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    H: Handler + 'static,
{
    let limits = Rc::clone(&requests.limits);
    let activity = Rc::new(Activity::new());
    let io = TokioIo::new(Watched { stream, activity: Rc::clone(&activity) });
    let exchange = Rc::new(Exchange { requests, activity: Rc::clone(&activity) });
    let service = service_fn(move |request| {
        let exchange = Rc::clone(&exchange);
        async move { Ok::<_, Infallible>(exchange.answer(request).await) }
    });
    let mut connection = http1::Builder::new()
        // Answers are small: one buffer and one send cost less than a vectored write of head and body.
        .writev(false)
        // A seller that closes its side, or hangs up, right behind its request has made it all the same.
        .half_close(true)
        .max_header_size(limits.get().header_bytes_max)
        // Room for the largest head and the beginning of a body.
        .max_buf_size(limits.get().header_bytes_max.saturating_mul(2).max(MIN_BUFFER_BYTES))
        .header_read_timeout(None)
        .serve_connection(io, service);
    let mut timer = pin!(sleep_until(activity.deadline(&limits.get())));
    let mut stopping = false;
    loop {
        // What the connection waits for changes only while it is polled, so its deadline is read after that.
        let driven = poll_fn(|cx| {
            if Pin::new(&mut connection).poll(cx).is_ready() {
                return core::task::Poll::Ready(End::Closed);
            }
            let deadline = activity.deadline(&limits.get());
            if timer.deadline() != deadline {
                timer.as_mut().reset(deadline);
            }
            timer.as_mut().poll(cx).map(|()| End::Expired)
        });
        select! {
            end = driven => match end {
                End::Closed => return,
                End::Expired => break,
            },
            // An error means that the sender is gone, and with it whoever wanted the server to run.
            _ = shutdown.wait_for(|stop| *stop), if !stopping => {
                stopping = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
        }
    }
    if let Stage::Head(_) = activity.stage() {
        let mut stream = connection.into_parts().io.into_inner().stream;
        let last_words = async {
            stream.write_all(HEAD_TIMEOUT).await?;
            stream.shutdown().await
        };
        // The connection is given up either way.
        drop(timeout(LAST_WORDS_WAIT_MAX, last_words).await);
    }
}

/// The least buffer that the codec accepts.
const MIN_BUFFER_BYTES: usize = 8 * 1_024;

/// How driving a connection ended.
enum End {
    Closed,
    Expired,
}

/// What the requests of one connection share, and what it is doing.
struct Exchange<H> {
    requests: Rc<Requests<H>>,
    activity: Rc<Activity>,
}

impl<H: Handler> Exchange<H> {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let started_at = self.activity.begin_request();
        let (head, mut incoming) = request.into_parts();
        let answer = if self.activity.is_conflicting() {
            Err(Refusal::ConflictingLength)
        } else {
            self.requests.answer(head, &mut incoming, started_at).await
        };
        let response = match answer {
            Ok(answer) => answer.into_response(self.activity.is_unframed()),
            Err(refusal) => {
                drain(&mut incoming, refusal).await;
                self.requests.handler.refuse(refusal).into_response(true)
            }
        };
        self.activity.end_request();
        response
    }
}

/// Throws away what still comes of a refused body, within bounds.
async fn drain(incoming: &mut Incoming, refusal: Refusal) {
    if matches!(refusal, Refusal::Timeout | Refusal::BrokenBody) {
        return;
    }
    let deadline = Instant::now() + DRAIN_WAIT_MAX;
    let mut drained = 0_usize;
    while let Ok(Some(Ok(frame))) = timeout_at(deadline, incoming.frame()).await {
        drained = drained.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        if drained > DRAINED_BYTES_MAX {
            return;
        }
    }
}
