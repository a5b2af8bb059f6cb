//! The story of an auction.

use core::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use exchange_protocol::Account;
use exchange_types::{AuctionId, LeadId, Nanos, PingId};
use exchange_wire::{Problem, ProblemKind};
use tokio::time::timeout;

use crate::account_body::AccountBody;
use crate::operator::Operator;
use crate::problem_response::ProblemResponse;
use crate::{Backend, Unavailable, limits};

/// Shows the whole account of an auction.
pub(crate) async fn show<B: Backend>(
    _operator: Operator,
    State(backend): State<Arc<B>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ProblemResponse> {
    // What is no id at all is answered as an id that does not exist.
    let id = id.ok().and_then(|Path(id)| read_id(&id)).ok_or_else(ProblemResponse::not_found)?;
    let account = timeout(limits::SHARD_TIMEOUT, backend.account(id)).await.unwrap_or(Err(Unavailable));
    match account {
        Ok(Some(account)) => render(&account),
        Ok(None) => Err(ProblemResponse::not_found()),
        Err(Unavailable) => {
            let problem =
                Problem::new(ProblemKind::Overloaded, "the shard that has this auction does not answer");
            Err(ProblemResponse(problem.with_retry_after(Nanos::from_secs(1))))
        }
    }
}

/// Reads the id of an auction, or that of its lead or ping: they are the same number.
fn read_id(text: &str) -> Option<AuctionId> {
    let lead = || LeadId::from_str(text).map(|LeadId(id)| AuctionId(id));
    let ping = || PingId::from_str(text).map(|PingId(id)| AuctionId(id));
    AuctionId::from_str(text).or_else(|_| lead()).or_else(|_| ping()).ok()
}

fn render(account: &Account) -> Result<Response, ProblemResponse> {
    if let Some(body) = AccountBody::of(account) {
        return Ok(Json(body).into_response());
    }
    tracing::error!(auction = %AuctionId(account.story.id), "the record names what its catalog does not hold");
    Err(ProblemResponse::new(ProblemKind::Internal, "the record names what its catalog does not hold"))
}
