//! From a reply of the node to the bytes that a seller gets.

use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::Vertical;
use exchange_protocol::{Answer, AnswerStatus, Refusal, SaleKind};
use exchange_types::{
    Amount, AuctionId, Currency, DuplicateScope, FieldIndex, LeadId, Nanos, PendingReason, PingId,
    UnsoldReason, UtcMicros, VerticalIndex,
};
use exchange_wire::answer::Duplicate as DuplicateAnswer;
use exchange_wire::lead::post_problem;
use exchange_wire::problem::Problem;
use exchange_wire::{
    FieldError, LeadAnswer, LeadStatus, OfferAnswer, PingAnswer, PingStatus, ProblemKind, SaleAnswer,
    Unsettled,
};

use super::http_answer::HttpAnswer;
use super::names::{Names, disclosed};
use super::pending::{Duplicate, Pending, View};

/// After how long a seller may try again where the exchange has no room or is stopping.
pub(crate) const RETRY_SOON: Nanos = Nanos::from_secs(1);
/// After how long a seller may ask again how a pending sale stands.
const RETRY_PENDING_MS: u64 = 1_000;

pub(crate) fn not_found() -> Problem {
    Problem::new(ProblemKind::NotFound, "no such lead or ping of yours")
}

/// Renders an answer for a request; nothing where the sale is not to be seen as what was asked for.
pub(crate) fn render(
    answer: &Answer,
    replayed: bool,
    pending: &Pending,
    snapshot: &Snapshot,
    names: &Names,
) -> HttpAnswer {
    let shown = match pending.view {
        View::Lead => lead(answer, &pending.warnings, snapshot, names),
        View::Ping | View::GivenBack => ping(answer, replayed, pending, snapshot, names),
    };
    match shown {
        Some(body) => HttpAnswer { replayed, ..HttpAnswer::json(body) },
        None => HttpAnswer::problem(&not_found()),
    }
}

fn currency_of(snapshot: &Snapshot, vertical: VerticalIndex) -> Option<Currency> {
    snapshot.vertical(vertical).map(|vertical| vertical.currency)
}

fn lead(answer: &Answer, warnings: &[String], snapshot: &Snapshot, names: &Names) -> Option<Vec<u8>> {
    let status = match answer.status {
        AnswerStatus::Sold => LeadStatus::Sold { open: answer.open.then(|| until(answer)) },
        AnswerStatus::Unsold(reason) | AnswerStatus::NoOffer(reason) => LeadStatus::Unsold(reason),
        AnswerStatus::Pending(reason) => pending_status(answer, reason),
        AnswerStatus::Running if answer.kind == SaleKind::OneCall => {
            pending_status(answer, PendingReason::PostInFlight)
        }
        AnswerStatus::Duplicate(scope, _) => {
            LeadStatus::Duplicate(DuplicateAnswer { scope, lead_status: None })
        }
        AnswerStatus::Invalid => LeadStatus::Invalid { errors: &answer.faults },
        // A ping is no lead before it is posted.
        AnswerStatus::Offers | AnswerStatus::Running => return None,
    };
    let sellers: Vec<Vec<&str>> = answer
        .sales
        .iter()
        .map(|sale| disclosed(snapshot, answer.vertical, sale.buyer).into_iter().collect())
        .collect();
    let sales: Vec<SaleAnswer<'_>> = answer
        .sales
        .iter()
        .zip(&sellers)
        .map(|(sale, sellers)| SaleAnswer {
            sale_id: names.sale_keys.sale(answer.id, sale.candidate),
            buyer_ref: names.buyer_ref(snapshot, answer.seller, sale.buyer),
            sellers,
            payout: sale.payout,
            exclusive: sale.exclusive,
            redirect_url: &sale.redirect_url,
        })
        .collect();
    let mut body = Vec::with_capacity(512);
    LeadAnswer {
        lead_id: Some(LeadId(answer.id)),
        auction_id: Some(AuctionId(answer.id)),
        status,
        payout: answer.payout,
        currency: currency_of(snapshot, answer.vertical)?,
        sales: &sales,
        test: answer.test,
        warnings,
        elapsed_ms: answer.elapsed_us.div_euclid(1_000),
    }
    .render(&mut body);
    Some(body)
}

fn pending_status(answer: &Answer, reason: PendingReason) -> LeadStatus<'static> {
    LeadStatus::Pending { reason, until: until(answer) }
}

