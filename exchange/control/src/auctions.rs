//! The story of an auction.

use core::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use exchange_protocol::Account;
use exchange_types::{AuctionId, IdError, LeadId, Nanos, PingId};
use exchange_wire::{Problem, ProblemKind};
use tokio::time::timeout;

use crate::account_body::AccountBody;
use crate::caller::Operator;
use crate::path_id::PathId;
use crate::problem_response::ProblemResponse;
use crate::{Backend, Unavailable, limits};

/// Shows the whole account of an auction.
pub(crate) async fn show<B: Backend>(
    _operator: Operator,
    State(backend): State<Arc<B>>,
    PathId(AnyAuctionId(id)): PathId<AnyAuctionId>,
) -> Result<Response, ProblemResponse> {
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

/// The id of an auction, or that of its lead or ping: they are the same number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AnyAuctionId(pub(crate) AuctionId);

impl FromStr for AnyAuctionId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let lead = || LeadId::from_str(text).map(|LeadId(id)| AuctionId(id));
        let ping = || PingId::from_str(text).map(|PingId(id)| AuctionId(id));
        AuctionId::from_str(text).or_else(|_| lead()).or_else(|_| ping()).map(Self)
    }
}

fn render(account: &Account) -> Result<Response, ProblemResponse> {
    if let Some(body) = AccountBody::of(account) {
        return Ok(Json(body).into_response());
    }
    tracing::error!(auction = %AuctionId(account.story.id), "the record names what its catalog does not hold");
    Err(ProblemResponse::new(ProblemKind::Internal, "the record names what its catalog does not hold"))
}
