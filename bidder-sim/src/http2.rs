//! HTTP/2 through hyper. A library that keeps the rules cannot break them all, so the faults are those
//! of a stream: late, slow, silent, cut off, endless.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Response, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Sleep;

use crate::market::Market;
use crate::reply::{DRIP_PAUSE, ELSEWHERE, FLOOD_BYTES, Manner, Reply};
use crate::request::{BODY_BYTES_MAX, Request};

/// Streams that one connection may have open: more than the exchange uses, so that it never waits here.
const STREAMS_MAX: u32 = 1_024;

/// Serves one connection until either side ends it.
///
/// # Errors
///
/// Fails if the connection breaks.
pub(crate) async fn serve(
    socket: impl AsyncRead + AsyncWrite + Unpin + 'static,
    market: Rc<Market>,
) -> Result<(), hyper::Error> {
    let service = service_fn(move |request| answer(request, Rc::clone(&market)));
    hyper::server::conn::http2::Builder::new(LocalExecutor)
        .max_concurrent_streams(STREAMS_MAX)
        .serve_connection(TokioIo::new(socket), service)
        .await
}

/// Runs hyper's tasks on the thread of the buyers.
#[derive(Clone, Copy, Debug)]
struct LocalExecutor;

impl<F> hyper::rt::Executor<F> for LocalExecutor
where
    F: Future<Output: 'static> + 'static,
{
    fn execute(&self, task: F) {
        tokio::task::spawn_local(task);
    }
}

async fn answer(request: http::Request<Incoming>, market: Rc<Market>) -> io::Result<Response<ReplyBody>> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return Ok(respond(&Reply::plain(413, "too large\n"))),
    };
    let reply = market.answer(&Request {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        idempotency_key: text(&parts.headers, "idempotency-key"),
        webhook_id: text(&parts.headers, "webhook-id"),
        webhook_timestamp: text(&parts.headers, "webhook-timestamp"),
        webhook_signature: text(&parts.headers, "webhook-signature"),
        body: &body,
    });
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    match reply.manner {
        Manner::Silence => std::future::pending().await,
        // A failing service makes hyper reset the stream.
        Manner::Reset => Err(io::ErrorKind::ConnectionReset.into()),
        Manner::Whole
        | Manner::Elsewhere
        | Manner::Drip
        | Manner::HeadOnly
        | Manner::Truncated
        | Manner::Overrun
        | Manner::Flood => Ok(respond(&reply)),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn respond(reply: &Reply) -> Response<ReplyBody> {
    let body = reply.body.clone();
    let body = match reply.manner {
        Manner::Drip => ReplyBody::Drip { left: body, pause: Box::pin(tokio::time::sleep(DRIP_PAUSE)) },
        Manner::HeadOnly | Manner::Silence => ReplyBody::Never,
        Manner::Truncated | Manner::Reset => ReplyBody::CutOff(Some(body)),
        Manner::Flood => ReplyBody::Flood { bytes_left: FLOOD_BYTES },
        Manner::Whole | Manner::Elsewhere | Manner::Overrun => ReplyBody::Whole(Some(body)),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        http::StatusCode::from_u16(reply.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if reply.status != 204 {
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    }
    if reply.manner == Manner::Elsewhere {
        headers.insert(header::LOCATION, header::HeaderValue::from_static(ELSEWHERE));
    }
    if reply.manner == Manner::Overrun {
        headers.insert(header::CONTENT_LENGTH, header::HeaderValue::from(reply.body.len() / 2));
    }
    response
}

/// The body of an answer, in the manner asked for.
#[derive(Debug)]
enum ReplyBody {
    Whole(Option<Bytes>),
    Drip { left: Bytes, pause: Pin<Box<Sleep>> },
    Never,
    CutOff(Option<Bytes>),
    Flood { bytes_left: usize },
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        const CHUNK: Bytes = Bytes::from_static(&[b' '; 16 * 1_024]);
        let data = |bytes| Poll::Ready(Some(Ok(Frame::data(bytes))));
        match &mut *self {
            Self::Whole(body) => body.take().filter(|body| !body.is_empty()).map_or(Poll::Ready(None), data),
            Self::Never => Poll::Pending,
            Self::CutOff(body) => match body.take() {
                Some(body) => data(body),
                None => Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into()))),
            },
            Self::Flood { bytes_left: 0 } => Poll::Ready(None),
            Self::Flood { bytes_left } => {
                *bytes_left = bytes_left.saturating_sub(CHUNK.len());
                data(CHUNK)
            }
            Self::Drip { left, .. } if left.is_empty() => Poll::Ready(None),
            Self::Drip { left, pause } => match pause.as_mut().poll(context) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(()) => {
                    pause.as_mut().reset(tokio::time::Instant::now() + DRIP_PAUSE);
                    data(left.split_to(1))
                }
            },
        }
    }
}
