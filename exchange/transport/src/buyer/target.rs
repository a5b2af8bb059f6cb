//! [`Target`]: where the requests of an endpoint go, prepared once.

use std::io::Write as _;

use bytes::Bytes;
use exchange_catalog::snapshot::{Endpoint, POST_ID_PLACE, Scheme};
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Uri};
use http_body_util::Full;

use super::outgoing::Outgoing;
use super::request::RequestHeaders;
use super::{Call, Question, Request};

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const AGENT: &str = "pingpost-exchange/1";

/// Room for every header of a request over HTTP/2.
const HEADERS: usize = 9;
/// Room for the headers that a request has for itself, over HTTP/1.1.
const HEADERS_BYTES: usize = 512;

/// Where a request goes.
#[derive(Debug)]
pub(crate) enum Target {
    /// Messages are posted there, or paths of it are called.
    Messages {
        /// Scheme and authority, as a URL begins.
        origin: String,
        authority: String,
        /// As HTTP/1.1 writes it: the head as far as all requests have it alike.
        head: Vec<u8>,
        /// As HTTP/2 needs it: with scheme and authority.
        url: Uri,
    },
    /// It is asked about posts.
    Questions {
        /// Scheme and authority, as a URL begins.
        origin: String,
        authority: String,
        /// The path before and after the post's id.
        path: (String, String),
    },
}

impl Target {
    /// Returns where an endpoint's requests go; nothing where host and path make no URL.
    pub(crate) fn new(endpoint: &Endpoint) -> Option<Self> {
        let authority = authority(endpoint);
        let scheme = if endpoint.scheme == Scheme::Https { "https" } else { "http" };
        let origin = format!("{scheme}://{authority}");
        if let Some((before, after)) = endpoint.path.split_once(POST_ID_PLACE) {
            let path = (before.to_owned(), after.to_owned());
            return Some(Self::Questions { origin, authority, path });
        }
        let url: Uri = format!("{origin}{}", endpoint.path).parse().ok()?;
        let path = url.path_and_query()?;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {authority}\r\ncontent-type: {JSON}\r\naccept: {JSON}\r\n\
             user-agent: {AGENT}\r\n"
        );
        Some(Self::Messages { origin, authority, head: head.into_bytes(), url })
    }

    /// Returns whether such a request can go there.
    pub(crate) fn takes(&self, outgoing: Outgoing<'_>) -> bool {
        match (self, outgoing) {
            (Self::Messages { .. }, Outgoing::Message(_)) => true,
            (Self::Questions { .. }, Outgoing::Question(question)) => {
                question.is_plain() && self.question_url(question).is_some()
            }
            (Self::Messages { origin, .. }, Outgoing::Call(call)) => {
                call.is_plain() && call_url(origin, call).is_some()
            }
            (Self::Messages { .. }, Outgoing::Question(_))
            | (Self::Questions { .. }, Outgoing::Message(_) | Outgoing::Call(_)) => false,
        }
    }

    /// Appends a request as HTTP/1.1 writes it. Values of headers hold no line breaks: their type sees to that.
    pub(crate) fn write(&self, outgoing: Outgoing<'_>, out: &mut Vec<u8>) {
        match (self, outgoing) {
            (Self::Messages { head, .. }, Outgoing::Message(request)) => {
                out.reserve(head.len() + request.body.len() + HEADERS_BYTES);
                out.extend_from_slice(head);
                write_headers(&request.headers, out);
                // Writing into memory cannot fail.
                let _ = write!(out, "content-length: {}\r\n\r\n", request.body.len());
                out.extend_from_slice(&request.body);
            }
            (Self::Questions { authority, path: (before, after), .. }, Outgoing::Question(question)) => {
                let id = &question.post_id;
                let _ = write!(
                    out,
                    "GET {before}{id}{after} HTTP/1.1\r\nhost: {authority}\r\naccept: {JSON}\r\n\
                     user-agent: {AGENT}\r\n"
                );
                write_headers(&question.headers, out);
                out.extend_from_slice(b"\r\n");
            }
            (Self::Messages { authority, .. }, Outgoing::Call(call)) => {
                let (path, method) = (&call.path, if call.form.is_some() { "POST" } else { "GET" });
                let _ = write!(
                    out,
                    "{method} {path} HTTP/1.1\r\nhost: {authority}\r\naccept: */*\r\nuser-agent: {AGENT}\r\n"
                );
                write_headers(&call.headers, out);
                if let Some(form) = &call.form {
                    let _ = write!(out, "content-type: {FORM}\r\ncontent-length: {}\r\n", form.len());
                }
                out.extend_from_slice(b"\r\n");
                out.extend_from_slice(call.form.as_deref().unwrap_or_default());
            }
            // Asked before: see `takes`.
            (Self::Messages { .. }, Outgoing::Question(_))
            | (Self::Questions { .. }, Outgoing::Message(_) | Outgoing::Call(_)) => {}
        }
    }

    /// Returns a request as HTTP/2 sends it.
    pub(crate) fn message(&self, outgoing: Outgoing<'_>) -> http::Request<Full<Bytes>> {
        let mut message = match (self, outgoing) {
            (Self::Messages { url, .. }, Outgoing::Message(request)) => Self::post(url, request),
            (_, Outgoing::Question(question)) => {
                let mut message = http::Request::new(Full::default());
                *message.uri_mut() = self.question_url(question).unwrap_or_default();
                message
            }
            (Self::Messages { origin, .. }, Outgoing::Call(call)) => Self::call(origin, call),
            (Self::Questions { .. }, Outgoing::Message(_) | Outgoing::Call(_)) => {
                http::Request::new(Full::default())
            }
        };
        let headers = message.headers_mut();
        headers.reserve(HEADERS);
        let accepted = if matches!(outgoing, Outgoing::Call(_)) { "*/*" } else { JSON };
        headers.insert(ACCEPT, HeaderValue::from_static(accepted));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        for (name, value) in own_headers(outgoing.headers()) {
            headers.insert(name, value.clone());
        }
        message
    }

    fn post(url: &Uri, request: &Request) -> http::Request<Full<Bytes>> {
        let mut message = http::Request::new(Full::new(request.body.clone()));
        *message.method_mut() = Method::POST;
        *message.uri_mut() = url.clone();
        message.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        message
    }

    fn call(origin: &str, call: &Call) -> http::Request<Full<Bytes>> {
        let mut message = http::Request::new(Full::new(call.form.clone().unwrap_or_default()));
        *message.uri_mut() = call_url(origin, call).unwrap_or_default();
        if call.form.is_some() {
            *message.method_mut() = Method::POST;
            message.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
        }
        message
    }

    fn question_url(&self, question: &Question) -> Option<Uri> {
        let Self::Questions { origin, path: (before, after), .. } = self else { return None };
        format!("{origin}{before}{}{after}", question.post_id).parse().ok()
    }
}

