//! [`Connections`]: keep-alive connections to the exchange, and one call over one of them.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// Bytes of an answer that are read; the exchange's stay far below.
const ANSWER_BYTES_MAX: usize = 1_024 * 1_024;

/// Where the exchange is, and how it is called.
#[derive(Clone, Debug)]
pub struct Target {
    /// The seller listener.
    pub address: SocketAddr,
    /// `host:port` as the URL has it.
    pub authority: String,
    /// The key, without `Bearer`.
    pub api_key: String,
    /// The most connections at a time.
    pub connections_max: usize,
    /// How long an answer is awaited.
    pub timeout: Duration,
}

/// One HTTP request.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) body: Bytes,
}

/// What came of a call.
#[derive(Debug)]
pub(crate) struct Response {
    /// When the request was handed to a connection.
    pub(crate) sent: Instant,
    /// When the answer, or its failure, was there.
    pub(crate) done: Instant,
    /// The answer.
    pub(crate) result: Result<Received, CallError>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Bytes,
}

/// Why a call was not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("connect")]
    Connect(#[source] std::io::Error),
    #[error("exchange messages")]
    Http(#[source] hyper::Error),
    #[error("read the answer")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    #[error("the request cannot be built")]
    Request(#[source] http::Error),
}

impl CallError {
    /// Returns the name in the report.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Connect(_) => "connect",
            Self::Http(_) => "broken",
            Self::Body(_) => "cut_off",
            Self::Timeout(_) => "timeout",
            Self::Request(_) => "request",
        }
    }
}

/// A pool of connections of one thread.
#[derive(Debug)]
pub(crate) struct Connections {
    target: Target,
    authorization: HeaderValue,
    idle: RefCell<Vec<SendRequest<Full<Bytes>>>>,
    places: Semaphore,
}

impl Connections {
    /// Prepares a pool; nothing is connected yet.
    ///
    /// # Errors
    ///
    /// Fails if the key cannot stand in a header.
    pub(crate) fn new(target: Target) -> Result<Self, header::InvalidHeaderValue> {
        let authorization = HeaderValue::from_str(&format!("Bearer {}", target.api_key))?;
        let places = Semaphore::new(target.connections_max);
        Ok(Self { target, authorization, idle: RefCell::default(), places })
    }

    /// Makes one call. Waits for a place and a connection first; the wait is not part of `sent..done`.
    pub(crate) async fn call(&self, call: &Call) -> Response {
        let place = self.places.acquire().await;
        let sent = Cell::new(Instant::now());
        let answered = tokio::time::timeout(self.target.timeout, self.exchange(call, &sent)).await;
        drop(place);
        let result = answered.unwrap_or(Err(CallError::Timeout(self.target.timeout)));
        Response { sent: sent.get(), done: Instant::now(), result }
    }

    async fn exchange(&self, call: &Call, sent: &Cell<Instant>) -> Result<Received, CallError> {
        let mut request = self.request(call).map_err(CallError::Request)?;
        loop {
            // A connection that the other side closed while idle hands the request back unsent.
            let idle = self.idle.borrow_mut().pop();
            let fresh = idle.is_none();
            let mut connection = match idle {
                Some(connection) => connection,
                None => self.connect().await?,
            };
            sent.set(Instant::now());
            match connection.try_send_request(request).await {
                Ok(response) => return self.receive(response, connection).await,
                Err(mut error) => match error.take_message() {
                    Some(unsent) if !fresh => request = unsent,
                    _ => return Err(CallError::Http(error.into_error())),
                },
            }
        }
    }

    async fn receive(
        &self,
        response: http::Response<hyper::body::Incoming>,
        mut connection: SendRequest<Full<Bytes>>,
    ) -> Result<Received, CallError> {
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(CallError::Body)?.to_bytes();
        if connection.ready().await.is_ok() {
            self.idle.borrow_mut().push(connection);
        }
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Received {
            status: parts.status.as_u16(),
            content_type: text(header::CONTENT_TYPE),
            retry_after: text(header::RETRY_AFTER),
            body,
        })
    }

    fn request(&self, call: &Call) -> Result<Request<Full<Bytes>>, http::Error> {
        let mut request = Request::builder()
            .method(&call.method)
            .uri(&call.path)
            .header(header::HOST, &self.target.authority)
            .header(header::AUTHORIZATION, &self.authorization);
        if !call.body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(key) = &call.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        request.body(Full::new(call.body.clone()))
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, CallError> {
        let stream = TcpStream::connect(self.target.address).await.map_err(CallError::Connect)?;
        stream.set_nodelay(true).map_err(CallError::Connect)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(CallError::Http)?;
        tokio::task::spawn_local(async move {
            // A failure reaches the caller through its request.
            let _ = connection.await;
        });
        Ok(sender)
    }
}
