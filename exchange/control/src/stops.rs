//! Stops: what operators have stopped, and starting it again.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use exchange_protocol::{Stop, StopKind};
use exchange_types::StopId;
use exchange_types::limits::KEY_BYTES_MAX;
use exchange_wire::FieldError;
use serde::Serialize;

use crate::caller::Operator;
use crate::fields::{Fields, one_of, refused, words};
use crate::listing::{ListBody, read_query};
use crate::path_id::PathId;
use crate::problem_response::ProblemResponse;
use crate::replayed::Answered;
use crate::request_body::read_bytes;
use crate::shown::Shown;
use crate::{Backend, StopError, Stopped, Unavailable, WantedStop, limits, waiting};

/// Bytes of the name of what is stopped: a seller and one of its sub-ids.
const NAME_BYTES_MAX: usize = limits::NAME_BYTES_MAX + 1 + KEY_BYTES_MAX;

/// A part of the market that is stopped.
#[derive(Debug, Serialize)]
pub(crate) struct StopBody {
    stop_id: Shown<StopId>,
    kind: &'static str,
    name: Box<str>,
    reason: Box<str>,
    by: Box<str>,
    stopped_at: String,
}

/// Lists what is stopped.
pub(crate) async fn list<B: Backend>(
    operator: Operator,
    State(backend): State<Arc<B>>,
    uri: Uri,
) -> Result<Json<ListBody<StopBody>>, ProblemResponse> {
    let (_, page) = read_query(&uri, &operator.scope(), &[])?;
    Ok(Json(ListBody::of(backend.stops(page)?, |stop| Some(StopBody::of(stop)))))
}

/// Stops a part of the market.
pub(crate) async fn stop<B: Backend>(
    operator: Operator,
    State(backend): State<Arc<B>>,
    request: Request,
) -> Result<Response, ProblemResponse> {
    let body = read_bytes(request, limits::BODY_BYTES_MAX).await?;
    let mut fields = Fields::of_body(&body)?;
    let kind = fields.required("kind", one_of(&StopKind::ALL, StopKind::name));
    let name = fields.required("name", words(NAME_BYTES_MAX));
    let reason = fields.required("reason", words(limits::NOTE_BYTES_MAX));
    let ((kind, name), reason) = fields.finish(kind.zip(name).zip(reason))?;
    let by = operator.scope().owner();
    let wanted = WantedStop { kind, name: name.into(), reason: reason.into(), by };
    let Stopped { stop, replayed } = waiting::change(async move { backend.stop(wanted).await }).await??;
    tracing::warn!(by = %operator.principal, kind = kind.name(), name = %stop.name, replayed, "stopped");
    Ok(Answered { body: StopBody::of(stop), replayed }.into_response())
}

/// Starts again what was stopped.
pub(crate) async fn start<B: Backend>(
    operator: Operator,
    State(backend): State<Arc<B>>,
    PathId(id): PathId<StopId>,
) -> Result<Json<StopBody>, ProblemResponse> {
    let by = operator.scope().owner();
    let started = waiting::change(async move { backend.start(id, by).await }).await??;
    let stop = started.ok_or_else(ProblemResponse::not_found)?;
    tracing::warn!(by = %operator.principal, kind = stop.kind.name(), name = %stop.name, "started again");
    Ok(Json(StopBody::of(stop)))
}

impl StopBody {
    fn of(stop: Stop) -> Self {
        Self {
            stop_id: Shown(StopId(stop.id)),
            kind: stop.kind.name(),
            name: stop.name,
            reason: stop.reason,
            by: stop.by,
            stopped_at: stop.at.to_string(),
        }
    }
}

impl From<StopError> for ProblemResponse {
    fn from(error: StopError) -> Self {
        let (code, message) = match error {
            StopError::NotFound => (
                "not_in_enum",
                "is nothing of this kind in the catalog; a source is SELLER/SOURCE or SELLER#SUB_ID",
            ),
            StopError::TooMany => ("out_of_range", "would be one stop too many: start something again first"),
            StopError::Unavailable => return Unavailable.into(),
        };
        refused(vec![FieldError::new("name", code, message)])
    }
}
