//! Erasures, and the buyers' word that they have erased too.

use core::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use exchange_types::{LeadId, PostId, SaleId};
use serde::Serialize;

use crate::caller::{Buyers, Caller, OrBuyers};
use crate::listing::{ListBody, read_query};
use crate::path_id::PathId;
use crate::problem_response::ProblemResponse;
use crate::replayed::Answered;
use crate::shown::Shown;
use crate::{Acknowledged, Backend, ErasedId, ErasedLead, ErasureId, Scope, ToldBuyer, limits, waiting};

/// The erasure of a lead, as its reader may see it.
#[derive(Debug, Serialize)]
pub(crate) struct ErasureBody {
    erasure_id: Shown<ErasureId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lead_id: Option<Shown<LeadId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seller: Option<Box<str>>,
    vertical: Box<str>,
    erased_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<Box<str>>,
    buyers: Vec<ToldBody>,
}

/// A company that got an erased lead.
#[derive(Debug, Serialize)]
struct ToldBody {
    buyer: Box<str>,
    post_id: Shown<PostId>,
    sale_id: Shown<SaleId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged_at: Option<String>,
}

/// A buyer has erased a lead too.
#[derive(Debug, Serialize)]
struct AcknowledgedBody {
    acknowledged_at: String,
}

/// Lists the erasures that concern the caller.
pub(crate) async fn list<B: Backend>(
    caller: Caller<OrBuyers>,
    State(backend): State<Arc<B>>,
    uri: Uri,
) -> Result<Json<ListBody<ErasureBody>>, ProblemResponse> {
    let scope = caller.scope();
    let (_, page) = read_query(&uri, &scope, &[])?;
    let listed = waiting::read(limits::STORE_TIMEOUT, backend.erasures(&scope, page)).await?;
    Ok(Json(ListBody::of(listed, |erased| ErasureBody::of(erased, &scope))))
}

/// Takes a buyer's word that it has erased a lead too.
pub(crate) async fn acknowledge<B: Backend>(
    caller: Caller<Buyers>,
    State(backend): State<Arc<B>>,
    PathId(erased): PathId<ErasedId>,
) -> Result<Response, ProblemResponse> {
    let buyer = caller.principal.name.clone();
    let told = waiting::change(async move { backend.acknowledge_erasure(buyer, erased).await }).await??;
    let Acknowledged { at, replayed } = told.ok_or_else(ProblemResponse::not_found)?;
    tracing::info!(buyer = %caller.principal, replayed, "an erasure was acknowledged");
    Ok(Answered { body: AcknowledgedBody { acknowledged_at: at.to_string() }, replayed }.into_response())
}

impl FromStr for ErasedId {
    type Err = exchange_types::IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let post = || text.parse().map(Self::Post);
        let lead = || text.parse().map(Self::Lead);
        text.parse().map(Self::Sale).or_else(|_| post()).or_else(|_| lead())
    }
}

impl ErasureBody {
    /// Returns an erasure in words. A buyer sees itself only, and neither seller nor lead; nothing where it did not get
    /// the lead.
    fn of(erased: ErasedLead, scope: &Scope) -> Option<Self> {
        let everything = scope.is_everything();
        let concerned = |told: &ToldBuyer| everything || scope.buyer() == Some(&*told.buyer);
        let buyers: Vec<ToldBody> = erased.told.into_iter().filter(concerned).map(ToldBody::of).collect();
        if !everything && buyers.is_empty() {
            return None;
        }
        Some(Self {
            erasure_id: Shown(erased.request),
            lead_id: everything.then_some(Shown(erased.lead)),
            seller: everything.then_some(erased.seller),
            vertical: erased.vertical,
            erased_at: erased.at.to_string(),
            by: everything.then_some(erased.by),
            buyers,
        })
    }
}

impl ToldBody {
    fn of(told: ToldBuyer) -> Self {
        Self {
            buyer: told.buyer,
            post_id: Shown(told.post),
            sale_id: Shown(told.sale),
            acknowledged_at: told.acknowledged.map(|at| at.to_string()),
        }
    }
}
