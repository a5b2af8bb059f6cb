//! [`router`]: every path of the control listener.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{get, post};
use exchange_wire::ProblemKind;

use crate::problem_response::ProblemResponse;
use crate::{Backend, auctions, catalog, health, keys};

/// Returns every path of the control listener over a backend.
///
/// What is not named here is a 404, on this listener as on the other: neither tells what the other has.
pub fn router<B: Backend>(backend: Arc<B>) -> Router {
    Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready::<B>))
        .route("/v1/auctions/{id}", get(auctions::show::<B>))
        .route("/v1/catalog", get(catalog::show::<B>).put(catalog::put::<B>))
        .route("/v1/keys/reload", post(keys::reload::<B>))
        .fallback(async || ProblemResponse::not_found())
        .method_not_allowed_fallback(async || {
            let detail = "the header `Allow` names the methods that this path takes";
            ProblemResponse::new(ProblemKind::MethodNotAllowed, detail)
        })
        .layer(map_response(never_stored))
        .with_state(backend)
}

/// Marks an answer as one that no cache keeps: it is true for a moment, and for its reader alone.
async fn never_stored(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
