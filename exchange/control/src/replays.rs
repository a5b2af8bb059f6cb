//! A recorded auction through today's rules once more, beside what is on record.

mod difference;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use exchange_types::Amount;
use exchange_wire::{FieldError, ProblemKind};
use serde::Serialize;
use serde_json::Value;

use crate::account_body::AccountBody;
use crate::auctions::AnyAuctionId;
use crate::caller::Operator;
use crate::fields::{Fields, amount, elements, name, refused};
use crate::path_id::PathId;
use crate::problem_response::ProblemResponse;
use crate::request_body::read_bytes;
use crate::{Backend, ReplayBid, ReplayChanges, ReplayError, Replayed, Unavailable, limits, waiting};

use difference::Difference;

/// A replay beside what is on record.
#[derive(Debug, Serialize)]
struct ReplayedBody {
    /// Whether the rules make the same of the recorded inputs.
    same: bool,
    differences: Vec<Difference>,
    recorded: Value,
    replayed: Value,
}

/// Replays an auction.
pub(crate) async fn replay<B: Backend>(
    _operator: Operator,
    State(backend): State<Arc<B>>,
    PathId(AnyAuctionId(id)): PathId<AnyAuctionId>,
    request: Request,
) -> Result<Response, ProblemResponse> {
    let changes = read_changes(request).await?;
    let Replayed { recorded, replayed } =
        *waiting::read(limits::STORE_TIMEOUT, backend.replay(id, changes)).await?;
    let whole = |account| AccountBody::of(account).and_then(|body| serde_json::to_value(body).ok());
    let Some((recorded, replayed)) = whole(&recorded).zip(whole(&replayed)) else {
        tracing::error!(auction = %id, "the record names what its catalog does not hold");
        let detail = "the record names what its catalog does not hold";
        return Err(ProblemResponse::new(ProblemKind::Internal, detail));
    };
    let differences = difference::between(&recorded, &replayed);
    let same = differences.is_empty();
    Ok(Json(ReplayedBody { same, differences, recorded, replayed }).into_response())
}

async fn read_changes(request: Request) -> Result<ReplayChanges, ProblemResponse> {
    let body = read_bytes(request, limits::BODY_BYTES_MAX).await?;
    let mut fields = Fields::of_body(&body)?;
    let changes = fields.object("changes", |changes| {
        let floor = changes.optional("floor", amount);
        if floor.is_some_and(|floor| floor < Amount::ZERO) {
            changes.fault("floor", ("out_of_range", "has to be 0 or more".into()));
        }
        ReplayChanges {
            floor,
            bids: changes.objects("bids", limits::REPLAY_CAMPAIGNS_MAX, read_bid),
            without: read_names(changes, "without"),
            with: changes.objects("with", limits::REPLAY_CAMPAIGNS_MAX, read_bid),
        }
    });
    let changes = changes.unwrap_or_default();
    for place in repeated(&changes) {
        fields.fault(&place, ("repeated", "stands in the changes before".into()));
    }
    fields.finish(Some(changes))
}

fn read_bid(fields: &mut Fields) -> Option<ReplayBid> {
    let campaign = fields.required("campaign", name);
    let bid = fields.required("bid", amount);
    if bid.is_some_and(|bid| !bid.is_positive()) {
        fields
            .fault("bid", ("out_of_range", "has to be more than 0; `without` leaves a campaign out".into()));
    }
    Some(ReplayBid { campaign: campaign?, bid: bid? })
}

fn read_names(fields: &mut Fields, key: &'static str) -> Vec<Box<str>> {
    let listed = fields.optional(key, |raw| {
        elements(raw, limits::REPLAY_CAMPAIGNS_MAX)?.iter().map(|raw| name(raw)).collect()
    });
    listed.unwrap_or_default()
}

/// Returns where a campaign stands that another change names too: two changes of one would say nothing.
fn repeated(changes: &ReplayChanges) -> Vec<String> {
    let bids =
        changes.bids.iter().enumerate().map(|(at, bid)| (format!("bids.{at}.campaign"), &bid.campaign));
    let without = changes.without.iter().enumerate().map(|(at, name)| (format!("without.{at}"), name));
    let with =
        changes.with.iter().enumerate().map(|(at, bid)| (format!("with.{at}.campaign"), &bid.campaign));
    let mut seen = BTreeSet::new();
    let again = bids.chain(without).chain(with).filter(|(_, campaign)| !seen.insert(*campaign));
    again.map(|(place, _)| format!("changes.{place}")).collect()
}

impl From<ReplayError> for ProblemResponse {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::NotFound => Self::not_found(),
            ReplayError::Running => Self::new(ProblemKind::AuctionRunning, "replay it when it is over"),
            ReplayError::Gone => Self::new(
                ProblemKind::ReplayImpossible,
                "the lead was erased, its records are archived, or it is a test",
            ),
            ReplayError::Campaign { field } => {
                let message =
                    "`bids` and `without` take campaigns of this auction, `with` others of its vertical";
                refused(vec![FieldError::new(format!("changes.{field}"), "not_in_enum", message)])
            }
            ReplayError::Unavailable => Unavailable.into(),
        }
    }
}

impl From<Unavailable> for ReplayError {
    fn from(Unavailable: Unavailable) -> Self {
        Self::Unavailable
    }
}
