//! Reading again what may change without a restart.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use exchange_wire::ProblemKind;

use crate::caller::Operator;
use crate::problem_response::ProblemResponse;
use crate::{Backend, Reloaded};

/// Reads configuration, certificates, keys and secrets again.
pub(crate) async fn reload<B: Backend>(
    operator: Operator,
    State(backend): State<Arc<B>>,
) -> Result<Json<Reloaded>, ProblemResponse> {
    // In a task of its own, for it has to come to its end even if the operator hangs up.
    let reloading = tokio::spawn(async move { backend.reload().await });
    let failed = match reloading.await {
        Ok(Ok(reloaded)) => {
            tracing::info!(operator = %operator.principal, changed = ?reloaded.changed, "read again");
            return Ok(Json(reloaded));
        }
        Ok(Err(error)) => error.to_string(),
        Err(error) => format!("reading broke off: {error}"),
    };
    tracing::error!(operator = %operator.principal, error = %failed, "what is in force stays");
    Err(ProblemResponse::new(ProblemKind::Internal, format!("what is in force stays: {failed}")))
}
