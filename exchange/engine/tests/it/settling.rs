//! What a sale settles at, and what its records say of the money.

use exchange_protocol::{AnswerStatus, Outcome, Record, SaleKind, SaleStep, Story};
use exchange_types::{Amount, PostOutcome, UtcMicros};

use crate::catalog::{campaign, catalog, catalog_paying, catalog_with, company};
use crate::market::{ACCEPTED, Market, euros};

/// Returns what the records say that the seller earns: acceptances with their corrections.
fn earned(market: &Market) -> Amount {
    let mut payouts = std::collections::BTreeMap::new();
    for record in &market.records {
        match record {
            Record::Outcome { candidate, payout, .. } => payouts.insert(*candidate, *payout),
            Record::SaleChanged(change) => match change.step {
                SaleStep::Adjusted { payout, .. } => payouts.insert(change.candidate, payout),
                step @ (SaleStep::Returned { .. } | SaleStep::Reversed | SaleStep::Settled) => {
                    panic!("the engine does not write {step:?}")
                }
            },
            Record::Intent { .. }
            | Record::Closed(_)
            | Record::Lead(_)
            | Record::Completed(_)
            | Record::Offered(_)
            | Record::Resolved(_)
            | Record::Disputed(_)
            | Record::Balance(_)
            | Record::Catalog(_)
            | Record::Erased(_)
            | Record::Acknowledged(_)
            | Record::Stopped(_)
            | Record::Suppressed(_)
            | Record::Answered(_) => None,
        };
    }
    payouts.values().fold(Amount::ZERO, |sum, payout| sum.checked_add(*payout).expect("a small sum"))
}

#[test]
fn a_payout_for_the_lead_is_paid_once_by_the_records_too() {
    let paying = r#"fixed = "12.00", per = "lead""#;
    for order in [["north", "south"], ["south", "north"]] {
        let mut market = Market::of(catalog_paying(paying, 2, "", &["north", "south"]));
        market.lead(SaleKind::OneCall);
        market.bid("north", "20.00");
        market.bid("south", "30.00");
        market.fast_disk = false;
        for campaign in order {
            market.post(campaign, ACCEPTED);
        }
        assert_eq!(market.statuses(), [], "the correction is not on disk yet");
        market.sync();
        assert_eq!(market.statuses(), [AnswerStatus::Sold]);
        let story = market.story.as_ref().expect("the auction has ended");
        assert_eq!((story.payout, earned(&market)), (euros(12), euros(12)), "{order:?}");
        let interrupted: Vec<_> =
            market.records.iter().filter(|record| !matches!(record, Record::Closed(_))).cloned().collect();
        assert_eq!(Story::of_records(&interrupted).map(|story| story.payout), Some(euros(12)));
    }
}

#[test]
fn a_sale_settles_when_its_return_window_is_over() {
    let mut market = Market::of(catalog(1, r#"return_window = "3d""#, &["north", "south"]));
    market.lead(SaleKind::OneCall);
    market.bid("north", "40.00");
    market.bid("south", "30.00");
    market.post("north", PostOutcome::Rejected);
    market.pass(100);
    market.post("south", ACCEPTED);
    let settles = market.records.iter().filter_map(|record| {
        let Record::Outcome { outcome, at, settles_at, .. } = record else { return None };
        Some((*outcome, settles_at.0 - at.0))
    });
    let expected = [
        (Outcome::Failed(exchange_types::Reason::PostRejected), 0),
        (Outcome::Accepted, 3 * 24 * 3_600 * 1_000_000),
    ];
    assert_eq!(settles.collect::<Vec<_>>(), expected);
    let at = |record: &Record| if let Record::Outcome { at, .. } = record { Some(*at) } else { None };
    let last: Option<UtcMicros> = market.records.iter().filter_map(at).next_back();
    assert_eq!(last, Some(market.now.utc));
}

#[test]
fn an_unknown_post_keeps_what_was_agreed() {
    let mut market = Market::new(1, &["north"]);
    market.lead(SaleKind::OneCall);
    market.bid("north", "40.00");
    market.pass(6_000);
    let story = market.story.as_ref().expect("the auction has ended");
    let post = story.posts.first().expect("a post");
    assert_eq!((post.outcome, post.price, post.payout), (Some(Outcome::Unknown), euros(40), Amount::ZERO));
    assert_eq!(post.agreed, euros(32));
}

/// Has `north`, whose bid of 40 was posted, accept at a price; expects the price and the payout of the sale, and what
/// is written down as the price that the reply named.
fn accepts_at(on_lower_price: &str, price: i64, sale: Option<(i64, i64)>, stated: Option<i64>) {
    let more = format!(r#"on_lower_price = "{on_lower_price}""#);
    let sections = company("north") + &campaign("north", "north", &more);
    let mut market = Market::of(catalog_with(1, "", &[], &sections));
    market.lead(SaleKind::OneCall);
    market.bid("north", "40.00");
    market.post("north", PostOutcome::Accepted { price: Some(euros(price)) });
    let story = market.story.as_ref().expect("the auction has ended");
    let post = story.posts.first().expect("a post");
    let sold = (post.outcome == Some(Outcome::Accepted)).then_some((post.price, post.payout));
    assert_eq!(sold, sale.map(|(price, payout)| (euros(price), euros(payout))), "{on_lower_price} {price}");
    assert_eq!(post.stated, stated.map(euros), "{on_lower_price} {price}");
    assert_eq!(post.agreed, euros(32), "{on_lower_price} {price}");
    assert_eq!(market.held(), 0);
}

#[test]
fn the_price_that_a_reply_names_is_kept_where_it_is_another() {
    for on_lower_price in ["accept", "reject"] {
        accepts_at(on_lower_price, 40, Some((40, 32)), None);
        accepts_at(on_lower_price, 45, Some((40, 32)), Some(45));
    }
    accepts_at("accept", 30, Some((30, 24)), Some(30));
    accepts_at("reject", 30, None, Some(30));
}
