//! Arrival order never changes an outcome.

use exchange_protocol::SaleKind;
use exchange_types::PostOutcome;
use proptest::prelude::*;

use crate::market::{ACCEPTED, Market};

const CAMPAIGNS: [&str; 5] = ["east", "north", "south", "up", "west"];

/// Sells one lead with the bids in a given order and returns all that may not depend on it.
fn outcome(max_buyers: u16, cents: &[u32; 5], accepts: [bool; 5], order: &[usize]) -> String {
    let mut market = Market::new(max_buyers, &CAMPAIGNS);
    market.lead(SaleKind::OneCall);
    for position in order {
        let (name, cents) = (CAMPAIGNS.get(*position).expect("five"), cents.get(*position).expect("five"));
        market.bid(name, &format!("{}.{:02}", cents / 100, cents % 100));
    }
    let mut answered = 0;
    while let Some(name) = market.posted().get(answered).cloned() {
        let position = CAMPAIGNS.iter().position(|campaign| *campaign == name).expect("five");
        let accepted = *accepts.get(position).expect("five");
        market.post(&name, if accepted { ACCEPTED } else { PostOutcome::Rejected });
        answered += 1;
    }
    let answer = market.told.first().expect("an answer");
    format!("{:?} {:?} {:?} {:?}", market.posted(), answer.status, answer.payout, market.reasons())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_the_bids_does_not_matter(
        max_buyers in 1_u16..4,
        cents in prop::array::uniform5(1_000_u32..1_004),
        accepts in prop::array::uniform5(any::<bool>()),
        order in Just([0_usize, 1, 2, 3, 4]).prop_shuffle(),
    ) {
        let straight = outcome(max_buyers, &cents, accepts, &[0, 1, 2, 3, 4]);
        prop_assert_eq!(outcome(max_buyers, &cents, accepts, &order), straight);
    }
}
