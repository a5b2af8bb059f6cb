//! Shares among equal scores follow the weights.

use exchange_types::{BidEntries, BidEntry, BuyerIndex, CampaignIndex, Currency, HashKey, Rate, Reason};

use exchange_auction::{Contender, Rules, Standing};
use exchange_catalog::snapshot::{Payout, RankBy, Rule, Terms};

use crate::played::{Answer, play};
use crate::small_auction::cents;

const AUCTIONS: u32 = 20_000;
/// The value that chi-square with three degrees of freedom passes once in ten thousand.
const CHI_SQUARE_MAX: i64 = 21;

fn rules(auction: u32) -> Rules {
    Rules {
        currency: Currency::parse("EUR").expect("a known currency"),
        rule: Rule::FirstPrice,
        rank_by: RankBy::Nothing,
        max_buyers: 1,
        prior_sales: 0,
        reserve: None,
        floor: None,
        cascade_into_margin: true,
        rotation: HashKey::new([5; 16]),
        auction: auction.into(),
        two_step: None,
    }
}

fn contender(position: u32, weight: u32) -> Contender {
    let mut entries = BidEntries::new();
    entries.push(BidEntry { amount: cents(3_000), ..BidEntry::default() });
    Contender {
        campaign: CampaignIndex(position),
        buyer: BuyerIndex(position),
        rotation_id: u64::from(position),
        tier: 1,
        weight,
        penalty: Rate::ZERO,
        reserve: None,
        terms: Terms { payout: Payout::None, min_margin: cents(0), allow_loss: false },
        entries,
        standing: Standing::Running,
        offers: Default::default(),
    }
}

/// Counts who comes at a place of the order, and compares with the expected shares, in ten-thousandths.
fn check(weights: [u32; 4], place: usize, expected: [i64; 4]) {
    let mut counts = [0_i64; 4];
    for auction in 0..AUCTIONS {
        let contenders = (0..).zip(weights).map(|(position, weight)| contender(position, weight)).collect();
        let played = play(&rules(auction), contenders, |_| Answer::Failed(Reason::PostFailed));
        let asked: Vec<usize> =
            played.rounds.iter().flatten().map(|pick| usize::from(pick.contender)).collect();
        assert_eq!(asked.len(), 4);
        let count = asked.get(place).and_then(|&position| counts.get_mut(position)).expect("four places");
        *count += 1;
    }
    // Counted in ten-thousandths of the statistic, with integers.
    let chi_square: i64 = counts
        .iter()
        .zip(expected)
        .map(|(&count, share)| {
            let due = i64::from(AUCTIONS) * share / 10_000;
            (count - due) * (count - due) * 10_000 / due
        })
        .sum();
    assert!(chi_square <= CHI_SQUARE_MAX * 10_000, "{counts:?} for {expected:?}: {chi_square}");
}

#[test]
fn equal_weights_come_first_equally_often() {
    check([1, 1, 1, 1], 0, [2_500; 4]);
    check([7, 7, 7, 7], 3, [2_500; 4]);
}

#[test]
fn shares_follow_the_weights() {
    check([1, 2, 3, 4], 0, [1_000, 2_000, 3_000, 4_000]);
    check([10, 20, 30, 40], 0, [1_000, 2_000, 3_000, 4_000]);
}

#[test]
fn after_the_first_the_weights_of_the_others_count() {
    // Drawn without putting back: P(second = i) = sum over j of w_j / 10 x w_i / (10 - w_j).
    check([1, 2, 3, 4], 1, [1_345, 2_413, 3_083, 3_159]);
}
