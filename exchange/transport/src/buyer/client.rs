//! [`BuyerClient`]: all endpoints of one shard.

use core::cell::RefCell;
use core::time::Duration;
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use exchange_catalog::snapshot::{Endpoint, Scheme};
use exchange_types::NotSent;
use rustls::RootCertStore;
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::connector::Connector;
use super::outgoing::Outgoing;
use super::resolver::Resolver;
use super::tls::{Tls, public_roots};
use super::{Call, EndpointHandle, Failure, Question, Reply, Request};
use crate::AddressGuard;

/// How often idle connections and unused endpoints are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// What a [`BuyerClient`] needs to know.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Which addresses may be connected to.
    pub guard: AddressGuard,
    /// The most time from the look-up of a name to the end of the handshake; 3 s by default. It does not
    /// lengthen a request's deadline: a connection that comes too late for one request serves the next.
    pub connect_timeout: Duration,
    /// After how long without a request a connection is closed; 50 s by default, below the minute after
    /// which servers and load balancers usually close theirs.
    pub idle_max: Duration,
    /// After how long without a request an endpoint that no catalog holds any more is forgotten; 5 min by
    /// default.
    pub unused_max: Duration,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            guard: AddressGuard::default(),
            connect_timeout: Duration::from_secs(3),
            idle_max: Duration::from_secs(50),
            unused_max: Duration::from_mins(5),
        }
    }
}

/// Sends messages to buyers, over connections that it keeps. One for each shard, on its thread.
///
/// Ask for each endpoint once with [`BuyerClient::endpoint`] and keep the handle; then
/// [`BuyerClient::send`].
#[derive(Debug)]
pub struct BuyerClient {
    endpoints: Rc<Endpoints>,
    connector: Rc<Connector>,
    public_roots: Arc<RootCertStore>,
    sweeper: AbortHandle,
}

#[derive(Debug)]
struct Endpoints {
    by_content: RefCell<BTreeMap<Endpoint, EndpointHandle>>,
    idle_max: Duration,
    unused_max: Duration,
}

impl BuyerClient {
    /// Returns a client without connections.
    ///
    /// # Panics
    ///
    /// Outside of a `LocalSet`.
    pub fn new(config: ClientConfig) -> Self {
        let ClientConfig { guard, connect_timeout, idle_max, unused_max } = config;
        let endpoints = Rc::new(Endpoints { by_content: RefCell::default(), idle_max, unused_max });
        let sweeper = spawn_local(sweep(Rc::downgrade(&endpoints))).abort_handle();
        Self {
            endpoints,
            connector: Rc::new(Connector { guard, resolver: Resolver::default(), connect_timeout }),
            public_roots: public_roots(),
            sweeper,
        }
    }

    /// Returns the handle of an endpoint: the same one for equal content, so that a new catalog keeps the
    /// connections, queues and counters.
    pub fn endpoint(&self, endpoint: &Endpoint) -> EndpointHandle {
        if let Some(handle) = self.endpoints.by_content.borrow().get(endpoint) {
            return handle.clone();
        }
        let tls = (endpoint.scheme == Scheme::Https).then(|| {
            Tls::new(endpoint, &self.public_roots).map_err(|error| {
                tracing::error!(host = &*endpoint.host, %error, "endpoint has no usable TLS settings");
                NotSent::Tls
            })
        });
        let handle = EndpointHandle::new(endpoint, tls, Rc::clone(&self.connector));
        self.endpoints.by_content.borrow_mut().insert(endpoint.clone(), handle.clone());
        handle
    }

    /// Sends a request. `done` is called once, by the deadline at the latest, and never from within this
    /// call.
    ///
    /// # Panics
    ///
    /// Outside of a `LocalSet`.
    pub fn send(
        &self,
        endpoint: &EndpointHandle,
        request: Request,
        done: impl FnOnce(Result<Reply, Failure>) + 'static,
    ) {
        let endpoint = endpoint.clone();
        spawn_local(async move { done(endpoint.send(Outgoing::Message(&request)).await) });
    }

    /// Calls a URL. `done` is called as [`BuyerClient::send`] says.
    ///
    /// # Panics
    ///
    /// Outside of a `LocalSet`.
    pub fn call(
        &self,
        endpoint: &EndpointHandle,
        call: Call,
        done: impl FnOnce(Result<Reply, Failure>) + 'static,
    ) {
        let endpoint = endpoint.clone();
        spawn_local(async move { done(endpoint.send(Outgoing::Call(&call)).await) });
    }

    /// Sends a request as [`BuyerClient::send`] does. Where it may have left and has no reply by its deadline, `late`
    /// is called with a reply that comes until a later moment; at most [`super::LATE_MAX`] requests of an endpoint are listened for
    /// at a time.
    ///
    /// # Panics
    ///
    /// Outside of a `LocalSet`.
    pub fn send_and_listen(
        &self,
        endpoint: &EndpointHandle,
        (request, until): (Request, Instant),
        done: impl FnOnce(Result<Reply, Failure>) + 'static,
        late: impl FnOnce(Reply) + 'static,
    ) {
        let endpoint = endpoint.clone();
        spawn_local(async move {
            if let Some(reply) = endpoint.send_and_listen(Outgoing::Message(&request), until, done).await {
                late(reply);
            }
        });
    }

    /// Asks a status endpoint about a post. `done` is called once, by the deadline at the latest, and never from
    /// within this call.
    ///
    /// # Panics
    ///
    /// Outside of a `LocalSet`.
    pub fn ask(
        &self,
        endpoint: &EndpointHandle,
        question: Question,
        done: impl FnOnce(Result<Reply, Failure>) + 'static,
    ) {
        let endpoint = endpoint.clone();
        spawn_local(async move { done(endpoint.send(Outgoing::Question(&question)).await) });
    }

    /// Opens connections ahead of the first request: so many over HTTP/1.1, one over HTTP/2.
    ///
    /// # Panics
    ///
    /// Outside of a `LocalSet`.
    pub fn warm(&self, endpoint: &EndpointHandle, connections: u16) {
        endpoint.pool().warm(connections);
    }
}

impl Drop for BuyerClient {
    fn drop(&mut self) {
        self.sweeper.abort();
    }
}

/// Closes idle connections and forgets unused endpoints, for as long as the client lives.
async fn sweep(endpoints: Weak<Endpoints>) {
    let mut ticks = interval(SWEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(endpoints) = endpoints.upgrade() else { return };
        let now = Instant::now();
        // A process that has just started knows no instant so long ago; then nothing is that old.
        let (idle_since, unused_since) =
            (now.checked_sub(endpoints.idle_max), now.checked_sub(endpoints.unused_max));
        endpoints.by_content.borrow_mut().retain(|_, handle| {
            if let Some(instant) = idle_since {
                handle.pool().close_idle_since(instant);
            }
            !unused_since.is_some_and(|instant| handle.is_unused_since(instant))
        });
    }
}
