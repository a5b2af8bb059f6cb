//! [`Http2Link`]: an open HTTP/2 connection to an endpoint, and the task that drives it.

use core::cell::{Cell, RefCell};
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::Poll;
use std::rc::Rc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http2;
use hyper_util::rt::TokioIo;
use tokio::task::spawn_local;
use tokio::time::Instant;

use crate::tcp_or_tls::TcpOrTls;

type Http2Connection = http2::Connection<TokioIo<TcpOrTls>, Full<Bytes>, LocalExecutor>;

/// Spawns the codec's tasks on the shard's own thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalExecutor;

impl<F: Future + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        spawn_local(async move { drop(future.await) });
    }
}

/// An HTTP/2 connection: many requests at a time. It closes when it was let go and its streams have ended.
#[derive(Debug)]
pub(crate) struct Http2Link {
    sender: http2::SendRequest<Full<Bytes>>,
    /// Kept for the limit of streams, which the peer may change at any time. Borrowed by its driver only
    /// while that polls; gone once it has ended, for the codec hands unsent requests back when it is dropped.
    connection: Rc<RefCell<Option<Http2Connection>>>,
    /// Requests that it carries now.
    pub(crate) streams: Cell<usize>,
    /// Whether it takes no more requests: the peer is going away.
    pub(crate) retired: Cell<bool>,
    /// Whether it has carried a request before.
    pub(crate) used: Cell<bool>,
    /// Since when it has been idle.
    pub(crate) idle_since: Cell<Instant>,
}

impl Http2Link {
    /// Takes a fresh connection and starts its driver.
    pub(crate) fn start(sender: http2::SendRequest<Full<Bytes>>, connection: Http2Connection) -> Self {
        let connection = Rc::new(RefCell::new(Some(connection)));
        let driven = Rc::clone(&connection);
        spawn_local(poll_fn(move |cx| {
            let mut connection = driven.borrow_mut();
            let ended = connection.as_mut().is_none_or(|running| Pin::new(running).poll(cx).is_ready());
            if ended {
                *connection = None;
                return Poll::Ready(());
            }
            Poll::Pending
        }));
        Self {
            sender,
            connection,
            streams: Cell::new(0),
            retired: Cell::new(false),
            used: Cell::new(false),
            idle_since: Cell::new(Instant::now()),
        }
    }

    /// Returns whether it will never take a request again.
    pub(crate) fn is_gone(&self) -> bool {
        self.retired.get() || self.connection.borrow().is_none()
    }

    /// Returns whether the peer lets it carry one more request.
    pub(crate) fn has_room(&self) -> bool {
        let connection = self.connection.borrow();
        connection.as_ref().is_some_and(|running| self.streams.get() < running.current_max_send_streams())
    }

    pub(crate) fn sender(&self) -> http2::SendRequest<Full<Bytes>> {
        self.sender.clone()
    }
}
