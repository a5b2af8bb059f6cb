//! Properties over random small auctions, against the enumerator.

use exchange_auction::{Contender, Pick, Scratch, Standing, clear};
use exchange_catalog::snapshot::{Payout, Rule};
use exchange_types::{Amount, Reason};
use proptest::prelude::*;

use crate::enumerator::{Enumerator, Member};
use crate::played::{Played, play};
use crate::small_auction::{SmallAuction, rotation_of, small_auction};

/// Random auctions for each property: half a minute in all, in a build without optimisation.
const CASES: u32 = 100_000;
const CENT: i128 = 10_000;

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_round_posts_the_set_that_enumeration_finds(auction in small_auction(Rule::FirstPrice)) {
        let rotation = rotation_of(&auction.rules, &auction.contenders);
        let played = play_out(&auction);
        for state in states_of(&auction, &played) {
            let naive = Enumerator { rules: &auction.rules, contenders: &state, rotation: &rotation };
            let mut scratch = Scratch::default();
            let found = members(clear(&auction.rules, &state, &mut scratch));
            let mut expected = naive.best_set();
            expected.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_second_price_is_the_least_bid_that_still_wins(auction in small_auction(Rule::SecondPrice)) {
        let rotation = rotation_of(&auction.rules, &auction.contenders);
        let mut scratch = Scratch::default();
        let naive = Enumerator { rules: &auction.rules, contenders: &auction.contenders, rotation: &rotation };
        for pick in clear(&auction.rules, &auction.contenders, &mut scratch) {
            let member = (usize::from(pick.contender), usize::from(pick.entry));
            let (price, bid) = (micros(pick.price), micros(pick.bid));
            let is_capped = price == bid - bid.rem_euclid(CENT);
            prop_assert!(price <= bid);
            prop_assert!(naive.is_in_a_best_set(member, bid));
            prop_assert!(is_capped || naive.is_in_a_best_set(member, price), "{:?} is too little", pick);
            prop_assert!(!naive.is_in_a_best_set(member, price - CENT), "{:?} is too much", pick);
        }
    }

    #[test]
    fn a_minimum_to_win_would_have_won(auction in small_auction(Rule::FirstPrice)) {
        let rotation = rotation_of(&auction.rules, &auction.contenders);
        let mut lost = auction.contenders.clone();
        let mut scratch = Scratch::default();
        for pick in clear(&auction.rules, &auction.contenders, &mut scratch).to_vec() {
            set(&mut lost, pick.contender, Standing::Accepted(pick));
        }
        let mut losses = Vec::new();
        exchange_auction::reasons(&auction.rules, &lost, &mut scratch, &mut losses);
        let naive = Enumerator { rules: &auction.rules, contenders: &auction.contenders, rotation: &rotation };
        for loss in losses {
            let position = usize::from(loss.contender);
            // Which entry the figure is for is what scores best; with one entry there is no question.
            let contender = auction.contenders.get(position).expect("a loser is a contender");
            let [entry] = contender.entries.as_slice() else { continue };
            let (member, bid) = ((position, 0), micros(entry.amount));
            if loss.reason == Reason::LowerTier {
                prop_assert_eq!(loss.minimum_to_win, None);
            } else if let Some(minimum) = loss.minimum_to_win.map(micros) {
                prop_assert!(minimum >= bid - bid.rem_euclid(CENT));
                prop_assert!(naive.is_in_a_best_set(member, minimum), "{:?} is too little", loss);
                prop_assert!(!naive.is_in_a_best_set(member, minimum - CENT), "{:?} is too much", loss);
            } else {
                let tier = lost.iter().filter(|c| c.standing.sale().is_some()).map(|c| c.tier).min();
                let price_decided = !naive.is_in_a_best_set(member, bid) && naive.is_in_a_best_set(member, bid * 1_000);
                prop_assert!(!price_decided || tier.is_some_and(|tier| contender.tier > tier), "{:?}", loss);
            }
        }
    }

    #[test]
    fn the_order_of_the_contenders_changes_nothing(
        (auction, order) in small_auction(Rule::SecondPrice).prop_flat_map(|auction| {
            let order: Vec<usize> = (0..auction.contenders.len()).collect();
            (Just(auction), Just(order).prop_shuffle())
        })
    ) {
        let moved = SmallAuction {
            rules: auction.rules,
            contenders: order.iter().filter_map(|&from| auction.contenders.get(from).cloned()).collect(),
            answers: order.iter().filter_map(|&from| auction.answers.get(from).copied()).collect(),
        };
        prop_assert_eq!(by_campaign(&play_out(&auction)), by_campaign(&play_out(&moved)));
    }

    #[test]
    fn every_sale_adds_up_and_keeps_what_was_agreed(
        auction in prop_oneof![small_auction(Rule::FirstPrice), small_auction(Rule::SecondPrice)]
    ) {
        let played = play_out(&auction);
        let mut buyers: Vec<_> = played.contenders.iter().filter(|c| c.standing.kept().is_some()).map(|c| c.buyer).collect();
        let kept = buyers.len();
        buyers.sort_unstable();
        buyers.dedup();
        prop_assert_eq!(buyers.len(), kept);
        prop_assert!(kept == 0 || kept + usize::from(auction.rules.prior_sales) <= usize::from(auction.rules.max_buyers));
        prop_assert!(played.sales.iter().filter(|sale| is_per_lead(&played, sale) && sale.payout.is_positive()).count() <= 1);
        for sale in &played.sales {
            let contender = played.contenders.get(usize::from(sale.contender)).expect("a sale has a contender");
            prop_assert_eq!(micros(sale.price), micros(sale.payout) + micros(sale.margin));
            prop_assert!(Amount::ZERO < sale.price && sale.price <= sale.bid);
            prop_assert!(contender.terms.allow_loss || sale.margin >= contender.terms.min_margin);
            prop_assert!(Some(sale.payout) >= auction.rules.floor || is_per_lead(&played, sale));
            for amount in [sale.price, sale.payout, sale.margin] {
                prop_assert_eq!(amount, amount.floor_to(auction.rules.currency));
            }
        }
        prop_assert_eq!(played.losses.len() + played.sales.len(), auction.contenders.len());
    }
}

fn play_out(auction: &SmallAuction) -> Played {
    play(&auction.rules, auction.contenders.clone(), |position| {
        *auction.answers.get(position).expect("every contender has an answer")
    })
}

/// Returns the contenders as they stood before each clearing that chose somebody, and after the last round
/// where a post of it failed.
fn states_of(auction: &SmallAuction, played: &Played) -> Vec<Vec<Contender>> {
    let last = u16::try_from(played.rounds.len()).expect("few rounds");
    let mut states = Vec::new();
    for round in 1..=last.saturating_add(1) {
        let mut state = auction.contenders.clone();
        for (before, after) in state.iter_mut().zip(&played.contenders) {
            if after.standing.round() < round {
                before.standing = after.standing;
            }
        }
        let failed = |contender: &Contender| matches!(contender.standing, Standing::Failed { round: failed, .. } if failed == last);
        if round <= last || state.iter().any(failed) {
            states.push(state);
        }
    }
    states
}

fn members(picks: &[Pick]) -> Vec<Member> {
    let member = |pick: &Pick| (usize::from(pick.contender), usize::from(pick.entry));
    let mut members: Vec<Member> = picks.iter().map(member).collect();
    members.sort_unstable();
    members
}

fn set(contenders: &mut [Contender], position: u16, standing: Standing) {
    contenders.get_mut(usize::from(position)).expect("a pick names a contender").standing = standing;
}

fn is_per_lead(played: &Played, sale: &Pick) -> bool {
    let contender = played.contenders.get(usize::from(sale.contender));
    contender.is_some_and(|contender| matches!(contender.terms.payout, Payout::FixedPerLead(_)))
}

/// Returns what came out, by campaign instead of by position: posts, sales and losses.
fn by_campaign(played: &Played) -> Vec<String> {
    let campaign =
        |position: u16| played.contenders.get(usize::from(position)).map(|contender| contender.campaign);
    let pick = |pick: &Pick| format!("{:?} {:?}", campaign(pick.contender), Pick { contender: 0, ..*pick });
    let mut lines: Vec<String> =
        played.rounds.iter().flatten().map(|posted| format!("posted {}", pick(posted))).collect();
    lines.extend(played.sales.iter().map(|sold| format!("sold {}", pick(sold))));
    lines.extend(played.losses.iter().map(|loss| {
        format!("lost {:?} {:?} {:?}", campaign(loss.contender), loss.reason, loss.minimum_to_win)
    }));
    lines.sort_unstable();
    lines
}

fn micros(amount: Amount) -> i128 {
    i128::from(amount.micros())
}
