//! [`EndpointHandle`]: one endpoint of the catalog with its connections, its limits and its counters.

use core::cell::{Cell, RefCell};
use core::pin::pin;
use core::time::Duration;
use std::rc::Rc;

use exchange_catalog::snapshot::Endpoint;
use exchange_types::NotSent;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout, timeout_at};

use super::connector::Connector;
use super::outgoing::Outgoing;
use super::pool::Pool;
use super::progress::Progress;
use super::stats::{GaugeGuard, count};
use super::target::Target;
use super::tls::Tls;
use super::{EndpointStats, Failure, Reply};

/// Connections that one request tries. A connection that closed before it took a byte of the request is
/// replaced without harm, but not for ever.
const ATTEMPTS_MAX: usize = 3;
/// Requests of one endpoint whose connections or streams are kept past their deadline. A campaign with three posts in a row
/// whose outcome nobody knows gets no more, so this is room for several campaigns; it bounds what a buyer that
/// always hangs can cost.
pub const LATE_MAX: u64 = 16;

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

/// A request's place among those of its endpoint, given up where the request is only listened for any more.
#[derive(Debug, Default)]
struct Place<'a>(RefCell<Option<(SemaphorePermit<'a>, GaugeGuard<'a>)>>);

impl Place<'_> {
    fn leave(&self) {
        self.0.take();
    }

    fn is_left(&self) -> bool {
        self.0.borrow().is_none()
    }
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
    pub(crate) async fn send(&self, request: Outgoing<'_>) -> Result<Reply, Failure> {
        self.0.last_used.set(Instant::now());
        let (progress, place) = (Progress::new(), Place::default());
        // The future is gone before the outcome is looked at, so nothing can leave in between.
        let outcome = timeout_at(request.deadline(), self.0.send_untimed(request, &progress, &place)).await;
        let outcome = outcome.unwrap_or_else(|_| {
            count(&self.stats().timeouts);
            // Its connection closed with it, or its stream was reset; whoever waits finds room.
            self.0.pool.pump();
            Err(progress.timed_out())
        });
        outcome.map_err(|failure| progress.judge(failure))
    }

    /// Sends a request and tells `done` what came of it, by its deadline; where it may have left and has no reply by
    /// then, it is listened for until a later moment, and what comes is returned.
    ///
    /// What is listened for stops nobody. It has no place among the endpoint's requests; over HTTP/1.1 its connection
    /// is not counted, over HTTP/2 it keeps one of the streams that the peer allows, but never the last. There are
    /// few at a time; beyond them the connection closes, or the stream is reset, at the deadline.
    ///
    /// Not cancel-safe, as [`EndpointHandle::send`].
    pub(crate) async fn send_and_listen(
        &self,
        request: Outgoing<'_>,
        until: Instant,
        done: impl FnOnce(Result<Reply, Failure>),
    ) -> Option<Reply> {
        self.0.last_used.set(Instant::now());
        let (progress, place) = (Progress::new(), Place::default());
        let stats = self.stats();
        let mut sending = pin!(Some(self.0.send_untimed(request, &progress, &place)));
        let running = sending.as_mut().as_pin_mut()?;
        if let Ok(outcome) = timeout_at(request.deadline(), running).await {
            done(outcome.map_err(|failure| progress.judge(failure)));
            return None;
        }
        count(&stats.timeouts);
        // From here on the gate of an HTTP/1.1 connection is shut: what was not written is not written any more.
        let failure = progress.judge(progress.timed_out());
        let listens = failure == Failure::Timeout
            && until > Instant::now()
            && stats.late.get() < LATE_MAX
            && self.0.pool.has_room();
        let late = listens.then(|| GaugeGuard::new(&stats.late));
        if late.is_none() {
            sending.set(None);
        }
        place.leave();
        self.0.pool.pump();
        done(Err(failure));
        let reply = timeout_at(until, sending.as_mut().as_pin_mut()?).await;
        sending.set(None);
        drop(late);
        reply.ok()?.ok()
    }
}

impl EndpointState {
    async fn send_untimed<'a>(
        &'a self,
        request: Outgoing<'_>,
        progress: &Progress,
        place: &Place<'a>,
    ) -> Result<Reply, Failure> {
        let target = self.target.as_ref().filter(|target| target.takes(request));
        let target = target.ok_or(Failure::NotSent(NotSent::Address))?;
        let permit = self.take_place().await?;
        place.0.replace(Some((permit, GaugeGuard::new(&self.pool.stats.in_flight))));
        let mut retried = false;
        for _ in 0..ATTEMPTS_MAX {
            progress.waits_for(NotSent::Connect);
            let lease = self.pool.lease().await.map_err(Failure::NotSent)?;
            if lease.is_used() {
                count(&self.pool.stats.reuses);
            }
            if request.deadline() <= Instant::now() {
                self.pool.deliver(lease);
                return Err(Failure::TimeoutBeforeSend(NotSent::Connect));
            }
            let failed = match lease.exchange(target, request, progress).await {
                Ok(exchanged) => {
                    if let Some(connection) = exchanged.reusable
                        && !place.is_left()
                    {
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
            if !failed.stale || !request.retry_stale() || retried {
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
