//! The ledger: balances, entries, prepaid money, and its own proof.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use exchange_types::{Amount, LeadId, SaleId};
use exchange_wire::{FieldError, ProblemKind};
use serde::Serialize;

use crate::caller::{Caller, Everybody, Operator};
use crate::fields::{Fault, Fields, amount, currency, idempotency_key, one_of, refused, words};
use crate::listing::{By, ListBody, read_query};
use crate::path_id::PathId;
use crate::problem_response::ProblemResponse;
use crate::replayed::Answered;
use crate::request_body::read_bytes;
use crate::shown::{Code, Hex, Money, Shown, money};
use crate::{
    Backend, Balance, LedgerEntry, LedgerReport, MoveError, Moved, Movement, Scope, Unavailable, evidence,
    limits, waiting,
};

/// What stands in an account.
#[derive(Debug, Serialize)]
pub(crate) struct BalanceBody {
    account: Box<str>,
    balance: Money,
    currency: Code,
}

/// An entry of the ledger.
#[derive(Debug, Serialize)]
pub(crate) struct EntryBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer: Option<u64>,
    at: String,
    kind: Box<str>,
    account: Box<str>,
    amount: Money,
    currency: Code,
    #[serde(skip_serializing_if = "Option::is_none")]
    sale_id: Option<Shown<SaleId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lead_id: Option<Shown<LeadId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    intent: Option<u64>,
    evidence: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    reference: Box<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
}

/// Money was moved.
#[derive(Debug, Serialize)]
struct MovedBody {
    buyer: Box<str>,
    amount: Money,
    balance: Money,
    currency: Code,
    reference: Box<str>,
    at: String,
}

/// What a walk over the ledger found.
#[derive(Debug, Serialize)]
pub(crate) struct ReportBody {
    status: &'static str,
    entries: u64,
    checkpoints: u64,
    digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<FaultBody>,
}

#[derive(Debug, Serialize)]
struct FaultBody {
    entry: u64,
    what: Box<str>,
}

/// Lists the caller's balances.
pub(crate) async fn balances<B: Backend>(
    caller: Caller<Everybody>,
    State(backend): State<Arc<B>>,
    uri: Uri,
) -> Result<Json<ListBody<BalanceBody>>, ProblemResponse> {
    let scope = caller.scope();
    let (filter, page) = read_query(&uri, &scope, &[By::Seller, By::Buyer])?;
    let listed = waiting::read(limits::STORE_TIMEOUT, backend.balances(&scope, filter, page)).await?;
    if listed.items.iter().any(|balance| i64::try_from(balance.micros).is_err()) {
        tracing::error!("a balance is beyond what can be written");
        return Err(ProblemResponse::new(ProblemKind::Internal, "a balance is beyond what can be written"));
    }
    Ok(Json(ListBody::of(listed, |balance| BalanceBody::of(balance, &scope))))
}

/// Lists the entries of the caller's accounts.
pub(crate) async fn entries<B: Backend>(
    caller: Caller<Everybody>,
    State(backend): State<Arc<B>>,
    uri: Uri,
) -> Result<Json<ListBody<EntryBody>>, ProblemResponse> {
    let scope = caller.scope();
    let (filter, page) = read_query(&uri, &scope, &[By::Times, By::Seller, By::Buyer])?;
    let listed = waiting::read(limits::STORE_TIMEOUT, backend.ledger(&scope, filter, page)).await?;
    Ok(Json(ListBody::of(listed, |entry| EntryBody::of(entry, &scope))))
}

/// Moves money into a buyer's prepaid balance, or out of it.
pub(crate) async fn move_balance<B: Backend>(
    operator: Operator,
    State(backend): State<Arc<B>>,
    PathId(buyer): PathId<String>,
    request: Request,
) -> Result<Response, ProblemResponse> {
    let movement = read_movement(request, buyer, operator.scope().owner()).await?;
    let (asked, wanted) = (movement.clone(), movement);
    let moved = waiting::change(async move { backend.move_balance(wanted).await }).await??;
    let Moved { balance, at, replayed } = moved;
    let Movement { buyer, currency, amount, reference, by, .. } = asked;
    tracing::info!(%by, %buyer, replayed, "a prepaid balance was changed");
    let body = MovedBody {
        buyer,
        amount: money(amount, currency),
        balance: money(balance, currency),
        currency: Code(currency),
        reference,
        at: at.to_string(),
    };
    Ok(Answered { body, replayed }.into_response())
}

/// Goes over the whole ledger.
pub(crate) async fn verify<B: Backend>(
    operator: Operator,
    State(backend): State<Arc<B>>,
) -> Result<Json<ReportBody>, ProblemResponse> {
    let report = waiting::read(limits::VERIFY_TIMEOUT, backend.verify_ledger()).await?;
    if let Some(fault) = &report.fault {
        tracing::error!(operator = %operator.principal, entry = fault.entry, what = &*fault.what, "the ledger is damaged");
    }
    Ok(Json(ReportBody::of(report)))
}

