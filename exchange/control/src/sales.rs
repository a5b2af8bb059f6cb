//! Sales, and what happens to them afterwards: returns, corrections, reversals.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use exchange_protocol::{ReturnReason, ReturnRefused, StepRefused};
use exchange_types::{Amount, LeadId, PostId, SaleId};
use exchange_wire::ProblemKind;
use serde::Serialize;

use crate::caller::{Caller, Everybody, Operator, OrBuyers};
use crate::fields::{Fields, amount, idempotency_key, one_of, words};
use crate::listing::{By, ListBody, read_query};
use crate::path_id::PathId;
use crate::problem_response::ProblemResponse;
use crate::replayed::Answered;
use crate::request_body::read_bytes;
use crate::shown::{Code, Money, Shown, money};
use crate::{
    Backend, ChangeSale, ChangeSaleError, Sale, SaleChanged, Scope, Unavailable, WantedChange, evidence,
    limits, waiting,
};

/// The words of the status of a sale.
const STATUSES: &[&str] = &["accepted", "returned", "adjusted", "reversed", "settled"];

/// A sale, as its reader may see it.
#[derive(Debug, Serialize)]
pub(crate) struct SaleBody {
    sale_id: Shown<SaleId>,
    status: &'static str,
    vertical: Box<str>,
    currency: Code,
    exclusive: bool,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    settles_at: Option<String>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    bought: Option<BoughtBody>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    sold: Option<SoldBody>,
    /// For operators, who see both sides.
    #[serde(skip_serializing_if = "Option::is_none")]
    margin: Option<Money>,
}

#[derive(Debug, Serialize)]
struct BoughtBody {
    buyer: Box<str>,
    campaign: Box<str>,
    post_id: Shown<PostId>,
    price: Money,
}

#[derive(Debug, Serialize)]
struct SoldBody {
    seller: Box<str>,
    lead_id: Shown<LeadId>,
    buyer_ref: Box<str>,
    payout: Money,
}

/// Lists the caller's sales.
pub(crate) async fn list<B: Backend>(
    caller: Caller<Everybody>,
    State(backend): State<Arc<B>>,
    uri: Uri,
) -> Result<Json<ListBody<SaleBody>>, ProblemResponse> {
    let scope = caller.scope();
    let (filter, page) =
        read_query(&uri, &scope, &[By::Times, By::Status(STATUSES), By::Vertical, By::Seller, By::Buyer])?;
    let listed = waiting::read(limits::STORE_TIMEOUT, backend.sales(&scope, filter, page)).await?;
    Ok(Json(ListBody::of(listed, |sale| SaleBody::of(sale, &scope))))
}

/// Shows a sale of the caller.
pub(crate) async fn show<B: Backend>(
    caller: Caller<Everybody>,
    State(backend): State<Arc<B>>,
    PathId(id): PathId<SaleId>,
) -> Result<Json<SaleBody>, ProblemResponse> {
    let scope = caller.scope();
    let sale = waiting::read(limits::STORE_TIMEOUT, backend.sale(&scope, id)).await?;
    let body = sale.and_then(|sale| SaleBody::of(sale, &scope));
    body.map(Json).ok_or_else(ProblemResponse::not_found)
}

/// Takes a lead back from its buyer.
pub(crate) async fn give_back<B: Backend>(
    caller: Caller<OrBuyers>,
    State(backend): State<Arc<B>>,
    PathId(sale): PathId<SaleId>,
    request: Request,
) -> Result<Response, ProblemResponse> {
    let wish = Wish::read(request, |fields| {
        let reason = fields.required("reason", one_of(&ReturnReason::ALL, ReturnReason::name));
        let note = fields.optional("note", words(limits::NOTE_BYTES_MAX));
        Some((WantedChange::Return(reason?), note.unwrap_or_default()))
    });
    wish.await?.fulfil(backend, caller.scope(), sale).await
}

/// Corrects the amounts of a sale.
pub(crate) async fn adjust<B: Backend>(
    operator: Operator,
    State(backend): State<Arc<B>>,
    PathId(sale): PathId<SaleId>,
    request: Request,
) -> Result<Response, ProblemResponse> {
    let wish = Wish::read(request, |fields| {
        let price = fields.required("price", not_negative);
        let payout = fields.required("payout", not_negative);
        let reason = fields.required("reason", words(limits::NOTE_BYTES_MAX));
        Some((WantedChange::Adjust { price: price?, payout: payout? }, reason?))
    });
    wish.await?.fulfil(backend, operator.scope(), sale).await
}

/// Takes a sale back altogether.
pub(crate) async fn reverse<B: Backend>(
    operator: Operator,
    State(backend): State<Arc<B>>,
    PathId(sale): PathId<SaleId>,
    request: Request,
) -> Result<Response, ProblemResponse> {
    let wish = Wish::read(request, |fields| {
        let reason = fields.required("reason", words(limits::NOTE_BYTES_MAX));
        Some((WantedChange::Reverse, reason?))
    });
    wish.await?.fulfil(backend, operator.scope(), sale).await
}

/// What somebody wants of a sale.
struct Wish {
    change: WantedChange,
    note: String,
    digest: [u8; 16],
}

