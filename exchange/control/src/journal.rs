//! How far the journal and its projector are.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::caller::Operator;
use crate::{Backend, JournalState};

/// How far the journal and its projector are.
#[derive(Debug, Serialize)]
pub(crate) struct JournalBody {
    status: &'static str,
    durability: &'static str,
    sequence: u64,
    durable: u64,
    projected: u64,
    projector_lag: u64,
    projector_lag_ms: u64,
    backlog_bytes: u64,
    segments: u64,
    free_bytes: u64,
}

/// Shows how far the journal and its projector are.
pub(crate) async fn show<B: Backend>(
    _operator: Operator,
    State(backend): State<Arc<B>>,
) -> Json<JournalBody> {
    let state: JournalState = backend.journal();
    Json(JournalBody {
        status: state.status.name(),
        durability: state.durability,
        sequence: state.sequence,
        durable: state.durable,
        projected: state.projected,
        projector_lag: state.durable.saturating_sub(state.projected),
        projector_lag_ms: state.projector_lag_ms,
        backlog_bytes: state.backlog_bytes,
        segments: state.segments,
        free_bytes: state.free_bytes,
    })
}
