//! [`WriteGate`]: knows whether a byte of a request may have left, and can forbid that one still does.
//!
//! The question decides whether a lead may be offered to the next buyer, so it is answered at the one place
//! that every byte passes, and not by what an error looks like. The gate stands between the HTTP codec and
//! the connection, above TLS; what a TLS session has taken counts as gone.

use core::cell::Cell;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;
use std::rc::Rc;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The gate of one connection.
#[derive(Debug, Default)]
pub(crate) struct WriteGate {
    passed: Cell<bool>,
    answered: Cell<bool>,
    shut: Cell<bool>,
}

impl WriteGate {
    /// Begins a request: nothing of it has passed, nothing has come back.
    pub(crate) fn begin(&self) {
        self.passed.set(false);
        self.answered.set(false);
    }

    /// Lets nothing pass from now on, and returns whether a byte may have passed since [`WriteGate::begin`].
    pub(crate) fn shut(&self) -> bool {
        self.shut.set(true);
        self.passed.get()
    }

    /// Returns whether a byte came back since [`WriteGate::begin`].
    pub(crate) fn answered(&self) -> bool {
        self.answered.get()
    }

    fn pass(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        // An error may come after some bytes had left. Only "would block" took nothing.
        if written.is_ready() {
            self.passed.set(true);
        }
        written
    }

    fn refuse(&self) -> Option<io::Error> {
        self.shut.get().then(|| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

/// A connection behind a [`WriteGate`].
#[derive(Debug)]
pub(crate) struct Gated<S> {
    stream: S,
    gate: Rc<WriteGate>,
}

impl<S> Gated<S> {
    pub(crate) const fn new(stream: S, gate: Rc<WriteGate>) -> Self {
        Self { stream, gate }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gated<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            this.gate.answered.set(true);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gated<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Some(error) = this.gate.refuse() {
            return Poll::Ready(Err(error));
        }
        this.gate.pass(Pin::new(&mut this.stream).poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Some(error) = this.gate.refuse() {
            return Poll::Ready(Err(error));
        }
        this.gate.pass(Pin::new(&mut this.stream).poll_write_vectored(cx, bufs))
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test]
    async fn a_byte_that_passed_is_remembered_until_the_next_request() {
        let (near, mut far) = duplex(8);
        let gate = Rc::new(WriteGate::default());
        let mut gated = Gated::new(near, Rc::clone(&gate));
        gate.begin();
        gated.write_all(b"x").await.expect("room");
        far.write_all(b"y").await.expect("room");
        assert_eq!(gated.read_u8().await.expect("a byte"), b'y');
        assert!(gate.passed.get() && gate.answered());
        gate.begin();
        assert!(!gate.answered() && !gate.shut());
    }

    #[tokio::test]
    async fn nothing_passes_a_shut_gate() {
        let (near, far) = duplex(8);
        let gate = Rc::new(WriteGate::default());
        let mut gated = Gated::new(near, Rc::clone(&gate));
        gate.begin();
        assert!(!gate.shut());
        gated.write_all(b"x").await.expect_err("the gate is shut");
        assert!(!gate.shut());
        drop((gated, far));
    }

    #[tokio::test]
    async fn a_write_that_would_block_has_not_passed() {
        let (near, _far) = duplex(1);
        let gate = Rc::new(WriteGate::default());
        let mut gated = Gated::new(near, Rc::clone(&gate));
        gated.write_all(b"x").await.expect("room for one");
        gate.begin();
        let blocked = tokio::select! {
            biased;
            _ = gated.write_all(b"y") => false,
            () = core::future::ready(()) => true,
        };
        assert!(blocked && !gate.shut());
    }
}
