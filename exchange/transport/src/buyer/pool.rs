//! [`Pool`]: the connections of one endpoint, and those that wait for one.
//!
//! Connections are opened by tasks of their own, so that the end of a ping's short deadline does not stop a
//! handshake that the next ping can use. Whoever waits gets what comes first: a connection that another
//! request gives back, or a new one.

use core::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use exchange_catalog::snapshot::{Endpoint, HttpVersion, Scheme};
use exchange_types::NotSent;
use tokio::sync::oneshot;
use tokio::task::spawn_local;
use tokio::time::Instant;

use super::connector::{Connected, Connector};
use super::http2_link::Http2Link;
use super::lease::{Http1Lease, Lease, OpenPermit, StreamLease};
use super::stats::{EndpointStats, count};
use super::tls::Tls;

/// The connections of one endpoint.
#[derive(Debug)]
pub(crate) struct Pool {
    endpoint: Endpoint,
    connector: Rc<Connector>,
    /// `None` for clear text; the error of unusable settings makes every request fail.
    tls: Option<Result<Tls, NotSent>>,
    pub(crate) stats: EndpointStats,
    /// HTTP/1.1 connections without a request, the latest used last.
    idle: RefCell<Vec<Http1Lease>>,
    shared: RefCell<Option<Rc<Http2Link>>>,
    waiters: RefCell<VecDeque<oneshot::Sender<Result<Lease, NotSent>>>>,
    /// Connections that are being opened.
    connecting: Cell<usize>,
    /// HTTP/1.1 connections that are open or being opened.
    open: Rc<Cell<usize>>,
    /// Whether the endpoint speaks HTTP/2; not known before TLS has negotiated it.
    is_http2: Cell<Option<bool>>,
}

impl Pool {
    pub(crate) fn new(
        endpoint: &Endpoint,
        tls: Option<Result<Tls, NotSent>>,
        connector: Rc<Connector>,
    ) -> Self {
        let is_http2 = match (endpoint.version, endpoint.scheme) {
            (HttpVersion::Http1, _) | (HttpVersion::Auto, Scheme::Http) => Some(false),
            (HttpVersion::Http2, _) => Some(true),
            (HttpVersion::Auto, Scheme::Https) => None,
        };
        Self {
            endpoint: endpoint.clone(),
            connector,
            tls,
            stats: EndpointStats::default(),
            idle: RefCell::default(),
            shared: RefCell::default(),
            waiters: RefCell::default(),
            connecting: Cell::new(0),
            open: Rc::default(),
            is_http2: Cell::new(is_http2),
        }
    }

    /// Waits for a connection that takes a request now.
    ///
    /// Cancel-safe: what comes for a future that was dropped goes to the next.
    pub(crate) async fn lease(self: &Rc<Self>) -> Result<Lease, NotSent> {
        if let Some(lease) = self.take_available() {
            return Ok(lease);
        }
        let (tx, rx) = oneshot::channel();
        self.waiters.borrow_mut().push_back(tx);
        let mut waiting = Waiting { pool: Rc::clone(self), rx };
        self.pump();
        (&mut waiting.rx).await.unwrap_or(Err(NotSent::Connect))
    }

    /// Opens connections ahead of the first request, up to this number over HTTP/1.1, one over HTTP/2.
    pub(crate) fn warm(self: &Rc<Self>, connections: u16) {
        let wanted = if self.is_http2.get() == Some(false) { usize::from(connections) } else { 1 };
        let has_shared = self.shared.borrow().as_ref().is_some_and(|link| !link.is_gone());
        let have = if has_shared { 1 } else { self.open.get() };
        for _ in have..wanted.min(self.connections_max()) {
            self.open_one();
        }
    }

    /// Takes back an HTTP/1.1 connection whose reply was read to its end.
    pub(crate) fn give_back(self: &Rc<Self>, mut lease: Http1Lease) {
        lease.link.used = true;
        lease.link.idle_since = Instant::now();
        self.idle.borrow_mut().push(lease);
        self.pump();
    }

    /// Serves those who wait: with what is there, else by opening connections.
    pub(crate) fn pump(self: &Rc<Self>) {
        while !self.waiters.borrow().is_empty() {
            let Some(lease) = self.take_available() else { break };
            self.deliver(lease);
        }
        self.waiters.borrow_mut().retain(|waiter| !waiter.is_closed());
        let waiting = self.waiters.borrow().len();
        let wanted = if self.is_http2.get() == Some(false) { waiting } else { waiting.min(1) };
        // A live HTTP/2 connection without room is waited for; a second one would only evade the limit.
        let has_shared = self.shared.borrow().as_ref().is_some_and(|link| !link.is_gone());
        while !has_shared && self.connecting.get() < wanted && self.open.get() < self.connections_max() {
            self.open_one();
        }
    }

