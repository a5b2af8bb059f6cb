//! What can be wrong with a post that only the sale behind it knows, with its place in the body.

use exchange_catalog::snapshot::Vertical;
use exchange_types::FieldIndex;

use super::findings::{Findings, Path};
use super::post_request::{OFFER_IDS, UNKNOWN_OFFER};
use crate::{Problem, ProblemKind};

/// Returns the problem of fields that were given with the ping and differ in the post.
pub fn fields_changed(vertical: &Vertical, changed: &[FieldIndex]) -> Problem {
    let mut findings = Findings::default();
    for field in changed.iter().filter_map(|index| vertical.field(*index)) {
        let message = "has another value than in the ping; send that one, or \"on_changed\": \"keep\"";
        findings.error(Path::In("fields", &field.name), "changed", message);
    }
    with_findings(ProblemKind::PingFieldChanged, "the offers hold for the ping's values", findings)
}

/// Returns the problem of a ping and a post of which one is a test and the other is not.
pub fn test_changed() -> Problem {
    let mut findings = Findings::default();
    findings.error(Path::Top("test"), "changed", "a test is posted as one, and nothing else is");
    with_findings(ProblemKind::PingFieldChanged, "the offers hold for what the ping is", findings)
}

/// Returns the problem of an offer, by its position in `offer_ids`, that the ping does not have.
pub fn unknown_offer(position: usize) -> Problem {
    let message = "is not an offer of this ping";
    of_offer(
        ProblemKind::UnknownOffer,
        "choose among the offers of this ping",
        position,
        UNKNOWN_OFFER,
        message,
    )
}

/// Returns the problem of an offer, by its position in `offer_ids`, one of whose companies is not among the
/// consent's named sellers.
pub fn seller_not_named(position: usize) -> Problem {
    let detail = "the person has to have agreed to every company by name";
    let message = "is an offer of a company that consent.named_sellers does not have";
    of_offer(ProblemKind::SellerNotNamed, detail, position, "seller_not_named", message)
}

/// Returns the problem of chosen offers of which one allows fewer companies than were chosen.
pub fn offers_conflict() -> Problem {
    let mut findings = Findings::default();
    let message = "has more offers than the max_buyers of one of them";
    findings.error(Path::Top(OFFER_IDS), "offers_conflict", message);
    with_findings(ProblemKind::OffersConflict, "choose fewer offers, or others", findings)
}

fn of_offer(
    kind: ProblemKind,
    detail: &'static str,
    position: usize,
    code: &'static str,
    message: &'static str,
) -> Problem {
    let mut findings = Findings::default();
    findings.error(Path::Element(OFFER_IDS, position), code, message);
    with_findings(kind, detail, findings)
}

fn with_findings(kind: ProblemKind, detail: &'static str, findings: Findings) -> Problem {
    let (errors, _) = findings.into_parts();
    Problem::new(kind, detail).with_errors(errors)
}
