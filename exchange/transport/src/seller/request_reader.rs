//! [`Requests`]: what the requests of one connection share, and how one is read and answered.

use core::cell::Cell;
use core::net::SocketAddr;
use std::rc::Rc;

use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use super::{Answer, Handler, Refusal, Responder, SellerRequest, ServerLimits};
use crate::bounded_body::{self, BodyError};

/// What the requests of one connection share.
#[derive(Debug)]
pub(crate) struct Requests<H> {
    pub(crate) handler: Rc<H>,
    /// Those in force; a reload changes them while connections are open.
    pub(crate) limits: Rc<Cell<ServerLimits>>,
    pub(crate) peer: SocketAddr,
}

impl<H: Handler> Requests<H> {
    /// Reads a request to its end and hands it over. Returns the answer, or why it cannot be read.
    ///
    /// Not cancel-safe: a future dropped early loses what it has read; what the handler has begun goes on.
    pub(crate) async fn answer(
        &self,
        head: Parts,
        incoming: &mut Incoming,
        started_at: Instant,
    ) -> Result<Answer, Refusal> {
        let limits = self.limits.get();
        let reading = read_body(incoming, limits.body_bytes_max);
        let deadline = started_at + limits.request_wait_max;
        let body = timeout_at(deadline, reading).await.unwrap_or(Err(Refusal::Timeout))?;
        let (responder, answer) = Responder::pair();
        let Parts { method, uri, headers, .. } = head;
        let peer = self.peer;
        self.handler.handle(SellerRequest { method, uri, headers, body, peer, started_at }, responder);
        Ok(answer.await.unwrap_or(Answer::new(StatusCode::INTERNAL_SERVER_ERROR)))
    }
}

async fn read_body(incoming: &mut Incoming, bytes_max: usize) -> Result<Bytes, Refusal> {
    bounded_body::read(incoming, bytes_max).await.map_err(|error| match error {
        BodyError::TooLarge => Refusal::BodyTooLarge { bytes_max },
        BodyError::Broken => Refusal::BrokenBody,
    })
}
