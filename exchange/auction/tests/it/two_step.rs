//! What is offered in two steps, and what is posted of it.

use exchange_auction::{Offer, Pick, Rules, Scratch, TwoStep, clear, offers};
use exchange_catalog::snapshot::Rule;
use proptest::prelude::*;

use crate::small_auction::{SmallAuction, small_auction};

/// Random auctions for each property.
const CASES: u32 = 3_000;

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn offers_that_are_all_allowed_sell_as_in_one_call(auction in small_auction(Rule::FirstPrice), limit in 4_u16..9) {
        let mut scratch = Scratch::default();
        let one_call = clear(&auction.rules, &auction.contenders, &mut scratch).to_vec();
        let made = offers(&auction.rules, &auction.contenders, limit, &mut scratch).to_vec();
        prop_assert!(made.len() <= usize::from(limit));
        prop_assume!(one_call.len() <= usize::from(limit));
        let (rules, offered) = accept(&auction, &made, |_| false);
        prop_assert_eq!(clear(&rules, &offered.contenders, &mut scratch), one_call);
    }

    #[test]
    fn only_what_was_named_is_posted_first(auction in small_auction(Rule::SecondPrice), named in 0_usize..4) {
        let mut scratch = Scratch::default();
        let made = offers(&auction.rules, &auction.contenders, 9, &mut scratch).to_vec();
        let Some(named) = named.checked_rem(made.len()) else { return Ok(()) };
        let (rules, offered) = accept(&auction, &made, |place| place == named);
        let chosen = made.get(named).expect("the offer is there");
        let posted = clear(&rules, &offered.contenders, &mut scratch);
        prop_assert_eq!(posted, [Pick { round: 1, ..*chosen }]);
    }

    #[test]
    fn an_offer_costs_no_more_than_its_bid_and_no_less_than_the_next_one_needs(
        auction in small_auction(Rule::SecondPrice)
    ) {
        let mut scratch = Scratch::default();
        let second = offers(&auction.rules, &auction.contenders, 9, &mut scratch).to_vec();
        let first_rules = Rules { rule: Rule::FirstPrice, ..auction.rules };
        let first = offers(&first_rules, &auction.contenders, 9, &mut scratch).to_vec();
        prop_assert_eq!(first.len(), second.len());
        for (first, second) in first.iter().zip(&second) {
            prop_assert_eq!((first.contender, first.entry), (second.contender, second.entry));
            prop_assert!(second.price <= first.price);
        }
    }
}

/// Returns the auction at the seller's post, in which these offers were made and some of them named.
fn accept(auction: &SmallAuction, made: &[Pick], is_named: impl Fn(usize) -> bool) -> (Rules, SmallAuction) {
    let mut offered = auction.clone();
    let mut any_named = false;
    for (place, pick) in made.iter().enumerate() {
        any_named |= is_named(place);
        let contender =
            offered.contenders.get_mut(usize::from(pick.contender)).expect("an offer has a contender");
        let offer = contender.offers.get_mut(usize::from(pick.entry)).expect("an offer has an entry");
        *offer = Some(Offer { price: pick.price, payout: pick.payout, named: is_named(place) });
    }
    let two_step = Some(TwoStep { named: any_named, fallback: any_named });
    (Rules { two_step, ..auction.rules }, offered)
}