fn until(answer: &Answer) -> Unsettled {
    Unsettled { settles_by: answer.settles_by, retry_after_ms: RETRY_PENDING_MS }
}

/// Renders a duplicate of the seller's own lead, with the state of the earlier one where it is known.
pub(crate) fn duplicate(found: &Duplicate, earlier: Option<&Answer>, pending: &Pending) -> HttpAnswer {
    let lead_status = earlier.map(|earlier| match earlier.status {
        AnswerStatus::Sold => "sold",
        AnswerStatus::Unsold(_) | AnswerStatus::NoOffer(_) => "unsold",
        AnswerStatus::Pending(_) | AnswerStatus::Running | AnswerStatus::Offers => "pending",
        AnswerStatus::Duplicate(..) => "duplicate",
        AnswerStatus::Invalid => "invalid",
    });
    let duplicate = DuplicateAnswer { scope: DuplicateScope::Own, lead_status };
    let mut body = Vec::with_capacity(256);
    if pending.view == View::Lead {
        LeadAnswer {
            lead_id: Some(LeadId(found.earlier)),
            auction_id: Some(AuctionId(found.id)),
            status: LeadStatus::Duplicate(duplicate),
            payout: Amount::ZERO,
            currency: found.currency,
            sales: &[],
            test: earlier.is_some_and(|earlier| earlier.test),
            warnings: &pending.warnings,
            elapsed_ms: found.elapsed_us.div_euclid(1_000),
        }
        .render(&mut body);
    } else {
        PingAnswer {
            ping_id: Some(PingId(found.id)),
            status: PingStatus::Duplicate { lead_id: Some(LeadId(found.earlier)), duplicate },
            currency: found.currency,
            expires_at: None,
            offers: &[],
            test: earlier.is_some_and(|earlier| earlier.test),
            warnings: &pending.warnings,
        }
        .render(&mut body);
    }
    HttpAnswer { replayed: found.replayed, ..HttpAnswer::json(body) }
}

fn ping(
    answer: &Answer,
    replayed: bool,
    pending: &Pending,
    snapshot: &Snapshot,
    names: &Names,
) -> Option<Vec<u8>> {
    if answer.kind == SaleKind::OneCall {
        return None;
    }
    let vertical = snapshot.vertical(answer.vertical)?;
    // A ping that was given back, sold, or whose offers are over shows none; the repeat of a ping shows what the
    // first answer showed.
    let over = match answer.status {
        AnswerStatus::Unsold(UnsoldReason::OffersExpired) | AnswerStatus::Sold | AnswerStatus::Pending(_) => {
            !replayed
        }
        AnswerStatus::Running
        | AnswerStatus::Unsold(_)
        | AnswerStatus::Duplicate(..)
        | AnswerStatus::Offers
        | AnswerStatus::NoOffer(_)
        | AnswerStatus::Invalid => pending.view == View::GivenBack,
    };
    let offered = if over { &[][..] } else { &answer.offers[..] };
    let sellers: Vec<Vec<&str>> = offered
        .iter()
        .map(|offer| disclosed(snapshot, answer.vertical, offer.buyer).into_iter().collect())
        .collect();
    let offers: Vec<OfferAnswer<'_>> = offered
        .iter()
        .zip(&sellers)
        .map(|(offer, sellers)| OfferAnswer {
            offer_id: names.sale_keys.offer(answer.id, offer.key),
            payout: offer.payout,
            max_buyers: offer.max_buyers,
            buyer_ref: names.buyer_ref(snapshot, answer.seller, offer.buyer),
            sellers,
            expires_at: answer.expires_at,
        })
        .collect();
    let status = match answer.status {
        AnswerStatus::Duplicate(scope, _) => {
            PingStatus::Duplicate { lead_id: None, duplicate: DuplicateAnswer { scope, lead_status: None } }
        }
        AnswerStatus::Invalid => PingStatus::Invalid { errors: &answer.faults },
        AnswerStatus::NoOffer(reason) => PingStatus::NoOffer(Some(reason)),
        AnswerStatus::Unsold(reason) if offers.is_empty() => PingStatus::NoOffer(Some(reason)),
        _ if offers.is_empty() => PingStatus::NoOffer(None),
        AnswerStatus::Running
        | AnswerStatus::Sold
        | AnswerStatus::Unsold(_)
        | AnswerStatus::Pending(_)
        | AnswerStatus::Offers => PingStatus::Offers,
    };
    let mut body = Vec::with_capacity(512);
    PingAnswer {
        ping_id: Some(PingId(answer.id)),
        status,
        currency: vertical.currency,
        expires_at: (answer.expires_at != UtcMicros(0)).then_some(answer.expires_at),
        offers: &offers,
        test: answer.test,
        warnings: &pending.warnings,
    }
    .render(&mut body);
    Some(body)
}

