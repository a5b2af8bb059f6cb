//! What one company's answer to a post means for its other campaigns.

use exchange_protocol::SaleKind;
use exchange_types::{NotSent, PostOutcome, Reason};

use crate::catalog::{campaign, catalog_with};
use crate::market::{ACCEPTED, Market};

/// `north` has a second campaign, `north-2`, that bids less than `north` and more than `south`.
fn check(kind: SaleKind, outcome: PostOutcome, companion: Option<Reason>) {
    let catalog = catalog_with(1, "offers_held = 8", &["north", "south"], &campaign("north", "north-2", ""));
    let mut market = Market::of(catalog);
    market.lead(kind);
    for (campaign, amount) in [("north", "40.00"), ("north-2", "38.00"), ("south", "30.00")] {
        market.bid(campaign, amount);
    }
    if kind == SaleKind::TwoStep {
        market.seller_posts(&[], true);
    }
    market.post("north", outcome);
    let next = if companion.is_some() { "south" } else { "north-2" };
    assert_eq!(market.posted(), ["north", next], "{kind:?} {outcome:?}");
    market.post(next, ACCEPTED);
    assert_eq!(market.held(), 0, "{kind:?} {outcome:?}");
    assert_eq!(market.reasons().get("north-2"), Some(&companion), "{kind:?} {outcome:?}");
}

#[test]
fn a_company_that_has_declined_a_lead_is_not_asked_again() {
    for kind in [SaleKind::OneCall, SaleKind::TwoStep] {
        check(kind, PostOutcome::Rejected, Some(Reason::NotNeeded));
        check(kind, PostOutcome::Duplicate, Some(Reason::DuplicateForBuyer));
        check(kind, PostOutcome::Refused { status: 422 }, None);
        check(kind, PostOutcome::NotSent(NotSent::Connect), None);
    }
}
