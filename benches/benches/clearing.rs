//! Clearing of one auction: who is posted to, out of twenty campaigns.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use exchange_auction::{Contender, Rules, Scratch, Standing, clear};
use exchange_benches::bid;
use exchange_catalog::snapshot::{Payout, RankBy, Rule, Terms};
use exchange_types::{Amount, BuyerIndex, CampaignIndex, Currency, HashKey, Rate};

const CAMPAIGNS: u32 = 20;

fn rules(max_buyers: u16, rule: Rule) -> Rules {
    Rules {
        currency: Currency::parse("USD").expect("a known currency"),
        rule,
        rank_by: RankBy::Payout,
        max_buyers,
        prior_sales: 0,
        reserve: Some(Amount::from_micros(2_000_000)),
        floor: None,
        cascade_into_margin: true,
        rotation: HashKey::new([3; 16]),
        auction: 7,
        two_step: None,
    }
}

/// Returns campaigns that each bid one price alone and a lower one for three companies.
fn contenders() -> Vec<Contender> {
    let margin = Rate::parse("20%").expect("a percentage");
    let contender = |number: u32| {
        // Seven and twenty have no common part, so neighbours do not bid in order.
        let cents = 2_000 + (number * 7 % CAMPAIGNS) * 100;
        let mut entries = bid(cents, 1);
        for shared in bid(cents / 2, 3).as_slice() {
            entries.push(*shared);
        }
        Contender {
            campaign: CampaignIndex(number),
            buyer: BuyerIndex(number),
            rotation_id: u64::from(number),
            tier: 1,
            weight: 1,
            penalty: Rate::ZERO,
            reserve: None,
            terms: Terms { payout: Payout::MarginRate(margin), min_margin: Amount::ZERO, allow_loss: false },
            entries,
            standing: Standing::Running,
            offers: Default::default(),
        }
    };
    (0..CAMPAIGNS).map(contender).collect()
}

fn clearing(criterion: &mut Criterion) {
    let mut scratch = Scratch::default();
    let contenders = contenders();
    for (name, rules) in [
        ("clear 20 bids for one", rules(1, Rule::FirstPrice)),
        ("clear 20 bids for three, shared", rules(3, Rule::FirstPrice)),
        ("clear 20 bids for three, second price", rules(3, Rule::SecondPrice)),
    ] {
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| clear(black_box(&rules), black_box(&contenders), &mut scratch).len());
        });
    }
}

criterion_group!(benches, clearing);
criterion_main!(benches);
