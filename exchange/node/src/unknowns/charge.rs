//! What an acceptance that is found out later costs: the rule of a post's own reply.

use exchange_auction::{Contender, Offer, Pick, PriceChanged, Rules, Standing, TwoStep, judge_price};
use exchange_catalog::snapshot::OnLowerPrice;
use exchange_protocol::SaleKind;
use exchange_types::{Amount, BidEntries, HashKey, limits};

use super::Unknown;

/// What is charged and paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Charge {
    pub(super) price: Amount,
    pub(super) payout: Amount,
}

/// Returns what is charged for an acceptance that names this price, or nothing where it is no longer agreed.
///
/// Above the agreed price that one is charged. A lower one is judged as in the post's own reply; where the lead
/// is gone with its key, floor and terms cannot be known and it is refused. In a two-step sale the seller keeps
/// at least the payout of the post: which offers it had allowed besides is not kept.
pub(super) fn judge(
    unknown: &Unknown,
    price: Option<Amount>,
    on_lower_price: OnLowerPrice,
) -> Result<Charge, PriceChanged> {
    let agreed = Charge { price: unknown.price, payout: unknown.payout };
    if price.is_none_or(|price| price >= agreed.price) {
        return Ok(agreed);
    }
    let (contender, rules) = basis(unknown).ok_or(PriceChanged)?;
    let pick = Pick {
        contender: 0,
        entry: 0,
        round: 1,
        bid: agreed.price,
        price: agreed.price,
        payout: agreed.payout,
        margin: agreed.price.checked_sub(agreed.payout).ok_or(PriceChanged)?,
        exclusive: unknown.exclusive,
    };
    let pick = judge_price(&rules, &[contender], &pick, price, on_lower_price)?;
    Ok(Charge { price: pick.price, payout: pick.payout })
}

/// Returns the auction as far as a price is judged by it.
fn basis(unknown: &Unknown) -> Option<(Contender, Rules)> {
    let lead = unknown.submission.as_deref()?;
    let snapshot = &unknown.snapshot;
    let (campaign, vertical) = (unknown.campaign()?, snapshot.vertical(lead.vertical)?);
    let agreement = snapshot.seller(lead.seller)?.agreement(lead.vertical)?;
    let mut offers = [None; limits::BID_ENTRIES_MAX];
    if let Some(first) = offers.first_mut() {
        *first = Some(Offer { price: unknown.price, payout: unknown.payout, named: true });
    }
    let contender = Contender {
        campaign: unknown.campaign,
        buyer: unknown.buyer,
        rotation_id: 0,
        tier: campaign.tier,
        weight: campaign.weight,
        penalty: campaign.penalty,
        reserve: campaign.reserve,
        terms: agreement.terms_for(unknown.buyer, &snapshot.sources.origin(lead)),
        entries: BidEntries::new(),
        standing: Standing::Running,
        offers,
    };
    let rules = Rules {
        currency: vertical.currency,
        rule: vertical.rule,
        rank_by: vertical.rank_by,
        max_buyers: vertical.max_buyers,
        prior_sales: lead.prior_sales,
        reserve: vertical.reserve,
        floor: lead.floor,
        cascade_into_margin: vertical.cascade_into_margin,
        // Nobody is ranked here.
        rotation: HashKey::new([0; 16]),
        auction: unknown.key.auction.as_u128(),
        two_step: (unknown.kind == SaleKind::TwoStep).then_some(TwoStep { named: true, fallback: false }),
    };
    Some((contender, rules))
}