    /// Closes every connection that carries nothing, for they may all be stale.
    pub(crate) fn discard_idle(&self) {
        self.idle.take();
        let mut shared = self.shared.borrow_mut();
        if shared.as_ref().is_some_and(|link| link.is_gone() || link.streams.get() == 0) {
            *shared = None;
        }
    }

    /// Closes connections that have been idle since before this instant, and those that the other side closed.
    pub(crate) fn close_idle_since(&self, instant: Instant) {
        let mut idle = self.idle.borrow_mut();
        idle.retain_mut(|lease| lease.link.idle_since >= instant && lease.link.is_open());
        let mut shared = self.shared.borrow_mut();
        if shared.as_ref().is_some_and(|link| link.streams.get() == 0 && link.idle_since.get() < instant) {
            *shared = None;
        }
    }

    /// Returns whether others find room beside what is sent now: over HTTP/2 the peer says how many streams its one
    /// connection has, over HTTP/1.1 each has a connection of its own.
    pub(crate) fn has_room(&self) -> bool {
        self.shared.borrow().as_ref().is_none_or(|link| link.is_gone() || link.has_room())
    }

    /// Connections that may be open: those of late replies are besides the endpoint's own.
    fn connections_max(&self) -> usize {
        let late = usize::try_from(self.stats.late.get()).unwrap_or(usize::MAX);
        usize::from(self.endpoint.concurrency_max.max(1)).saturating_add(late)
    }

    fn take_available(self: &Rc<Self>) -> Option<Lease> {
        if let Some(link) = self.shared.borrow().as_ref()
            && !link.is_gone()
        {
            return link.has_room().then(|| Lease::Http2(StreamLease::new(link, self)));
        }
        // The latest used first: those that a burst has left over are the first to be idle for too long.
        let mut idle = self.idle.borrow_mut();
        core::iter::from_fn(|| idle.pop())
            .find_map(|mut lease| lease.link.is_open().then_some(Lease::Http1(lease)))
    }

    /// Gives a lease that carried nothing to the first who still waits, else keeps it.
    pub(crate) fn deliver(self: &Rc<Self>, mut lease: Lease) {
        loop {
            let Some(waiter) = self.waiters.borrow_mut().pop_front() else { break };
            match waiter.send(Ok(lease)) {
                Err(Ok(returned)) => lease = returned,
                Ok(()) | Err(Err(_)) => return,
            }
        }
        self.keep(lease);
    }

    fn keep(self: &Rc<Self>, lease: Lease) {
        match lease {
            Lease::Http1(lease) => self.idle.borrow_mut().push(lease),
            // Its stream was never opened; dropping it makes room.
            Lease::Http2(lease) => drop(lease),
        }
    }

    fn open_one(self: &Rc<Self>) {
        self.connecting.set(self.connecting.get() + 1);
        let permit = OpenPermit::new(&self.open);
        let pool = Rc::clone(self);
        spawn_local(async move {
            let connected = pool.connect().await;
            pool.connecting.set(pool.connecting.get() - 1);
            match connected {
                Ok(connected) => pool.install(connected, permit),
                Err(cause) => {
                    drop(permit);
                    pool.fail(cause);
                }
            }
            pool.pump();
        });
    }

    async fn connect(&self) -> Result<Connected, NotSent> {
        let tls = match &self.tls {
            None => None,
            Some(Ok(tls)) => Some(tls),
            Some(Err(cause)) => return Err(*cause),
        };
        self.connector.connect(&self.endpoint, tls).await
    }

    fn install(self: &Rc<Self>, connected: Connected, permit: OpenPermit) {
        count(&self.stats.connects);
        match connected {
            Connected::Http1(link) => {
                self.is_http2.set(Some(false));
                self.deliver(Lease::Http1(Http1Lease { link, _permit: permit }));
            }
            Connected::Http2(link) => {
                self.is_http2.set(Some(true));
                self.shared.replace(Some(Rc::new(link)));
            }
        }
    }

    /// Tells those who waited for a connection that it cannot be had.
    fn fail(&self, cause: NotSent) {
        count(&self.stats.connect_failures);
        // Over HTTP/1.1 each opens its own; otherwise all waited for this one.
        let mut failed = if self.is_http2.get() == Some(false) { 1 } else { usize::MAX };
        while failed > 0 {
            let Some(waiter) = self.waiters.borrow_mut().pop_front() else { break };
            if waiter.send(Err(cause)).is_ok() {
                failed -= 1;
            }
        }
    }
}

/// One who waits. Dropped early, what was already delivered goes back.
struct Waiting {
    pool: Rc<Pool>,
    rx: oneshot::Receiver<Result<Lease, NotSent>>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.rx.close();
        if let Ok(Ok(lease)) = self.rx.try_recv() {
            self.pool.deliver(lease);
        }
    }
}
