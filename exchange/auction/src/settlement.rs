//! [`settle`]: what each sale pays in the end.

use core::cmp::Reverse;

use exchange_catalog::snapshot::Payout;
use exchange_types::Amount;

use crate::rotation::Turn;
use crate::score::Scale;
use crate::{Contender, Pick, Rules, Scratch, Standing};

/// Returns the sales that were accepted and not settled yet, with their final payouts, in the order of the
/// contenders.
///
/// Under a payout per lead the best-scoring sale carries it, unless a settled one does already; the others pay
/// nothing.
pub fn settle<'a>(rules: &Rules, contenders: &[Contender], scratch: &'a mut Scratch) -> &'a [Pick] {
    let accepted = contenders.iter().filter_map(|contender| {
        if let Standing::Accepted(pick) = &contender.standing { Some((contender, pick)) } else { None }
    });
    let per_lead = accepted.clone().filter(|(contender, _)| is_per_lead(contender));
    let bearer = per_lead.min_by_key(|(contender, pick)| {
        let score = Scale::of(rules, contender).score(pick.bid);
        (Reverse(score), Turn::of(rules, contender), contender.campaign)
    });
    let bearer = bearer.map(|(contender, _)| contender.campaign).filter(|_| !is_paid(contenders));
    scratch.picks.clear();
    scratch.picks.extend(accepted.map(|(contender, pick)| {
        let pays = !is_per_lead(contender) || bearer == Some(contender.campaign);
        if pays { *pick } else { Pick { payout: Amount::ZERO, margin: pick.price, ..*pick } }
    }));
    &scratch.picks
}

fn is_per_lead(contender: &Contender) -> bool {
    matches!(contender.terms.payout, Payout::FixedPerLead(_))
}

/// Returns whether a sale that is settled carries the payout per lead.
fn is_paid(contenders: &[Contender]) -> bool {
    contenders.iter().any(|contender| {
        is_per_lead(contender)
            && matches!(contender.standing, Standing::Settled(pick) if pick.payout.is_positive())
    })
}
