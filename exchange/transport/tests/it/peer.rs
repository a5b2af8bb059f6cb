//! What the tests share: a runtime, scripted peers, and requests to them.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use exchange_catalog::snapshot::{Endpoint, HttpVersion, Scheme};
use exchange_transport::{
    AddressGuard, BuyerClient, ClientConfig, EndpointHandle, Failure, Network, Reply, Request, RequestHeaders,
};
use exchange_types::Nanos;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, timeout};

/// Longer than any test takes: it only turns a hang into a failure.
const GUARD: Duration = Duration::from_secs(30);
/// For deadlines that are meant to pass.
pub(crate) const SHORT: Duration = Duration::from_millis(150);
/// For deadlines that are not.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// Runs a test as a shard runs: one thread with a `LocalSet`.
pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
    LocalSet::new().block_on(&runtime, async { timeout(GUARD, test).await.expect("the test ends in time") });
}

/// Starts a peer that runs `script` for each connection, with its number from zero. Returns its port.
pub(crate) async fn scripted<F>(script: impl Fn(TcpStream, usize) -> F + 'static) -> u16
where
    F: Future<Output = ()> + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("a bound listener").port();
    spawn_local(async move {
        for number in 0.. {
            let (stream, _) = listener.accept().await.expect("a connection");
            spawn_local(script(stream, number));
        }
    });
    port
}

/// Reads one request with a `Content-Length` and returns it whole; empty if the client closed instead.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.parse().expect("a length"));
            if body.len() >= length {
                return text;
            }
        }
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => return String::new(),
            Ok(_) => {}
        }
    }
}

pub(crate) fn endpoint(port: u16) -> Endpoint {
    Endpoint {
        scheme: Scheme::Http,
        host: "127.0.0.1".into(),
        port,
        path: "/ping?key=1".into(),
        version: HttpVersion::Auto,
        concurrency_max: 16,
        queue_max: 16,
        queue_wait_max: Nanos::from_secs(20),
        ca_pem: None,
    }
}

pub(crate) fn client() -> BuyerClient {
    let guard = AddressGuard::new([Network::v4([127, 0, 0, 0], 8)]);
    BuyerClient::new(ClientConfig { guard, ..ClientConfig::default() })
}

pub(crate) fn request(patience: Duration) -> Request {
    Request {
        headers: RequestHeaders::default(),
        body: "{}".into(),
        deadline: Instant::now() + patience,
        reply_bytes_max: 64,
        retry_stale: false,
    }
}

/// Sends a request and waits for what comes of it.
pub(crate) fn send(
    client: &Rc<BuyerClient>,
    endpoint: &EndpointHandle,
    request: Request,
) -> impl Future<Output = Result<Reply, Failure>> + use<> {
    let (tx, rx) = oneshot::channel();
    client.send(endpoint, request, move |outcome| tx.send(outcome).expect("the test waits"));
    async { rx.await.expect("`done` is called") }
}
