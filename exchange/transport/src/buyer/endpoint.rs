//! [`EndpointHandle`]: one endpoint of the catalog with its connections, its limits and its counters.

use core::cell::Cell;
use core::time::Duration;
use std::io::Write as _;
use std::rc::Rc;

use bytes::Bytes;
use exchange_catalog::snapshot::{Endpoint, Scheme};
use exchange_types::NotSent;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Uri};
use http_body_util::Full;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout, timeout_at};

use super::connector::Connector;
use super::pool::Pool;
use super::progress::Progress;
use super::request::RequestHeaders;
use super::stats::{GaugeGuard, count};
use super::tls::Tls;
use super::{EndpointStats, Failure, Reply, Request};

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const JSON: &str = "application/json";
const AGENT: &str = "pingpost-exchange/1";

/// Room for every header of a request over HTTP/2.
const HEADERS: usize = 9;
/// Room for the headers that a request has for itself, over HTTP/1.1.
const HEADERS_BYTES: usize = 512;
/// Connections that one request tries. A connection that closed before it took a byte of the request is
/// replaced without harm, but not for ever.
const ATTEMPTS_MAX: usize = 3;

/// One endpoint as a shard uses it. Cheap to clone; equal endpoints of successive catalogs share it.
#[derive(Clone, Debug)]
pub struct EndpointHandle(Rc<EndpointState>);

#[derive(Debug)]
struct EndpointState {
    pool: Rc<Pool>,
    places: Semaphore,
    queue_max: u64,
    queue_wait_max: Duration,
    /// `None` if host and path make no URL; then every request fails.
    target: Option<Target>,
    last_used: Cell<Instant>,
}

/// Where a request goes, prepared once.
#[derive(Debug)]
pub(crate) struct Target {
    /// As HTTP/1.1 writes it: the head as far as all requests have it alike.
    head: Vec<u8>,
    /// As HTTP/2 needs it: with scheme and authority.
    url: Uri,
}

impl EndpointHandle {
    pub(crate) fn new(
        endpoint: &Endpoint,
        tls: Option<Result<Tls, NotSent>>,
        connector: Rc<Connector>,
    ) -> Self {
        Self(Rc::new(EndpointState {
            pool: Rc::new(Pool::new(endpoint, tls, connector)),
            places: Semaphore::new(usize::from(endpoint.concurrency_max.max(1))),
            queue_max: u64::from(endpoint.queue_max),
            queue_wait_max: endpoint.queue_wait_max.to_duration(),
            target: Target::new(endpoint),
            last_used: Cell::new(Instant::now()),
        }))
    }

    /// Returns the counters.
    pub fn stats(&self) -> &EndpointStats {
        &self.0.pool.stats
    }

    pub(crate) fn pool(&self) -> &Rc<Pool> {
        &self.0.pool
    }

    /// Returns whether nobody but the client holds it and nobody has used it since an instant.
    pub(crate) fn is_unused_since(&self, instant: Instant) -> bool {
        Rc::strong_count(&self.0) == 1 && self.0.last_used.get() < instant
    }

    /// Sends a request and reads the reply, by its deadline.
    ///
    /// Not cancel-safe: whether a request whose future was dropped has left stays unknown.
    pub(crate) async fn send(&self, request: &Request) -> Result<Reply, Failure> {
        self.0.last_used.set(Instant::now());
        let progress = Progress::new();
        // The future is gone before the outcome is looked at, so nothing can leave in between.
        let outcome = timeout_at(request.deadline, self.0.send_untimed(request, &progress)).await;
        let outcome = outcome.unwrap_or_else(|_| {
            count(&self.stats().timeouts);
            // Its connection closed with it; whoever waits may open another.
            self.0.pool.pump();
            Err(progress.timed_out())
        });
        outcome.map_err(|failure| progress.judge(failure))
    }
}