fn call_url(origin: &str, call: &Call) -> Option<Uri> {
    format!("{origin}{}", call.path).parse().ok()
}

fn write_headers(headers: &RequestHeaders, out: &mut Vec<u8>) {
    for (name, value) in own_headers(headers) {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            out.extend_from_slice(part);
        }
    }
}

/// Returns the headers that a request has for itself.
fn own_headers(headers: &RequestHeaders) -> impl Iterator<Item = (HeaderName, &HeaderValue)> {
    let RequestHeaders { webhook_id, webhook_timestamp, webhook_signature, idempotency_key, traceparent } =
        headers;
    let all = [
        (WEBHOOK_ID, webhook_id),
        (WEBHOOK_TIMESTAMP, webhook_timestamp),
        (WEBHOOK_SIGNATURE, webhook_signature),
        (IDEMPOTENCY_KEY, idempotency_key),
        (TRACEPARENT, traceparent),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)))
}

/// Host and port as a URL writes them: brackets around IPv6, no port where it is the scheme's own.
fn authority(endpoint: &Endpoint) -> String {
    let host =
        if endpoint.host.contains(':') { format!("[{}]", endpoint.host) } else { endpoint.host.to_string() };
    match (endpoint.scheme, endpoint.port) {
        (Scheme::Http, 80) | (Scheme::Https, 443) => host,
        (_, port) => format!("{host}:{port}"),
    }
}
