//! Leads and auctions as lists, and one lead with its sales. No personal data stands in any of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use exchange_protocol::SaleKind;
use exchange_types::{AuctionId, LeadId, PingId};
use serde::Serialize;

use crate::caller::{Caller, Operator, OrSellers};
use crate::listing::{By, ListBody, read_query};
use crate::path_id::PathId;
use crate::problem_response::ProblemResponse;
use crate::sales::SaleBody;
use crate::shown::{Code, Money, Shown, money};
use crate::{Backend, Lead, Parties, Scope, limits, waiting};

/// The words of the status of a lead.
const STATUSES: &[&str] =
    &["running", "sold", "unsold", "pending", "duplicate", "offers", "no_offer", "invalid"];
/// What lists of leads and auctions can be narrowed by.
const NARROWING: &[By] = &[By::Times, By::Status(STATUSES), By::Vertical, By::Seller];

/// A lead.
#[derive(Debug, Serialize)]
pub(crate) struct LeadBody {
    lead_id: Shown<LeadId>,
    auction_id: Shown<AuctionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ping_id: Option<Shown<PingId>>,
    kind: &'static str,
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    test: bool,
    seller: Box<str>,
    vertical: Box<str>,
    status: &'static str,
    payout: Money,
    currency: Code,
    catalog_version: u64,
    admitted_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    erased_at: Option<String>,
}

/// A lead with its sales.
#[derive(Debug, Serialize)]
pub(crate) struct WholeLeadBody {
    #[serde(flatten)]
    lead: LeadBody,
    sales: Vec<SaleBody>,
}

/// Lists the caller's leads.
pub(crate) async fn list<B: Backend>(
    caller: Caller<OrSellers>,
    State(backend): State<Arc<B>>,
    uri: Uri,
) -> Result<Json<ListBody<LeadBody>>, ProblemResponse> {
    let scope = caller.scope();
    let (filter, page) = read_query(&uri, &scope, NARROWING)?;
    let listed = waiting::read(limits::STORE_TIMEOUT, backend.leads(&scope, filter, page)).await?;
    Ok(Json(ListBody::of(listed, |lead| LeadBody::of(lead, &scope))))
}

/// Shows a lead of the caller with its sales.
pub(crate) async fn show<B: Backend>(
    caller: Caller<OrSellers>,
    State(backend): State<Arc<B>>,
    PathId(id): PathId<LeadId>,
) -> Result<Json<WholeLeadBody>, ProblemResponse> {
    let scope = caller.scope();
    let found = waiting::read(limits::STORE_TIMEOUT, backend.lead(&scope, id)).await?;
    let body = found.and_then(|(lead, sales)| {
        let sales = sales.into_iter().filter_map(|sale| SaleBody::of(sale, &scope)).collect();
        LeadBody::of(lead, &scope).map(|lead| WholeLeadBody { lead, sales })
    });
    body.map(Json).ok_or_else(ProblemResponse::not_found)
}

/// Lists the auctions.
pub(crate) async fn auctions<B: Backend>(
    operator: Operator,
    State(backend): State<Arc<B>>,
    uri: Uri,
) -> Result<Json<ListBody<LeadBody>>, ProblemResponse> {
    let scope = operator.scope();
    let (filter, page) = read_query(&uri, &scope, NARROWING)?;
    let listed = waiting::read(limits::STORE_TIMEOUT, backend.auctions(filter, page)).await?;
    Ok(Json(ListBody::of(listed, |lead| LeadBody::of(lead, &scope))))
}

impl LeadBody {
    /// Returns a lead in words; nothing where it is none of the reader's.
    fn of(lead: Lead, scope: &Scope) -> Option<Self> {
        if !scope.sees(Parties { seller: &lead.seller, buyer: None }) {
            return None;
        }
        let LeadId(number) = lead.id;
        let two_step = lead.kind == SaleKind::TwoStep;
        Some(Self {
            lead_id: Shown(lead.id),
            auction_id: Shown(AuctionId(number)),
            ping_id: two_step.then_some(Shown(PingId(number))),
            kind: if two_step { "two_step" } else { "one_call" },
            test: lead.test,
            seller: lead.seller,
            vertical: lead.vertical,
            status: lead.status.name(),
            payout: money(lead.payout, lead.currency),
            currency: Code(lead.currency),
            catalog_version: lead.catalog_version,
            admitted_at: lead.admitted.to_string(),
            erased_at: lead.erased.map(|at| at.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LeadStatus;

    #[test]
    fn the_statuses_of_the_filter_are_those_of_a_lead() {
        assert!(LeadStatus::ALL.into_iter().map(LeadStatus::name).eq(STATUSES.iter().copied()));
    }
}
