//! [`HttpAnswer`]: what a seller gets, before transport sends it.

use exchange_wire::problem::{CONTENT_TYPE, Problem};

/// An answer as the seller's server sends it.
#[derive(Debug)]
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) allow: Option<&'static str>,
    pub(crate) retry_after_s: Option<u32>,
    pub(crate) replayed: bool,
}

const JSON: &str = "application/json";
impl HttpAnswer {
    pub(crate) fn json(body: Vec<u8>) -> Self {
        Self { status: 200, content_type: JSON, body, allow: None, retry_after_s: None, replayed: false }
    }

    pub(crate) fn problem(problem: &Problem) -> Self {
        let mut body = Vec::with_capacity(256);
        problem.render(&mut body);
        Self {
            status: problem.status(),
            content_type: CONTENT_TYPE,
            retry_after_s: problem.retry_after_s,
            ..Self::json(body)
        }
    }

    pub(crate) fn health(up: bool) -> Self {
        let (status, body) = if up { (200, r#"{"status":"ok"}"#) } else { (503, r#"{"status":"draining"}"#) };
        Self { status, ..Self::json(body.into()) }
    }
}
