//! [`SellerHandler`]: from transport's requests to a shard's events, and back.

use std::rc::Rc;

use exchange_transport::{Answer, Handler, Refusal, Responder, SellerRequest};
use exchange_wire::ProblemKind;
use exchange_wire::problem::Problem;
use http::header::{ALLOW, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Method as HttpMethod, StatusCode};

use super::answer_body::RETRY_SOON;
use super::event::{Deliver, Event};
use super::http_answer::HttpAnswer;
use super::intake::{Intake, Method};
use super::runtime::ShardRuntime;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Hands requests to a shard.
#[derive(Debug)]
pub(crate) struct SellerHandler(pub(crate) Rc<ShardRuntime>);

impl Handler for SellerHandler {
    fn handle(&self, request: SellerRequest, responder: Responder) {
        let method = if request.method == HttpMethod::POST {
            Method::Post
        } else if request.method == HttpMethod::GET {
            Method::Get
        } else if request.method == HttpMethod::DELETE {
            Method::Delete
        } else {
            Method::Other
        };
        let intake = Intake {
            method,
            path: request.uri.path().to_owned(),
            peer: request.peer.ip(),
            authorization: request.header(AUTHORIZATION).map(str::to_owned),
            content_type: request.header(CONTENT_TYPE).map(str::to_owned),
            encoded: request.headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity"),
            idempotency_key: idempotency_key(&request),
            body: request.body,
            respond: Box::new(move |answer| {
                // A seller that hung up finds the answer under its key.
                drop(responder.send(into_transport(answer)));
            }),
        };
        self.0.deliver(Event::Request(Box::new(intake)));
    }

    fn refuse(&self, refusal: Refusal) -> Answer {
        let (kind, detail) = match refusal {
            Refusal::BodyTooLarge { bytes_max } => {
                (ProblemKind::PayloadTooLarge, format!("send at most {bytes_max} bytes"))
            }
            Refusal::Timeout => (ProblemKind::RequestTimeout, "send the whole request at once".to_owned()),
            Refusal::ConflictingLength => (
                ProblemKind::MalformedRequest,
                "send either `Content-Length` or `Transfer-Encoding`, not both".to_owned(),
            ),
            Refusal::BrokenBody => (ProblemKind::MalformedRequest, "the body ended or broke".to_owned()),
            Refusal::NoPlace => (ProblemKind::Overloaded, "too many requests at a time".to_owned()),
        };
        let problem = Problem::new(kind, detail);
        let problem = match refusal {
            Refusal::NoPlace => problem.with_retry_after(RETRY_SOON),
            Refusal::BodyTooLarge { .. }
            | Refusal::Timeout
            | Refusal::ConflictingLength
            | Refusal::BrokenBody => problem,
        };
        into_transport(HttpAnswer::problem(&problem))
    }
}

/// Returns the key, if there is one. Two keys are none that could be kept: they are as malformed as an empty one.
fn idempotency_key(request: &SellerRequest) -> Option<Vec<u8>> {
    let mut values = request.headers.get_all(IDEMPOTENCY_KEY).iter();
    let first = values.next()?;
    Some(if values.next().is_none() { first.as_bytes().to_owned() } else { Vec::new() })
}

fn into_transport(answer: HttpAnswer) -> Answer {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut sent = Answer::new(status).with_body(answer.content_type, answer.body);
    if let Some(allow) = answer.allow {
        sent = sent.with_header(ALLOW, HeaderValue::from_static(allow));
    }
    if let Some(seconds) = answer.retry_after_s {
        sent = sent.with_header(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if answer.replayed {
        sent = sent.with_header(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    if status == StatusCode::UNAUTHORIZED {
        sent = sent.with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    sent
}
