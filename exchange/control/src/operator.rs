//! [`Operator`]: proof that an operator's key came with a request.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use exchange_wire::ProblemKind;

use crate::problem_response::ProblemResponse;
use crate::{Backend, Principal, Role};

/// Proof that an operator's key came with a request: a handler that takes one runs for operators only.
#[derive(Debug)]
pub(crate) struct Operator {
    /// The operator, for the log.
    pub(crate) principal: Arc<Principal>,
}

impl<B: Backend> FromRequestParts<Arc<B>> for Operator {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, backend: &Arc<B>) -> Result<Self, ProblemResponse> {
        let Some(bearer) = bearer(parts) else {
            let detail = "send one key as `Authorization: Bearer KEY`";
            return Err(ProblemResponse::new(ProblemKind::Unauthorized, detail));
        };
        let Some(principal) = backend.authenticate(bearer) else {
            return Err(ProblemResponse::new(
                ProblemKind::Unauthorized,
                "the key is not known, or was revoked",
            ));
        };
        if principal.role != Role::Operator {
            return Err(ProblemResponse::new(ProblemKind::Forbidden, "this takes the key of an operator"));
        }
        Ok(Self { principal })
    }
}

/// Returns the bearer key; nothing where there is none, or more than one.
fn bearer(parts: &Parts) -> Option<&str> {
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim_start())
}
