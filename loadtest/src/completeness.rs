//! [`check`]: whether an answer says everything that the contract promises, and nothing else.

use std::str::FromStr;
use std::time::Duration;

use exchange_types::{Amount, AuctionId, Currency, LeadId, OfferId, PingId, SaleId};

use crate::answer::{LeadAnswer, Offer, PingAnswer, Problem};
use crate::connections::Received;

const UNSOLD_REASONS: [&str; 8] = [
    "no_eligible_buyer",
    "no_bid",
    "below_floor",
    "posts_rejected",
    "suppressed",
    "proof_missing",
    "offers_expired",
    "deadline",
];
const PENDING_REASONS: [&str; 5] =
    ["post_in_flight", "post_unknown", "journal_wait", "in_review", "awaiting_acceptance"];

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallKind {
    /// `POST /v1/leads`.
    Lead,
    /// `POST /v1/pings`.
    Ping,
    /// `POST /v1/pings/{id}/post`.
    Post,
    /// `DELETE /v1/pings/{id}`.
    GiveBack,
}

/// What an answer has to fit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    pub(crate) kind: CallKind,
    pub(crate) currency: Currency,
    /// By when the answer has to be there, from the sending, slack included.
    pub(crate) within: Duration,
}

/// What an answer says, and what is wrong with it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// `sold`, `unsold/no_bid`, `http_503`: the line of the report on which it counts.
    pub(crate) outcome: String,
    /// The `lead_id` or `ping_id`.
    pub(crate) id: Option<String>,
    /// The offers of a ping, best first.
    pub(crate) offer_ids: Vec<String>,
    /// What breaks the contract.
    pub(crate) violations: Vec<Violation>,
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The promise, one of a closed list.
    pub(crate) rule: &'static str,
    /// What was seen instead.
    pub(crate) seen: String,
}

/// Checks one answer that took `elapsed` from the sending.
pub(crate) fn check(expected: &Expected, received: &Received, elapsed: Duration) -> Verdict {
    let mut verdict = Verdict::default();
    match (received.status, expected.kind) {
        (200, CallKind::Lead | CallKind::Post) => verdict.lead(expected, received),
        (200, CallKind::Ping) => verdict.ping(received),
        (200 | 204, CallKind::GiveBack) => "given_back".clone_into(&mut verdict.outcome),
        (status, _) => verdict.problem(status, expected.kind, received),
    }
    if elapsed > expected.within {
        verdict.broken("answered_in_time", format!("{elapsed:?}, allowed {:?}", expected.within));
    }
    verdict
}

impl Verdict {
    fn broken(&mut self, rule: &'static str, seen: impl Into<String>) {
        self.violations.push(Violation { rule, seen: seen.into() });
    }

    fn lead(&mut self, expected: &Expected, received: &Received) {
        let answer: LeadAnswer = match serde_json::from_slice(&received.body) {
            Ok(answer) => answer,
            Err(error) => return self.unreadable(&error, received),
        };
        self.outcome = outcome(&answer.status, answer.reason.as_deref().or(answer.scope.as_deref()));
        let reason = answer.reason.as_deref().unwrap_or("none");
        match answer.status.as_str() {
            "sold" => self.sold(expected, &answer),
            "unsold" => self.listed("unsold_reason_known", reason, &UNSOLD_REASONS),
            "pending" => {
                self.listed("pending_reason_known", reason, &PENDING_REASONS);
                if answer.status_url.is_none()
                    || answer.settles_by.is_none()
                    || answer.retry_after_ms.is_none()
                {
                    self.broken(
                        "pending_says_where_and_when",
                        "status_url, settles_by or retry_after_ms missing",
                    );
                }
            }
            "duplicate" => {
                self.listed(
                    "duplicate_scope_known",
                    answer.scope.as_deref().unwrap_or("none"),
                    &["own", "exchange"],
                );
            }
            "invalid" => self.errors_present(answer.errors.as_ref().map(Vec::len)),
            status => self.broken("status_known", status),
        }
        if answer.status != "sold" && !answer.sales.is_empty() {
            self.broken("only_sold_has_sales", format!("{} with sales", answer.status));
        }
        let foreign = answer.status == "duplicate" && answer.scope.as_deref() == Some("exchange");
        match &answer.lead_id {
            Some(id) => self.well_formed::<LeadId>(id),
            None if foreign || answer.status == "invalid" => (),
            None => self.broken("lead_id_present", "none"),
        }
        if let Some(id) = &answer.auction_id {
            self.well_formed::<AuctionId>(id);
        }
        if answer.elapsed_ms.is_none() {
            self.broken("elapsed_ms_present", "none");
        }
        self.id = answer.lead_id;
    }

