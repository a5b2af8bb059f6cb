//! Reading the keys again after one was made or revoked.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use exchange_wire::ProblemKind;
use serde::Serialize;

use crate::Backend;
use crate::caller::Operator;
use crate::problem_response::ProblemResponse;

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Reloaded {
    /// How many keys are active now.
    keys: usize,
}

/// Reads the keys again.
pub(crate) async fn reload<B: Backend>(
    operator: Operator,
    State(backend): State<Arc<B>>,
) -> Result<Json<Reloaded>, ProblemResponse> {
    match backend.reload_keys() {
        Ok(keys) => {
            tracing::info!(operator = %operator.principal, keys, "keys read again");
            Ok(Json(Reloaded { keys }))
        }
        Err(error) => {
            tracing::error!(operator = %operator.principal, %error, "the keys in force stay: their file cannot be read");
            let detail = format!("the keys in force stay: {error}");
            Err(ProblemResponse::new(ProblemKind::Internal, detail))
        }
    }
}
