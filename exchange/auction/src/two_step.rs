//! [`Promise`]: which offers of a two-step sale may be posted to, and what they pay.

use exchange_types::Amount;

use crate::terms::Earning;
use crate::{Contender, Offer, Rules, TwoStep};

/// How a bid may be posted to; what comes first is cleared first. In one call every bid is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Promise {
    /// The seller allowed it.
    Allowed,
    /// It may follow when none of the allowed is left.
    Fallback,
}

impl Promise {
    /// Returns how an entry may be posted to, if it was offered and may.
    pub(crate) fn of(
        rules: &Rules,
        two_step: TwoStep,
        contender: &Contender,
        entry: u8,
        lowest_allowed: Amount,
    ) -> Option<Self> {
        let offer = contender.offer(entry)?;
        if offer.named || !two_step.named {
            return Some(Self::Allowed);
        }
        let may_follow =
            two_step.fallback && raised_payout(rules, contender, offer, lowest_allowed).is_some();
        may_follow.then_some(Self::Fallback)
    }
}

/// Returns the lowest payout among the offers that the seller allowed; nothing in one call.
pub(crate) fn lowest_allowed(rules: &Rules, contenders: &[Contender]) -> Amount {
    let Some(two_step) = rules.two_step else { return Amount::ZERO };
    let offers = contenders.iter().flat_map(|contender| contender.offers.iter().flatten());
    offers.filter(|offer| offer.named || !two_step.named).map(|offer| offer.payout).min().unwrap_or_default()
}

/// Returns what an offer pays: its own payout, raised to the lowest allowed one out of the margin but for the
/// least margin. A loss is never made for it, even where the agreement allows one.
pub(crate) fn raised_payout(
    rules: &Rules,
    contender: &Contender,
    offer: &Offer,
    lowest_allowed: Amount,
) -> Option<Amount> {
    if offer.payout >= lowest_allowed {
        return Some(offer.payout);
    }
    let kept = Earning::margin_min(&contender.terms);
    let most = offer.price.checked_sub(kept)?;
    (rules.cascade_into_margin && lowest_allowed <= most).then_some(lowest_allowed)
}