impl EndpointState {
    async fn send_untimed(&self, request: &Request, progress: &Progress) -> Result<Reply, Failure> {
        let Some(target) = &self.target else { return Err(Failure::NotSent(NotSent::Address)) };
        let _place = self.take_place().await?;
        let _in_flight = GaugeGuard::new(&self.pool.stats.in_flight);
        let mut retried = false;
        for _ in 0..ATTEMPTS_MAX {
            progress.waits_for(NotSent::Connect);
            let lease = self.pool.lease().await.map_err(Failure::NotSent)?;
            if lease.is_used() {
                count(&self.pool.stats.reuses);
            }
            if request.deadline <= Instant::now() {
                self.pool.deliver(lease);
                return Err(Failure::TimeoutBeforeSend(NotSent::Connect));
            }
            let failed = match lease.exchange(target, request, progress).await {
                Ok(exchanged) => {
                    if let Some(connection) = exchanged.reusable {
                        self.pool.give_back(connection);
                    } else {
                        // A connection that closed makes room for another.
                        self.pool.pump();
                    }
                    return Ok(exchanged.reply);
                }
                Err(failed) => failed,
            };
            // The connection is gone; whoever waits may open another.
            self.pool.pump();
            if failed.unwritten {
                continue;
            }
            if !failed.stale || !request.retry_stale || retried {
                return Err(failed.failure);
            }
            retried = true;
            progress.tries_again();
            count(&self.pool.stats.retries);
            self.pool.discard_idle();
        }
        Err(Failure::NotSent(NotSent::Connect))
    }

    async fn take_place(&self) -> Result<SemaphorePermit<'_>, Failure> {
        if let Ok(place) = self.places.try_acquire() {
            return Ok(place);
        }
        let stats = &self.pool.stats;
        let shed = || {
            count(&stats.shed);
            Failure::NotSent(NotSent::Queue)
        };
        if stats.queued.get() >= self.queue_max {
            return Err(shed());
        }
        let _queued = GaugeGuard::new(&stats.queued);
        match timeout(self.queue_wait_max, self.places.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(shed()),
        }
    }
}

impl Target {
    fn new(endpoint: &Endpoint) -> Option<Self> {
        let authority = authority(endpoint);
        let scheme = if endpoint.scheme == Scheme::Https { "https" } else { "http" };
        let url: Uri = format!("{scheme}://{authority}{}", endpoint.path).parse().ok()?;
        let path = url.path_and_query()?;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {authority}\r\ncontent-type: {JSON}\r\naccept: {JSON}\r\n\
             user-agent: {AGENT}\r\n"
        );
        Some(Self { head: head.into_bytes(), url })
    }

    /// Appends a request as HTTP/1.1 writes it. Values of headers hold no line breaks: their type sees to that.
    pub(crate) fn write(&self, request: &Request, out: &mut Vec<u8>) {
        out.reserve(self.head.len() + request.body.len() + HEADERS_BYTES);
        out.extend_from_slice(&self.head);
        for (name, value) in own_headers(&request.headers) {
            for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                out.extend_from_slice(part);
            }
        }
        // Writing into memory cannot fail.
        let _ = write!(out, "content-length: {}\r\n\r\n", request.body.len());
        out.extend_from_slice(&request.body);
    }

    /// Returns a request as HTTP/2 sends it.
    pub(crate) fn message(&self, request: &Request) -> http::Request<Full<Bytes>> {
        let mut message = http::Request::new(Full::new(request.body.clone()));
        *message.method_mut() = Method::POST;
        *message.uri_mut() = self.url.clone();
        let headers = message.headers_mut();
        headers.reserve(HEADERS);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        headers.insert(ACCEPT, HeaderValue::from_static(JSON));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        for (name, value) in own_headers(&request.headers) {
            headers.insert(name, value.clone());
        }
        message
    }
}

/// Returns the headers that a request has for itself.
fn own_headers(headers: &RequestHeaders) -> impl Iterator<Item = (HeaderName, &HeaderValue)> {
    let RequestHeaders { webhook_id, webhook_timestamp, webhook_signature, idempotency_key, traceparent } =
        headers;
    let all = [
        (WEBHOOK_ID, webhook_id),
        (WEBHOOK_TIMESTAMP, webhook_timestamp),
        (WEBHOOK_SIGNATURE, webhook_signature),
        (IDEMPOTENCY_KEY, idempotency_key),
        (TRACEPARENT, traceparent),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)))
}

/// Host and port as a URL writes them: brackets around IPv6, no port where it is the scheme's own.
fn authority(endpoint: &Endpoint) -> String {
    let host =
        if endpoint.host.contains(':') { format!("[{}]", endpoint.host) } else { endpoint.host.to_string() };
    match (endpoint.scheme, endpoint.port) {
        (Scheme::Http, 80) | (Scheme::Https, 443) => host,
        (_, port) => format!("{host}:{port}"),
    }
}
