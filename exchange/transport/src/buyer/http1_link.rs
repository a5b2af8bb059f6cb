//! [`Http1Link`]: an open HTTP/1.1 connection, and the codec of one request and its reply.
//!
//! A request and its reply are short, and nothing else happens on the connection meanwhile. So there is no task
//! and no queue between them: the request goes out in one write, and the reply is read into the connection's one
//! buffer by whoever sent the request.

use core::pin::Pin;
use core::task::{Context, Waker};
use std::rc::Rc;

use bytes::Bytes;
use exchange_types::limits;
use tokio::io::{AsyncRead as _, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};
use tokio::time::Instant;

use super::chunks::Chunks;
use super::reply_head::{Framing, ReplyHead};
use super::write_gate::{Gated, WriteGate};
use super::{Failure, Reply};
use crate::tcp_or_tls::TcpOrTls;

/// Room for what is read at a time: most replies whole.
const READ_BYTES: usize = 2 * 1_024;
/// A buffer that has grown beyond this is given back after the request.
const BUFFER_BYTES_KEPT: usize = 8 * 1_024;
/// Interim replies before the one that counts. Nothing that is sent asks for any.
const INTERIM_REPLIES_MAX: usize = 4;

/// An HTTP/1.1 connection: one request at a time. Dropping it closes it.
#[derive(Debug)]
pub(crate) struct Http1Link {
    stream: Gated<TcpOrTls>,
    pub(crate) gate: Rc<WriteGate>,
    /// What is sent, then what has come and was not read yet.
    buffer: Vec<u8>,
    /// Whether it has carried a request before.
    pub(crate) used: bool,
    /// Since when it has been idle.
    pub(crate) idle_since: Instant,
}

/// What came over a connection, and whether it can serve again.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) reply: Reply,
    pub(crate) keeps_open: bool,
}

impl Http1Link {
    pub(crate) fn new(stream: TcpOrTls) -> Self {
        let gate = Rc::new(WriteGate::default());
        let stream = Gated::new(stream, Rc::clone(&gate));
        Self { stream, gate, buffer: Vec::new(), used: false, idle_since: Instant::now() }
    }

    /// Returns whether an idle connection can still serve: nothing has come, not even its end.
    ///
    /// Asks the system only where it has announced something.
    pub(crate) fn is_open(&mut self) -> bool {
        let mut byte = [0];
        let mut read = ReadBuf::new(&mut byte);
        let mut context = Context::from_waker(Waker::noop());
        Pin::new(&mut self.stream).poll_read(&mut context, &mut read).is_pending()
    }

    /// Sends a request, whose bytes `write` appends to a buffer, and reads the reply.
    ///
    /// Not cancel-safe: a connection whose future was dropped early has to be dropped too.
    pub(crate) async fn exchange(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>),
        body_bytes_max: usize,
    ) -> Result<Received, Failure> {
        self.buffer.clear();
        write(&mut self.buffer);
        self.stream.write_all(&self.buffer).await.map_err(|_| Failure::Broken)?;
        self.stream.flush().await.map_err(|_| Failure::Broken)?;
        self.buffer.clear();
        let head = self.read_head().await?;
        let too_large = Failure::ReplyTooLarge { status: Some(head.status) };
        let body = match head.framing {
            Framing::Bytes(length) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                if length > body_bytes_max {
                    return Err(too_large);
                }
                while self.buffer.len() < length {
                    self.read_more().await?;
                }
                self.take(length)
            }
            Framing::Chunked => self.read_chunks(body_bytes_max, too_large).await?,
            Framing::UntilClose => {
                while self.read().await? > 0 {
                    if self.buffer.len() > body_bytes_max {
                        return Err(too_large);
                    }
                }
                self.take(self.buffer.len())
            }
        };
        // Bytes that belong to no request make every later reply doubtful.
        let keeps_open = head.keeps_open && self.buffer.is_empty();
        self.buffer.shrink_to(BUFFER_BYTES_KEPT);
        Ok(Received { reply: Reply { status: head.status, body }, keeps_open })
    }

    async fn read_head(&mut self) -> Result<ReplyHead, Failure> {
        let mut interim = 0;
        let mut seen = 0_usize;
        loop {
            // A head that comes a byte at a time is not parsed anew for each of them.
            let ends = self.buffer.get(seen.saturating_sub(3)..).is_some_and(has_empty_line);
            let is_worth_reading = seen == 0 || ends;
            seen = self.buffer.len();
            if is_worth_reading
                && seen > 0
                && let Some(head) = ReplyHead::parse(&self.buffer)?
            {
                self.skip(head.bytes);
                if !head.is_interim() {
                    return Ok(head);
                }
                interim += 1;
                if interim > INTERIM_REPLIES_MAX {
                    return Err(Failure::BadReply);
                }
                seen = 0;
                continue;
            }
            if seen > limits::HEADER_BYTES_MAX {
                return Err(Failure::ReplyTooLarge { status: None });
            }
            self.read_more().await?;
        }
    }

    async fn read_chunks(&mut self, body_bytes_max: usize, too_large: Failure) -> Result<Bytes, Failure> {
        let (mut chunks, mut body) = (Chunks::new(), Vec::new());
        loop {
            let read = chunks.read(&self.buffer, &mut body)?;
            self.skip(read);
            if body.len() > body_bytes_max {
                return Err(too_large);
            }
            if chunks.is_done() {
                return Ok(Bytes::from(body));
            }
            self.read_more().await?;
        }
    }

    /// Takes so many bytes from the front of what has come.
    fn take(&mut self, length: usize) -> Bytes {
        let taken = self.buffer.get(..length).map(Bytes::copy_from_slice).unwrap_or_default();
        self.skip(length);
        taken
    }

    fn skip(&mut self, length: usize) {
        self.buffer.drain(..length.min(self.buffer.len()));
    }

    async fn read_more(&mut self) -> Result<(), Failure> {
        if self.read().await? == 0 { Err(Failure::Broken) } else { Ok(()) }
    }

    async fn read(&mut self) -> Result<usize, Failure> {
        self.buffer.reserve(READ_BYTES);
        self.stream.read_buf(&mut self.buffer).await.map_err(|_| Failure::Broken)
    }
}

fn has_empty_line(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair == b"\n\n") || bytes.windows(3).any(|three| three == b"\n\r\n")
}
