//! [`ProblemResponse`]: a problem document as an HTTP response.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use exchange_wire::{Problem, ProblemKind, problem};

/// A problem document as an HTTP response.
#[derive(Debug)]
pub(crate) struct ProblemResponse(pub(crate) Problem);

impl ProblemResponse {
    pub(crate) fn new(kind: ProblemKind, detail: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self(Problem::new(kind, detail))
    }

    /// There is nothing here, or nothing that the caller may know of.
    pub(crate) fn not_found() -> Self {
        Self::new(ProblemKind::NotFound, "nothing here has this path or id")
    }
}

impl IntoResponse for ProblemResponse {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let mut body = Vec::new();
        problem.render(&mut body);
        let status = StatusCode::from_u16(problem.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(problem::CONTENT_TYPE));
        if let Some(seconds) = problem.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if problem.kind == ProblemKind::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