/// Renders a refusal of the node.
pub(crate) fn refused(refusal: &Refusal, pending: &Pending) -> HttpAnswer {
    if let (Refusal::Duplicate(scope, _), Some((id, currency))) = (refusal, pending.ping_currency()) {
        let mut body = Vec::with_capacity(256);
        LeadAnswer {
            lead_id: Some(LeadId(id)),
            auction_id: Some(AuctionId(id)),
            status: LeadStatus::Duplicate(DuplicateAnswer { scope: *scope, lead_status: None }),
            payout: Amount::ZERO,
            currency,
            sales: &[],
            test: false,
            warnings: &pending.warnings,
            elapsed_ms: 0,
        }
        .render(&mut body);
        return HttpAnswer::json(body);
    }
    let vertical = pending.ping.as_ref().and_then(|(_, snapshot, vertical)| snapshot.vertical(*vertical));
    HttpAnswer::problem(&problem(refusal, vertical))
}

fn problem(refusal: &Refusal, vertical: Option<&Vertical>) -> Problem {
    let new = Problem::new;
    match refusal {
        Refusal::NotFound => not_found(),
        Refusal::KeyReused => {
            new(ProblemKind::IdempotencyKeyReused, "send the first body again, or another key")
        }
        Refusal::LeadErased => {
            new(ProblemKind::LeadErased, "nothing of it is told again; GET shows how it was sold")
        }
        Refusal::Overloaded => {
            new(ProblemKind::Overloaded, "nothing was stored; the same key may come again")
                .with_retry_after(RETRY_SOON)
        }
        Refusal::PingExpired => new(ProblemKind::PingExpired, "ping again for new offers"),
        Refusal::PingClosed | Refusal::Duplicate(..) => {
            new(ProblemKind::PingClosed, "it was sold, given back, or is being posted; GET shows it")
        }
        Refusal::PingLost => new(ProblemKind::PingLost, "nothing was sold; ping again"),
        Refusal::FieldsChanged(fields) => match vertical {
            Some(vertical) => post_problem::fields_changed(vertical, fields),
            None => new(ProblemKind::PingFieldChanged, "send the values of the ping"),
        },
        Refusal::FieldsMissing(fields) => missing(vertical, fields),
        Refusal::UnknownOffer(position) => post_problem::unknown_offer(*position),
        Refusal::SellerNotNamed(position) => post_problem::seller_not_named(*position),
        Refusal::OffersConflict => post_problem::offers_conflict(),
        Refusal::TestChanged => post_problem::test_changed(),
        Refusal::TooSoon { retry_after } => {
            new(ProblemKind::ResubmittedTooSoon, "nothing was stored; wait and send it again")
                .with_retry_after(*retry_after)
        }
        Refusal::RateLimited { retry_after } => {
            new(ProblemKind::RateLimited, "the seller or this source sends faster than it may")
                .with_retry_after(*retry_after)
        }
        Refusal::QuotaUsed { retry_after } => {
            new(ProblemKind::RateLimited, "the key, the seller or this source has had its leads of the day")
                .with_retry_after(*retry_after)
        }
        Refusal::TooManyUnposted { retry_after } => {
            new(ProblemKind::TooManyUnposted, "post what you ping for; leads in one call are taken")
                .with_retry_after(*retry_after)
        }
    }
}

fn missing(vertical: Option<&Vertical>, fields: &[FieldIndex]) -> Problem {
    let named = fields.iter().filter_map(|index| vertical?.field(*index));
    let errors: Vec<FieldError> = named
        .map(|field| {
            let message =
                format!("has to be given with the ping or the post: {}", field.kind.expected_type());
            FieldError::new(format!("fields.{}", field.name), "missing", message)
        })
        .collect();
    Problem::new(ProblemKind::Validation, "required fields are missing").with_errors(errors)
}