impl Wish {
    async fn read(
        request: Request,
        members: impl FnOnce(&mut Fields) -> Option<(WantedChange, String)> + Send,
    ) -> Result<Self, ProblemResponse> {
        let key = idempotency_key(request.headers());
        let body = read_bytes(request, limits::BODY_BYTES_MAX).await?;
        let mut fields = Fields::of_body(&body)?;
        let key = fields.header("Idempotency-Key", key).flatten();
        let wanted = members(&mut fields);
        let (change, note) = fields.finish(wanted)?;
        Ok(Self { change, note, digest: evidence::of_request(key.as_deref(), &body) })
    }

    async fn fulfil<B: Backend>(
        self,
        backend: Arc<B>,
        scope: Scope,
        sale: SaleId,
    ) -> Result<Response, ProblemResponse> {
        let Self { change, note, digest } = self;
        let wanted = ChangeSale { scope: scope.clone(), sale, change, note: note.into(), digest };
        let changed = waiting::change(async move { backend.change_sale(wanted).await }).await?;
        let SaleChanged { sale, replayed } = changed?;
        tracing::info!(sale = %sale.id, by = %scope.owner(), status = sale.state.name(), replayed, "a sale was changed");
        // What may be changed may be seen; if it may not, its change is nothing that the caller may know of.
        let body = SaleBody::of(sale, &scope).ok_or_else(ProblemResponse::not_found)?;
        Ok(Answered { body, replayed }.into_response())
    }
}

fn not_negative(raw: &serde_json::value::RawValue) -> Result<Amount, crate::fields::Fault> {
    let amount = amount(raw)?;
    if amount < Amount::ZERO { Err(("out_of_range", "has to be 0 or more".into())) } else { Ok(amount) }
}

impl SaleBody {
    /// Returns a sale as its reader may see it; nothing where it is none of the reader's.
    ///
    /// A seller sees neither company nor price, a buyer neither seller, lead nor payout. The backend leaves out what
    /// the scope does not cover; what it did not leave out is left out here.
    pub(crate) fn of(sale: Sale, scope: &Scope) -> Option<Self> {
        let Sale { id, vertical, currency, state, exclusive, at, settles_at, bought, sold } = sale;
        let bought = bought.filter(|bought| scope.is_everything() || scope.buyer() == Some(&*bought.buyer));
        let sold = sold.filter(|sold| scope.is_everything() || scope.seller() == Some(&*sold.seller));
        if bought.is_none() && sold.is_none() {
            return None;
        }
        let both = bought.as_ref().zip(sold.as_ref());
        let margin = both.and_then(|(bought, sold)| bought.price.checked_sub(sold.payout));
        Some(Self {
            sale_id: Shown(id),
            status: state.name(),
            vertical,
            currency: Code(currency),
            exclusive,
            at: at.to_string(),
            settles_at: settles_at.map(|at| at.to_string()),
            bought: bought.map(|bought| BoughtBody {
                buyer: bought.buyer,
                campaign: bought.campaign,
                post_id: Shown(bought.post),
                price: money(bought.price, currency),
            }),
            sold: sold.map(|sold| SoldBody {
                seller: sold.seller,
                lead_id: Shown(sold.lead),
                buyer_ref: sold.buyer_ref,
                payout: money(sold.payout, currency),
            }),
            margin: margin.map(|margin| money(margin, currency)),
        })
    }
}

impl From<ChangeSaleError> for ProblemResponse {
    fn from(error: ChangeSaleError) -> Self {
        let refused = match error {
            ChangeSaleError::NotFound => return Self::not_found(),
            ChangeSaleError::Unavailable => return Unavailable.into(),
            ChangeSaleError::Refused(refused) => refused,
        };
        let kind = match refused {
            ReturnRefused::NotAllowed => ProblemKind::ReturnsNotAllowed,
            ReturnRefused::ReasonNotAllowed { .. } => ProblemKind::ReasonNotAllowed,
            ReturnRefused::WindowClosed { .. } => ProblemKind::ReturnWindowClosed,
            ReturnRefused::State(StepRefused::AlreadyReturned) => ProblemKind::AlreadyReturned,
            ReturnRefused::State(StepRefused::AlreadyReversed) => ProblemKind::AlreadyReversed,
            ReturnRefused::State(StepRefused::AlreadySettled) => ProblemKind::AlreadySettled,
            ReturnRefused::State(StepRefused::NegativeAmount) => ProblemKind::Validation,
        };
        Self::new(kind, refused.to_string())
    }
}

#[cfg(test)]
mod tests {
    use exchange_protocol::SaleState;

    use super::*;

    #[test]
    fn the_statuses_of_the_filter_are_those_of_a_sale() {
        assert!(SaleState::ALL.into_iter().map(SaleState::name).eq(STATUSES.iter().copied()));
    }

    #[test]
    fn every_refusal_has_a_problem_of_its_name() {
        let refusals = [
            ReturnRefused::NotAllowed,
            ReturnRefused::ReasonNotAllowed { reason: ReturnReason::Other },
            ReturnRefused::WindowClosed { closed_at: exchange_types::UtcMicros(0) },
            ReturnRefused::State(StepRefused::AlreadyReturned),
            ReturnRefused::State(StepRefused::AlreadyReversed),
            ReturnRefused::State(StepRefused::AlreadySettled),
        ];
        for refused in refusals {
            let ProblemResponse(problem) = ChangeSaleError::Refused(refused).into();
            assert_eq!((problem.kind.name(), problem.status()), (refused.name(), 409));
        }
    }
}
