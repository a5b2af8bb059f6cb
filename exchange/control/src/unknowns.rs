//! Unknown posts: which there are, and what an operator or their buyer says of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::Uri;
use exchange_protocol::{Outcome, ResolvedBy};
use exchange_types::{Amount, AuctionId, PostId, SaleId, limits::BUYER_REF_BYTES_MAX};
use exchange_wire::{FieldError, ProblemKind};
use serde::Serialize;

use crate::caller::{Buyers, Caller, Operator};
use crate::fields::{Fields, amount, one_of, refused, words};
use crate::listing::{ListBody, read_query};
use crate::path_id::PathId;
use crate::problem_response::ProblemResponse;
use crate::request_body::read_bytes;
use crate::shown::{Code, Money, Shown, money};
use crate::{
    Backend, PostSettled, PostVerdict, PostWord, PostWordError, Scope, Unavailable, UnknownPost, evidence,
    limits, waiting,
};

/// An open unknown post.
#[derive(Debug, Serialize)]
pub(crate) struct UnknownBody {
    post_id: Shown<PostId>,
    sale_id: Shown<SaleId>,
    auction_id: Shown<AuctionId>,
    seller: Box<str>,
    buyer: Box<str>,
    campaign: Box<str>,
    vertical: Box<str>,
    price: Money,
    payout: Money,
    currency: Code,
    exclusive: bool,
    intent_at: String,
    attempts: u32,
    next: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<String>,
}

/// What became of a word about a post.
#[derive(Debug, Serialize)]
pub(crate) struct SettledBody {
    post_id: Shown<PostId>,
    sale_id: Shown<SaleId>,
    result: &'static str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payout: Option<Money>,
    currency: Code,
    settled_by: &'static str,
    settled_at: String,
}

/// Lists the open unknown posts.
pub(crate) async fn list<B: Backend>(
    operator: Operator,
    State(backend): State<Arc<B>>,
    uri: Uri,
) -> Result<Json<ListBody<UnknownBody>>, ProblemResponse> {
    let (_, page) = read_query(&uri, &operator.scope(), &[])?;
    let listed = waiting::read(limits::SHARD_TIMEOUT, backend.unknowns(page)).await?;
    Ok(Json(ListBody::of(listed, |unknown| Some(UnknownBody::of(unknown)))))
}

/// Takes an operator's decision about a post.
pub(crate) async fn resolve<B: Backend>(
    operator: Operator,
    State(backend): State<Arc<B>>,
    PathId(post): PathId<PostId>,
    request: Request,
) -> Result<Json<SettledBody>, ProblemResponse> {
    let body = read_bytes(request, limits::BODY_BYTES_MAX).await?;
    let mut fields = Fields::of_body(&body)?;
    let verdicts = &[PostVerdict::Accepted, PostVerdict::Rejected];
    let verdict = fields.required("outcome", one_of(verdicts, PostVerdict::name));
    let price = read_price(&mut fields, verdict);
    let reason = fields.required("reason", words(limits::NOTE_BYTES_MAX));
    let (verdict, reason) = fields.finish(verdict.zip(reason))?;
    let word = PostWord {
        scope: operator.scope(),
        post,
        verdict,
        price,
        reason: reason.into(),
        buyer_ref: Box::default(),
        evidence: evidence::of_request(None, &body),
    };
    say(backend, word).await
}

/// Takes the report of a post's buyer.
pub(crate) async fn report<B: Backend>(
    buyer: Caller<Buyers>,
    State(backend): State<Arc<B>>,
    PathId(post): PathId<PostId>,
    request: Request,
) -> Result<Json<SettledBody>, ProblemResponse> {
    let body = read_bytes(request, limits::BODY_BYTES_MAX).await?;
    let mut fields = Fields::of_body(&body)?;
    let verdict = fields.required("status", one_of(&PostVerdict::ALL, PostVerdict::name));
    let price = read_price(&mut fields, verdict);
    let reason = fields.optional("reason", words(limits::NOTE_BYTES_MAX));
    let buyer_ref = fields.optional("buyer_ref", words(BUYER_REF_BYTES_MAX));
    let word = PostWord {
        scope: buyer.scope(),
        post,
        verdict: fields.finish(verdict)?,
        price,
        reason: reason.unwrap_or_default().into(),
        buyer_ref: buyer_ref.unwrap_or_default().into(),
        evidence: evidence::of_request(None, &body),
    };
    say(backend, word).await
}

fn read_price(fields: &mut Fields, verdict: Option<PostVerdict>) -> Option<Amount> {
    let price = fields.optional("price", amount)?;
    if price < Amount::ZERO {
        fields.fault("price", ("out_of_range", "has to be 0 or more".into()));
    } else if verdict.is_some_and(|verdict| verdict != PostVerdict::Accepted) {
        fields.fault("price", ("out_of_range", "belongs to an acceptance only".into()));
    }
    Some(price)
}

async fn say<B: Backend>(backend: Arc<B>, word: PostWord) -> Result<Json<SettledBody>, ProblemResponse> {
    let (post, scope) = (word.post, word.scope.clone());
    let settled = waiting::change(async move { backend.say(word).await }).await??;
    tracing::info!(%post, by = %scope.owner(), result = settled.effect.name(), "a word about a post");
    Ok(Json(SettledBody::of(post, &settled, &scope)))
}

impl UnknownBody {
    fn of(unknown: UnknownPost) -> Self {
        let currency = unknown.currency;
        Self {
            post_id: Shown(unknown.post),
            sale_id: Shown(unknown.sale),
            auction_id: Shown(unknown.auction),
            seller: unknown.seller,
            buyer: unknown.buyer,
            campaign: unknown.campaign,
            vertical: unknown.vertical,
            price: money(unknown.price, currency),
            payout: money(unknown.payout, currency),
            currency: Code(currency),
            exclusive: unknown.exclusive,
            intent_at: unknown.intent_at.to_string(),
            attempts: unknown.attempts,
            next: unknown.next.name(),
            next_at: unknown.next_at.map(|at| at.to_string()),
        }
    }
}

impl SettledBody {
    /// What the seller earns is shown to operators only.
    fn of(post: PostId, settled: &PostSettled, scope: &Scope) -> Self {
        let (outcome, reason) = match settled.outcome {
            Outcome::Accepted => ("accepted", None),
            Outcome::Failed(reason) => ("failed", Some(reason.name())),
            Outcome::Unknown => ("unknown", None),
        };
        let accepted = matches!(settled.outcome, Outcome::Accepted);
        let shown = |amount| money(amount, settled.currency);
        Self {
            post_id: Shown(post),
            sale_id: Shown(settled.sale),
            result: settled.effect.name(),
            outcome,
            reason,
            price: accepted.then(|| shown(settled.price)),
            payout: (accepted && scope.is_everything()).then(|| shown(settled.payout)),
            currency: Code(settled.currency),
            settled_by: settled.by.map_or("reply", ResolvedBy::name),
            settled_at: settled.at.to_string(),
        }
    }
}

impl From<PostWordError> for ProblemResponse {
    fn from(error: PostWordError) -> Self {
        let price = |message| refused(vec![FieldError::new("price", "out_of_range", message)]);
        match error {
            PostWordError::NotFound => Self::not_found(),
            PostWordError::InFlight => {
                Self::new(ProblemKind::PostInFlight, "its answer may still come: wait until it is given up")
            }
            PostWordError::PriceTooHigh => price("may not be above the agreed price"),
            PostWordError::PriceTooLow => price("is below what campaign, floor and margin allow"),
            PostWordError::Unavailable => Unavailable.into(),
        }
    }
}
