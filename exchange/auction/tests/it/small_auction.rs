//! Random small auctions: few campaigns, few prices, so that ties, limits and rounding are common.

use exchange_auction::{Contender, Rules, Standing};
use exchange_catalog::snapshot::{OnLowerPrice, Payout, RankBy, Rule, Terms};
use exchange_types::{
    Amount, BidEntries, BidEntry, BuyerIndex, CampaignIndex, Currency, HashKey, Rate, Reason,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::played::{Answer, play};

/// An auction with what each contender would answer to its post.
#[derive(Clone, Debug)]
pub(crate) struct SmallAuction {
    pub(crate) rules: Rules,
    pub(crate) contenders: Vec<Contender>,
    pub(crate) answers: Vec<Answer>,
}

const CAMPAIGNS_MAX: usize = 6;

pub(crate) fn small_auction(rule: Rule) -> impl Strategy<Value = SmallAuction> {
    let campaigns = prop::collection::vec((contender(), answer()), 1..=CAMPAIGNS_MAX);
    (rules(rule), campaigns, prop::option::weighted(0.7, terms())).prop_map(
        |(rules, campaigns, shared_terms)| {
            let (mut contenders, answers): (Vec<Contender>, Vec<Answer>) = campaigns.into_iter().unzip();
            for (position, contender) in (0_u32..).zip(&mut contenders) {
                contender.campaign = CampaignIndex(position);
                contender.rotation_id = u64::from(position) + 100;
                contender.terms = shared_terms.unwrap_or(contender.terms);
            }
            SmallAuction { rules, contenders, answers }
        },
    )
}

/// Returns the contenders in the order in which the rotation asks them, by their positions.
pub(crate) fn rotation_of(rules: &Rules, contenders: &[Contender]) -> Vec<usize> {
    let rules = Rules {
        rule: Rule::FirstPrice,
        rank_by: RankBy::Nothing,
        max_buyers: 1,
        prior_sales: 0,
        reserve: None,
        floor: None,
        ..*rules
    };
    let mut equals = contenders.to_vec();
    for (position, contender) in (0_u32..).zip(&mut equals) {
        let mut entries = BidEntries::new();
        entries.push(BidEntry { amount: cents(100), ..BidEntry::default() });
        contender.entries = entries;
        contender.buyer = BuyerIndex(position);
        contender.tier = 1;
        contender.reserve = None;
        contender.terms = Terms { payout: Payout::None, min_margin: Amount::ZERO, allow_loss: false };
        contender.standing = Standing::Running;
    }
    let played = play(&rules, equals, |_| Answer::Failed(Reason::PostFailed));
    played.rounds.iter().flatten().map(|pick| usize::from(pick.contender)).collect()
}

pub(crate) const fn cents(number: i64) -> Amount {
    Amount::from_micros(number * 10_000)
}

fn rules(rule: Rule) -> impl Strategy<Value = Rules> {
    let rank_by = select(vec![RankBy::Payout, RankBy::Payout, RankBy::Bid, RankBy::Margin, RankBy::Nothing]);
    let max_buyers = select(vec![1, 1, 2, 2, 3, 4, 256]);
    let prior_sales = select(vec![0, 0, 0, 1]);
    let bound = || prop::option::weighted(0.3, (1_i64..20).prop_map(cents));
    (rank_by, max_buyers, prior_sales, bound(), bound(), any::<u128>()).prop_map(
        move |(rank_by, max_buyers, prior_sales, reserve, floor, auction)| Rules {
            currency: Currency::parse("EUR").expect("a known currency"),
            rule,
            rank_by,
            max_buyers,
            prior_sales,
            reserve,
            floor,
            cascade_into_margin: true,
            rotation: HashKey::new([3; 16]),
            auction,
            two_step: None,
        },
    )
}

fn contender() -> impl Strategy<Value = Contender> {
    let penalty = select(vec!["0%", "0%", "0%", "25%", "50%", "100%"]);
    let reserve = prop::option::weighted(0.2, (1_i64..20).prop_map(cents));
    let entries = prop::collection::vec((bid(), 0_u16..=4), 1..=3);
    let parts = (0_u32..4, select(vec![1_u8, 1, 1, 2]), 1_u32..4, penalty, reserve, terms(), entries);
    parts.prop_map(|(buyer, tier, weight, penalty, reserve, terms, bids)| {
        let mut entries = BidEntries::new();
        for (amount, max_buyers) in bids {
            entries.push(BidEntry { amount, max_buyers, ..BidEntry::default() });
        }
        Contender {
            campaign: CampaignIndex(0),
            buyer: BuyerIndex(buyer),
            rotation_id: 0,
            tier,
            weight,
            penalty: Rate::parse(penalty).expect("a rate"),
            reserve,
            terms,
            entries,
            standing: Standing::Running,
            offers: Default::default(),
        }
    })
}

/// Bids of some cents, now and then with a part of a cent.
fn bid() -> impl Strategy<Value = Amount> {
    let fraction = select(vec![0, 0, 0, 100, 4_900, 9_900]);
    (1_i64..40, fraction).prop_map(|(number, fraction)| Amount::from_micros(number * 10_000 + fraction))
}

fn terms() -> impl Strategy<Value = Terms> {
    let rate = |text: &str| Rate::parse(text).expect("a rate");
    let payout = select(vec![
        Payout::MarginRate(rate("20%")),
        Payout::MarginRate(rate("15%")),
        Payout::MarginAmount(cents(3)),
        Payout::Share(rate("70%")),
        Payout::Share(rate("100%")),
        Payout::FixedPerLead(cents(12)),
        Payout::FixedPerSale(cents(12)),
        Payout::None,
    ]);
    (payout, select(vec![0, 0, 2, 5]), prop::bool::weighted(0.2)).prop_map(
        |(payout, min_margin, allow_loss)| Terms { payout, min_margin: cents(min_margin), allow_loss },
    )
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        4 => Just(Answer::Accepted(None, OnLowerPrice::Reject)),
        1 => (1_i64..40).prop_map(|number| Answer::Accepted(Some(cents(number)), OnLowerPrice::Accept)),
        2 => Just(Answer::Failed(Reason::PostRejected)),
        1 => Just(Answer::Failed(Reason::PostDuplicate)),
        2 => Just(Answer::Failed(Reason::PostFailed)),
        1 => Just(Answer::Unknown),
    ]
}
