//! [`Activity`]: what a connection is doing, seen from its bytes.

use core::cell::{Cell, RefCell};
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;
use std::rc::Rc;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::ServerLimits;
use super::head_scanner::HeadScanner;

/// What a connection is doing.
#[derive(Debug)]
pub(crate) struct Activity {
    stage: Cell<Stage>,
    scanner: RefCell<HeadScanner>,
}

/// What a connection waits for, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// For a request.
    Idle(Instant),
    /// For the end of a head.
    Head(Instant),
    /// For the rest of a request and then its answer.
    Busy(Instant),
}

impl Activity {
    pub(crate) fn new() -> Self {
        Self { stage: Cell::new(Stage::Idle(Instant::now())), scanner: RefCell::default() }
    }

    pub(crate) const fn stage(&self) -> Stage {
        self.stage.get()
    }

    /// Returns when the connection is given up unless something happens.
    pub(crate) fn deadline(&self, limits: &ServerLimits) -> Instant {
        match self.stage.get() {
            Stage::Idle(since) => since + limits.idle_max,
            Stage::Head(since) => since + limits.header_wait_max,
            Stage::Busy(since) => since + limits.request_wait_max + limits.answer_wait_max,
        }
    }

    /// The codec has read a head. Returns when its first byte came.
    pub(crate) fn begin_request(&self) -> Instant {
        let started_at = match self.stage.get() {
            Stage::Head(since) => since,
            // The head came with the end of the request before it.
            Stage::Idle(_) | Stage::Busy(_) => Instant::now(),
        };
        self.stage.set(Stage::Busy(started_at));
        started_at
    }

    /// The answer is there.
    pub(crate) fn end_request(&self) {
        let now = Instant::now();
        let mid_head = self.scanner.borrow().is_mid_head();
        self.stage.set(if mid_head { Stage::Head(now) } else { Stage::Idle(now) });
    }

    pub(crate) fn is_conflicting(&self) -> bool {
        self.scanner.borrow().is_conflicting()
    }

    pub(crate) fn is_unframed(&self) -> bool {
        self.scanner.borrow().is_unframed()
    }

    fn has_read(&self, bytes: &[u8]) {
        if let Stage::Idle(_) = self.stage.get()
            && !bytes.is_empty()
        {
            self.stage.set(Stage::Head(Instant::now()));
        }
        self.scanner.borrow_mut().scan(bytes);
    }
}

/// A connection that reports what is read to its [`Activity`].
#[derive(Debug)]
pub(crate) struct Watched<S> {
    pub(crate) stream: S,
    pub(crate) activity: Rc<Activity>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buf);
        this.activity.has_read(buf.filled().get(before..).unwrap_or(&[]));
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
