//! [`router`]: every path of the control listener.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::MethodRouter;
use exchange_wire::ProblemKind;

use crate::problem_response::ProblemResponse;
use crate::{
    Backend, auctions, books, catalog, erasures, health, journal, keys, leads, metrics, persons, reload,
    replays, sales, stops, suppressions, unknowns,
};

macro_rules! routes {
    ($($path:literal: $($method:ident $handler:expr),+;)+) => {
        /// Every endpoint of the control listener: its method in small letters, and its path.
        pub const ENDPOINTS: &[(&str, &str)] = &[$($((stringify!($method), $path),)+)+];

        fn routes<B: Backend>() -> Router<Arc<B>> {
            Router::new()$(.route($path, MethodRouter::new()$(.$method($handler))+))+
        }
    };
}

routes! {
    "/health/live": get health::live;
    "/health/ready": get health::ready::<B>;
    "/metrics": get metrics::show::<B>;
    "/v1/journal": get journal::show::<B>;
    "/v1/leads": get leads::list::<B>;
    "/v1/leads/{id}": get leads::show::<B>;
    "/v1/auctions": get leads::auctions::<B>;
    "/v1/auctions/{id}": get auctions::show::<B>;
    "/v1/auctions/{id}/replay": post replays::replay::<B>;
    "/v1/unknowns": get unknowns::list::<B>;
    "/v1/posts/{id}/resolve": post unknowns::resolve::<B>;
    "/v1/posts/{id}/outcome": post unknowns::report::<B>;
    "/v1/sales": get sales::list::<B>;
    "/v1/sales/{id}": get sales::show::<B>;
    "/v1/sales/{id}/returns": post sales::give_back::<B>;
    "/v1/sales/{id}/adjustments": post sales::adjust::<B>;
    "/v1/sales/{id}/reversals": post sales::reverse::<B>;
    "/v1/balances": get books::balances::<B>;
    "/v1/buyers/{name}/balance": post books::move_balance::<B>;
    "/v1/ledger": get books::entries::<B>;
    "/v1/ledger/verify": post books::verify::<B>;
    "/v1/persons/find": post persons::find::<B>;
    "/v1/persons/export": post persons::export::<B>;
    "/v1/persons/erase": post persons::erase::<B>;
    "/v1/erasures": get erasures::list::<B>;
    "/v1/erasures/{id}/acknowledgements": post erasures::acknowledge::<B>;
    "/v1/stops": get stops::list::<B>, post stops::stop::<B>;
    "/v1/stops/{id}": delete stops::start::<B>;
    "/v1/suppressions": get suppressions::list::<B>, post suppressions::add::<B>, delete suppressions::remove::<B>;
    "/v1/catalog": get catalog::show::<B>, put catalog::put::<B>;
    "/v1/keys": get keys::list::<B>;
    "/v1/keys/reload": post keys::reload::<B>;
    "/v1/reload": post reload::reload::<B>;
}

/// Returns every path of the control listener over a backend.
///
/// What is not named here is a 404, on this listener as on the other: neither tells what the other has.
pub fn router<B: Backend>(backend: Arc<B>) -> Router {
    routes::<B>()
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
