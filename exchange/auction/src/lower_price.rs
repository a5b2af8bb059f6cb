//! [`judge_price`]: what the price in a post's reply does to the sale.

use exchange_catalog::snapshot::OnLowerPrice;
use exchange_types::Amount;

use crate::terms::{Earning, least_bid};
use crate::two_step::{lowest_allowed, raised_payout};
use crate::{Contender, Offer, Pick, Rules};

/// The price in the reply is lower than the one that was posted, and cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceChanged;

/// Returns the terms of the sale after a reply that accepts at `price`, or without naming one.
///
/// A higher price changes nothing. A lower one, where it is allowed, is judged as a bid would be, and the
/// payout follows from it; what a seller was promised in two steps is kept up out of the margin.
///
/// # Errors
///
/// Says that the price is lower than the one posted, and not allowed or no longer enough.
pub fn judge_price(
    rules: &Rules,
    contenders: &[Contender],
    pick: &Pick,
    price: Option<Amount>,
    on_lower_price: OnLowerPrice,
) -> Result<Pick, PriceChanged> {
    let Some(lower) = price.filter(|&price| price < pick.price) else { return Ok(*pick) };
    let contender = contenders.get(usize::from(pick.contender)).ok_or(PriceChanged)?;
    let passes = least_bid(rules, &contender.terms, contender.reserve).is_some_and(|least| lower >= least);
    if on_lower_price == OnLowerPrice::Reject || !passes {
        return Err(PriceChanged);
    }
    let price = lower.floor_to(rules.currency);
    let payout = Earning::of(&contender.terms).payout(price, rules.currency);
    let offer = Offer { price, payout, named: false };
    let payout =
        raised_payout(rules, contender, &offer, lowest_allowed(rules, contenders)).ok_or(PriceChanged)?;
    let margin = price.checked_sub(payout).ok_or(PriceChanged)?;
    Ok(Pick { price, payout, margin, ..*pick })
}