/// Which way money goes.
#[derive(Clone, Copy)]
enum Direction {
    Deposit,
    Withdrawal,
}

impl Direction {
    const ALL: [Self; 2] = [Self::Deposit, Self::Withdrawal];

    const fn name(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::Withdrawal => "withdrawal",
        }
    }
}

async fn read_movement(request: Request, buyer: String, by: Box<str>) -> Result<Movement, ProblemResponse> {
    let key = idempotency_key(request.headers());
    let body = read_bytes(request, limits::BODY_BYTES_MAX).await?;
    let mut fields = Fields::of_body(&body)?;
    // A deposit is not known by its effect: without a key a repeat would be a second one.
    let needed =
        |key: Option<Box<str>>| key.ok_or_else(|| -> Fault { ("missing", "has to be given".into()) });
    let key = fields.header("Idempotency-Key", key.and_then(needed));
    let kind = fields.required("kind", one_of(&Direction::ALL, Direction::name));
    let amount = fields.required("amount", positive);
    let currency = fields.required("currency", currency);
    let reference = fields.required("reference", words(limits::NOTE_BYTES_MAX));
    let whole = kind.zip(amount).zip(currency.zip(reference)).zip(key);
    let (((kind, amount), (currency, reference)), key) = fields.finish(whole)?;
    let signed = match kind {
        Direction::Deposit => amount,
        Direction::Withdrawal => Amount::from_micros(amount.micros().saturating_neg()),
    };
    Ok(Movement {
        id: evidence::of_key(&buyer, &key),
        buyer: buyer.into(),
        currency,
        amount: signed,
        reference: reference.into(),
        by,
    })
}

fn positive(raw: &serde_json::value::RawValue) -> Result<Amount, Fault> {
    let amount = amount(raw)?;
    if amount.is_positive() { Ok(amount) } else { Err(("out_of_range", "has to be more than 0".into())) }
}

/// Returns whether an account is seen: all of them by operators, its own by a partner.
fn sees(scope: &Scope, account: &str) -> bool {
    let owner = scope.owner();
    let own = account.strip_prefix(&*owner).is_some_and(|rest| rest.starts_with(' '));
    scope.is_everything() || own
}

impl BalanceBody {
    fn of(balance: Balance, scope: &Scope) -> Option<Self> {
        let Balance { account, currency, micros } = balance;
        let amount = Amount::from_micros(i64::try_from(micros).ok()?);
        let body =
            || Self { account: account.clone(), balance: money(amount, currency), currency: Code(currency) };
        sees(scope, &account).then(body)
    }
}

impl EntryBody {
    /// A buyer is not shown the lead, whose digits it must not know; no partner is shown the running numbers and the
    /// chain, which tell how much others sell.
    fn of(entry: LedgerEntry, scope: &Scope) -> Option<Self> {
        if !sees(scope, &entry.account) {
            return None;
        }
        let everything = scope.is_everything();
        Some(Self {
            entry: everything.then_some(entry.number),
            transfer: everything.then_some(entry.transfer),
            at: entry.at.to_string(),
            kind: entry.kind,
            account: entry.account,
            amount: money(entry.amount, entry.currency),
            currency: Code(entry.currency),
            sale_id: entry.sale.map(Shown),
            lead_id: entry.lead.filter(|_| scope.buyer().is_none()).map(Shown),
            intent: entry.intent.filter(|_| everything),
            evidence: Hex(&entry.evidence).to_string(),
            reference: entry.reference,
            digest: everything.then(|| Hex(&entry.digest).to_string()),
        })
    }
}

impl ReportBody {
    fn of(report: LedgerReport) -> Self {
        Self {
            status: if report.fault.is_some() { "damaged" } else { "intact" },
            entries: report.entries,
            checkpoints: report.checkpoints,
            digest: Hex(&report.digest).to_string(),
            fault: report.fault.map(|fault| FaultBody { entry: fault.entry, what: fault.what }),
        }
    }
}

impl From<MoveError> for ProblemResponse {
    fn from(error: MoveError) -> Self {
        match error {
            MoveError::NotFound => Self::not_found(),
            MoveError::NotPrepaid => {
                Self::new(ProblemKind::NotPrepaid, "set `prepaid = true` for the buyer in the catalog first")
            }
            MoveError::Currency => {
                let message = "is not that of a vertical in which the buyer has a campaign";
                refused(vec![FieldError::new("currency", "not_in_enum", message)])
            }
            MoveError::KeyReused => {
                Self::new(ProblemKind::IdempotencyKeyReused, "send another movement under another key")
            }
            MoveError::Insufficient => {
                Self::new(ProblemKind::InsufficientBalance, "at most what is in the balance can leave it")
            }
            MoveError::Unavailable => Unavailable.into(),
        }
    }
}
