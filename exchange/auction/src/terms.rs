//! The agreement with a seller, applied: what a price pays, and the least bid that passes.
//!
//! Every agreement is one of two lines. Under margin and share the payout is the lesser of a share of the
//! price and the price less an amount; under fixed and none it does not follow the price at all. Both rise
//! with the price or stand still, so "passes" means "is at least the least price that does".

use exchange_catalog::snapshot::{Payout, Terms};
use exchange_types::{Amount, Currency, Rate};

use crate::Rules;

/// What a seller earns of a price.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Earning {
    /// The lesser of a share of the price, and the price less what the exchange keeps at least.
    Part {
        /// The seller's share.
        share: Rate,
        /// What the exchange keeps at least, in micros.
        kept: i128,
    },
    /// An amount, whatever the price.
    Fixed {
        /// The amount in micros.
        amount: i128,
        /// The least margin in micros; none where a loss is allowed.
        margin_min: Option<i128>,
    },
}

impl Earning {
    pub(crate) fn of(terms: &Terms) -> Self {
        let margin_min = (!terms.allow_loss).then(|| micros(terms.min_margin).max(0));
        let kept = margin_min.unwrap_or(0);
        match terms.payout {
            Payout::MarginRate(margin) => Self::Part { share: margin.complement(), kept },
            Payout::MarginAmount(margin) => Self::Part { share: Rate::ONE, kept: kept.max(micros(margin)) },
            Payout::Share(share) => Self::Part { share, kept },
            Payout::FixedPerLead(amount) | Payout::FixedPerSale(amount) => {
                Self::Fixed { amount: micros(amount), margin_min }
            }
            Payout::None => Self::Fixed { amount: 0, margin_min },
        }
    }

    /// Returns the least margin of an agreement, which a payout may not be raised into.
    pub(crate) fn margin_min(terms: &Terms) -> Amount {
        if terms.allow_loss { Amount::ZERO } else { terms.min_margin.max(Amount::ZERO) }
    }

    /// Returns the payout of a price, rounded down to the minor unit.
    pub(crate) fn payout(&self, price: Amount, currency: Currency) -> Amount {
        let unrounded = match *self {
            Self::Part { share, kept } => {
                let part = micros(price).saturating_mul(parts(share)).div_euclid(PARTS);
                part.min(micros(price).saturating_sub(kept))
            }
            Self::Fixed { amount, .. } => amount,
        };
        amount(unrounded).floor_to(currency)
    }

    /// Returns the least price, in whole minor units, whose payout and margin pass; none where no price does.
    fn least_price(&self, floor: Option<Amount>, currency: Currency) -> Option<i128> {
        let unit = i128::from(currency.minor_unit_micros());
        let floor = round_up(floor.map_or(0, micros), unit);
        let least = match *self {
            Self::Part { share, kept } => {
                // A payout that rounds to nothing is no payout.
                let payout = floor.max(unit);
                let by_share = div_ceil(payout.saturating_mul(PARTS), parts(share))?;
                by_share.max(payout.saturating_add(kept))
            }
            Self::Fixed { amount, margin_min } => {
                let payout = amount.saturating_sub(amount.rem_euclid(unit));
                if payout < floor {
                    return None;
                }
                margin_min.map_or(0, |margin| payout.saturating_add(margin))
            }
        };
        Some(round_up(least, unit).max(unit))
    }
}

/// Returns the least bid with which a campaign passes reserve, floor and margin; none where no bid does.
///
/// `reserve` is the campaign's own. A bid passes exactly if it is at least this.
pub fn least_bid(rules: &Rules, terms: &Terms, reserve: Option<Amount>) -> Option<Amount> {
    let price = Earning::of(terms).least_price(rules.floor, rules.currency)?;
    let price = i64::try_from(price).ok().map(Amount::from_micros)?;
    Some(price.max(reserve.unwrap_or_default()).max(rules.reserve.unwrap_or_default()))
}

/// Parts in the whole of a rate.
pub(crate) const PARTS: i128 = 1_000_000;

pub(crate) fn parts(rate: Rate) -> i128 {
    i128::from(rate.parts())
}

pub(crate) fn micros(amount: Amount) -> i128 {
    i128::from(amount.micros())
}

/// Returns the amount of so many micros, or the nearest that fits.
pub(crate) fn amount(micros: i128) -> Amount {
    let clamped = micros.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
    Amount::from_micros(i64::try_from(clamped).unwrap_or(i64::MAX))
}

/// Divides, rounding up; nothing where the divisor is not positive.
pub(crate) fn div_ceil(number: i128, divisor: i128) -> Option<i128> {
    // Nearly all fit 64 bits, where dividing takes a fraction of the time.
    match (i64::try_from(number), i64::try_from(divisor)) {
        (Ok(number), Ok(divisor)) if divisor > 0 => {
            let whole = number.div_euclid(divisor);
            let has_rest = whole.wrapping_mul(divisor) != number;
            Some(i128::from(whole).saturating_add(i128::from(has_rest)))
        }
        _ => (divisor > 0).then(|| number.saturating_neg().div_euclid(divisor).saturating_neg()),
    }
}

/// Rounds up to a multiple of `unit`.
pub(crate) fn round_up(number: i128, unit: i128) -> i128 {
    div_ceil(number, unit).map_or(number, |units| units.saturating_mul(unit))
}