    fn sold(&mut self, expected: &Expected, answer: &LeadAnswer) {
        if answer.sales.is_empty() {
            self.broken("sold_has_sales", "none");
        }
        let code = answer.currency.as_deref().unwrap_or("none");
        if Currency::parse(code) != Some(expected.currency) {
            self.broken("currency_is_the_verticals", code);
        }
        let mut sum = 0_i128;
        for sale in &answer.sales {
            self.well_formed::<SaleId>(&sale.id);
            if sale.buyer_ref.is_none() && sale.sellers.is_none() {
                self.broken("sale_names_its_buyer", sale.id.as_str());
            }
            sum += i128::from(self.amount(&sale.payout).micros());
        }
        let payout = self.amount(answer.payout.as_deref().unwrap_or("none"));
        if i128::from(payout.micros()) != sum {
            self.broken("payout_is_the_sum_of_sales", format!("{:?}", answer.payout));
        }
    }

    fn ping(&mut self, received: &Received) {
        let answer: PingAnswer = match serde_json::from_slice(&received.body) {
            Ok(answer) => answer,
            Err(error) => return self.unreadable(&error, received),
        };
        self.outcome = outcome(&answer.status, answer.reason.as_deref());
        match answer.status.as_str() {
            "offers" => {
                if answer.offers.is_empty() || answer.expires_at.is_none() {
                    self.broken("offers_are_there", "no offer or no expires_at");
                }
            }
            // A person known from another seller alone is answered without a reason.
            "no_offer" => {
                if let Some(reason) = &answer.reason {
                    self.listed("no_offer_reason_known", reason, &UNSOLD_REASONS);
                }
            }
            "duplicate" => (),
            "invalid" => self.errors_present(answer.errors.as_ref().map(Vec::len)),
            status => self.broken("status_known", status),
        }
        for offer in &answer.offers {
            self.offer(offer);
        }
        match &answer.ping_id {
            Some(id) => self.well_formed::<PingId>(id),
            None if matches!(answer.status.as_str(), "invalid" | "duplicate") => (),
            None => self.broken("ping_id_present", "none"),
        }
        self.id = answer.ping_id;
        self.offer_ids = answer.offers.into_iter().map(|offer| offer.id).collect();
    }

    fn offer(&mut self, offer: &Offer) {
        self.well_formed::<OfferId>(&offer.id);
        self.amount(&offer.payout);
        let named = offer.buyer_ref.is_some() || offer.sellers.is_some();
        if !named || offer.max_buyers == 0 || offer.expires_at.is_empty() {
            self.broken("offer_is_complete", offer.id.as_str());
        }
    }

    fn problem(&mut self, status: u16, kind: CallKind, received: &Received) {
        self.outcome = format!("http_{status}");
        let is_problem = received.content_type.as_deref() == Some("application/problem+json");
        let parsed = serde_json::from_slice::<Problem>(&received.body);
        match parsed {
            Ok(problem) if is_problem => {
                let name = problem.kind.rsplit(['/', ':', '#']).next().unwrap_or_default();
                self.outcome = format!("http_{status}/{name}");
            }
            _ => self.broken("refusal_is_a_problem_document", text_of(received)),
        }
        if matches!(status, 429 | 503) {
            if received.retry_after.is_none() {
                self.broken("refusal_says_when_to_retry", status.to_string());
            }
        } else if !(matches!(kind, CallKind::Post | CallKind::GiveBack) && status == 409) {
            // A ping may have expired; anything else is not what a well-formed submission is told.
            self.broken("no_unexpected_refusal", format!("{status}: {}", text_of(received)));
        }
    }

    fn unreadable(&mut self, error: &serde_json::Error, received: &Received) {
        "unreadable".clone_into(&mut self.outcome);
        self.broken("answer_has_its_shape", format!("{error}: {}", text_of(received)));
    }

    fn listed(&mut self, rule: &'static str, value: &str, list: &[&str]) {
        if !list.contains(&value) {
            self.broken(rule, value);
        }
    }

    fn errors_present(&mut self, count: Option<usize>) {
        if count.unwrap_or_default() == 0 {
            self.broken("invalid_names_its_errors", "none");
        }
    }

    fn well_formed<Id: FromStr>(&mut self, id: &str) {
        if id.parse::<Id>().is_err() {
            self.broken("ids_are_well_formed", id);
        }
    }

    fn amount(&mut self, text: &str) -> Amount {
        let amount = Amount::parse(text, 4).ok().filter(|amount| *amount >= Amount::ZERO);
        if amount.is_none() {
            self.broken("amounts_are_decimals", text);
        }
        amount.unwrap_or_default()
    }
}

fn outcome(status: &str, reason: Option<&str>) -> String {
    reason.map_or_else(|| status.to_owned(), |reason| format!("{status}/{reason}"))
}

/// Returns the beginning of an answer, for a person to read.
fn text_of(received: &Received) -> String {
    const CHARACTERS_MAX: usize = 300;
    String::from_utf8_lossy(&received.body).chars().take(CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests;
