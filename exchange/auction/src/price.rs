//! What a chosen bid costs its buyer and pays the seller.

use exchange_catalog::snapshot::Rule;
use exchange_types::Amount;

use crate::field::{Candidate, Field, limit_of};
use crate::score::Scale;
use crate::terms::{Earning, amount, least_bid, micros, round_up};
use crate::threshold::Threshold;
use crate::two_step::{Promise, lowest_allowed, raised_payout};
use crate::{Contender, Pick, Rules};

/// Under what conditions a bid is chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conditions {
    /// The score that it needed; counts under second price only.
    pub(crate) threshold: Threshold,
    /// The round of posts; zero for an offer.
    pub(crate) round: u16,
}

/// Returns the pick of a candidate that is posted to. What was offered is posted as it was offered.
pub(crate) fn posted(field: &Field<'_>, candidate: &Candidate, conditions: &Conditions) -> Option<Pick> {
    let contender = field.contenders.get(usize::from(candidate.contender))?;
    if field.rules.two_step.is_none() {
        return priced(field, candidate, conditions);
    }
    let offer = contender.offer(candidate.entry)?;
    let lowest = match candidate.stage {
        (Promise::Allowed, _) => Amount::ZERO,
        (Promise::Fallback, _) => lowest_allowed(field.rules, field.contenders),
    };
    let payout = raised_payout(field.rules, contender, offer, lowest)?;
    pick(field.rules, contender, candidate, &Money { price: offer.price, payout, round: conditions.round })
}

/// Returns the pick of a candidate at the price that the rule gives it.
pub(crate) fn priced(field: &Field<'_>, candidate: &Candidate, conditions: &Conditions) -> Option<Pick> {
    let rules = field.rules;
    let contender = field.contenders.get(usize::from(candidate.contender))?;
    let highest = candidate.bid.floor_to(rules.currency);
    let price = match rules.rule {
        Rule::FirstPrice => highest,
        // Where rounding up would pass the bid, no whole minor unit lies between.
        Rule::SecondPrice => {
            let to_pass = least_bid(rules, &contender.terms, contender.reserve)?;
            needed_bid(rules, contender, conditions.threshold, to_pass)?.rounded_up(rules).min(highest)
        }
    };
    let payout = Earning::of(&contender.terms).payout(price, rules.currency);
    pick(rules, contender, candidate, &Money { price, payout, round: conditions.round })
}

/// The least bid with which a campaign would win, in micros.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NeededBid {
    /// For its score; `i128::MIN` where every bid scores enough.
    pub(crate) for_score: i128,
    /// For reserve, floor and margin.
    pub(crate) to_pass: Amount,
}

impl NeededBid {
    /// Returns the bid rounded up to the minor unit.
    pub(crate) fn rounded_up(self, rules: &Rules) -> Amount {
        let needed = self.for_score.max(micros(self.to_pass));
        amount(round_up(needed, i128::from(rules.currency.minor_unit_micros())))
    }
}

/// Returns the least bid that reaches a threshold and passes, as from `to_pass` on every bid does; nothing
/// where no bid reaches it.
pub(crate) fn needed_bid(
    rules: &Rules,
    contender: &Contender,
    threshold: Threshold,
    to_pass: Amount,
) -> Option<NeededBid> {
    let for_score = match threshold {
        Threshold::NoRoom => return None,
        Threshold::NoRival => i128::MIN,
        Threshold::Score(score) => Scale::of(rules, contender).least_bid(score)?,
    };
    Some(NeededBid { for_score, to_pass })
}

struct Money {
    price: Amount,
    payout: Amount,
    round: u16,
}

fn pick(rules: &Rules, contender: &Contender, candidate: &Candidate, money: &Money) -> Option<Pick> {
    let entry = contender.entry(candidate.entry)?;
    let margin = money.price.checked_sub(money.payout)?;
    Some(Pick {
        contender: candidate.contender,
        entry: candidate.entry,
        round: money.round,
        bid: candidate.bid,
        price: money.price,
        payout: money.payout,
        margin,
        exclusive: rules.max_buyers == 1 || limit_of(entry) == 1,
    })
}
