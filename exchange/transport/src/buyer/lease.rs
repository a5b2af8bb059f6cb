//! [`Lease`]: a connection, or a stream of one, for the length of one request.

use core::cell::Cell;
use core::error::Error as _;
use std::rc::Rc;

use exchange_types::NotSent;
use tokio::time::Instant;

use super::http1_link::{Http1Link, Received};
use super::http2_link::Http2Link;
use super::outgoing::Outgoing;
use super::pool::Pool;
use super::progress::Progress;
use super::target::Target;
use super::{Failure, Reply};

/// A connection for one request.
#[derive(Debug)]
pub(crate) enum Lease {
    Http1(Http1Lease),
    Http2(StreamLease),
}

/// An attempt that failed, and what that allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FailedAttempt {
    pub(crate) failure: Failure,
    /// Certainly not a byte of the request left, or ever will: it may go over another connection.
    pub(crate) unwritten: bool,
    /// The connection had served before and broke before a byte of the reply came.
    pub(crate) stale: bool,
}

impl FailedAttempt {
    const fn final_failure(failure: Failure) -> Self {
        Self { failure, unwritten: false, stale: false }
    }
}

impl Lease {
    /// Returns whether the connection has carried a request before.
    pub(crate) fn is_used(&self) -> bool {
        match self {
            Self::Http1(lease) => lease.link.used,
            Self::Http2(lease) => lease.link.used.get(),
        }
    }

    /// Sends a request and reads its reply.
    ///
    /// Not cancel-safe: a future dropped early closes the connection or resets the stream. `progress` then
    /// knows whether the request may have left.
    pub(crate) async fn exchange(
        self,
        target: &Target,
        request: Outgoing<'_>,
        progress: &Progress,
    ) -> Result<Exchanged, FailedAttempt> {
        match self {
            Self::Http1(lease) => lease.exchange(target, request, progress).await,
            // Boxed: it is three times as large as the other, which every request would carry.
            Self::Http2(lease) => Box::pin(lease.exchange(target, request, progress)).await,
        }
    }
}

/// A reply, with the connection if it can serve again.
#[derive(Debug)]
pub(crate) struct Exchanged {
    pub(crate) reply: Reply,
    pub(crate) reusable: Option<Http1Lease>,
}

/// Counts an HTTP/1.1 connection as open.
#[derive(Debug)]
pub(crate) struct OpenPermit(Rc<Cell<usize>>);

impl OpenPermit {
    pub(crate) fn new(open: &Rc<Cell<usize>>) -> Self {
        open.set(open.get() + 1);
        Self(Rc::clone(open))
    }
}

impl Drop for OpenPermit {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

/// An HTTP/1.1 connection without a request.
#[derive(Debug)]
pub(crate) struct Http1Lease {
    pub(crate) link: Http1Link,
    pub(crate) _permit: OpenPermit,
}

impl Http1Lease {
    async fn exchange(
        mut self,
        target: &Target,
        request: Outgoing<'_>,
        progress: &Progress,
    ) -> Result<Exchanged, FailedAttempt> {
        let gate = Rc::clone(&self.link.gate);
        gate.begin();
        progress.handed_to(Rc::clone(&gate));
        let write = |out: &mut Vec<u8>| target.write(request, out);
        match self.link.exchange(write, request.reply_bytes_max()).await {
            Ok(Received { reply, keeps_open }) => {
                Ok(Exchanged { reply, reusable: keeps_open.then_some(self) })
            }
            Err(failure) => {
                // The gate is shut, so that what it has seen stays true.
                let unwritten = !gate.shut();
                let stale = self.link.used && !gate.answered();
                Err(FailedAttempt { failure, unwritten, stale })
            }
        }
    }
}

/// One of the streams that the peer of an HTTP/2 connection allows.
#[derive(Debug)]
pub(crate) struct StreamLease {
    link: Rc<Http2Link>,
    pool: Rc<Pool>,
}

impl StreamLease {
    pub(crate) fn new(link: &Rc<Http2Link>, pool: &Rc<Pool>) -> Self {
        link.streams.set(link.streams.get() + 1);
        Self { link: Rc::clone(link), pool: Rc::clone(pool) }
    }

    async fn exchange(
        self,
        target: &Target,
        request: Outgoing<'_>,
        progress: &Progress,
    ) -> Result<Exchanged, FailedAttempt> {
        let used = self.link.used.replace(true);
        let mut sender = self.link.sender();
        progress.handed_to_shared();
        match sender.try_send_request(target.message(request)).await {
            Ok(response) => {
                let reply = Reply::read(response, request.reply_bytes_max())
                    .await
                    .map_err(FailedAttempt::final_failure)?;
                Ok(Exchanged { reply, reusable: None })
            }
            Err(mut error) => {
                // The connection's bytes belong to many streams, so only what the codec hands back is
                // certain not to have left.
                let unwritten = error.take_message().is_some();
                if unwritten {
                    self.link.retired.set(true);
                }
                let failure =
                    if is_refused_stream(error.error()) { NOT_PROCESSED } else { failure_of(error.error()) };
                Err(FailedAttempt { failure, unwritten, stale: used && failure != NOT_PROCESSED })
            }
        }
    }
}

impl Drop for StreamLease {
    fn drop(&mut self) {
        self.link.streams.set(self.link.streams.get().saturating_sub(1));
        self.link.idle_since.set(Instant::now());
        self.pool.pump();
    }
}

const NOT_PROCESSED: Failure = Failure::NotSent(NotSent::RefusedStream);

fn failure_of(error: &hyper::Error) -> Failure {
    if error.is_parse_too_large() {
        Failure::ReplyTooLarge { status: None }
    } else if error.is_parse() {
        Failure::BadReply
    } else {
        Failure::Broken
    }
}

/// RFC 9113, section 8.7: `REFUSED_STREAM` from the peer states that nothing was processed. A `GOAWAY` below
/// the stream's number states the same, but cannot be told apart here from one above it.
fn is_refused_stream(error: &hyper::Error) -> bool {
    let cause = error.source().and_then(|source| source.downcast_ref::<h2::Error>());
    cause.is_some_and(|error| {
        error.is_reset() && error.is_remote() && error.reason() == Some(h2::Reason::REFUSED_STREAM)
    })
}
