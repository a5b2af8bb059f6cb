//! Whether the process lives, and whether it takes leads. Both are open to everybody: load balancers ask.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use exchange_types::Nanos;
use exchange_wire::{Problem, ProblemKind};
use serde::Serialize;

use crate::Backend;
use crate::problem_response::ProblemResponse;

/// What a healthy process says.
#[derive(Debug, Serialize)]
pub(crate) struct Health {
    status: &'static str,
}

/// Answers as long as the process does.
pub(crate) async fn live() -> Json<Health> {
    Json(Health { status: "live" })
}

/// Answers whether new leads are taken, and why not.
pub(crate) async fn ready<B: Backend>(
    State(backend): State<Arc<B>>,
) -> Result<Json<Health>, ProblemResponse> {
    let readiness = backend.readiness();
    if readiness.reasons.is_empty() {
        return Ok(Json(Health { status: "ready" }));
    }
    let problem = Problem::new(ProblemKind::NotReady, readiness.reasons.join(", "));
    Err(ProblemResponse(problem.with_retry_after(Nanos::from_secs(1))))
}
