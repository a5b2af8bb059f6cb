//! The least bid with which a loser would have won, worked out against the candidates of the last clearing.

use exchange_types::{Amount, BidEntry};

use crate::field::{Field, limit_of};
use crate::price::needed_bid;
use crate::score::Scale;
use crate::terms::micros;
use crate::threshold::{Question, Threshold, answer};
use crate::two_step::{Promise, lowest_allowed};
use crate::{Contender, Loss, Rules, Scratch, Standing};

/// A loss whose figure waits for an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// Its position among the losses.
    place: u16,
    /// The bid of the loser's best-scoring entry.
    bid: Amount,
}

/// Writes the figures into `losses`. `stage` is what was cleared last, and `scratch` holds its candidates.
pub(crate) fn find_minimums(
    field: &Field<'_>,
    stage: Option<(Promise, u8)>,
    scratch: &mut Scratch,
    losses: &mut [Loss],
) {
    let tier = stage.map(|(_, tier)| tier).or(field.kept_tier);
    scratch.questions.clear();
    scratch.asked.clear();
    for (place, loss) in (0_u16..).zip(&mut *losses) {
        let Some(contender) = field.contenders.get(usize::from(loss.contender)) else { continue };
        let Some(best) = best_entry(field.rules, contender) else { continue };
        let is_below = tier.is_some_and(|tier| contender.tier > tier);
        let is_closed = scratch.closed.binary_search(&contender.buyer).is_ok();
        if is_below || is_closed || !could_have_won(field, stage, contender) {
            continue;
        }
        let asked = Asked { place, bid: best.amount };
        if tier == Some(contender.tier) {
            let company = scratch.companies.binary_search(&contender.buyer).ok();
            let company = company.and_then(|company| u16::try_from(company).ok());
            scratch.questions.push(Question::new(company, limit_of(best)));
            scratch.asked.push(asked);
        } else if field.has_room_for(limit_of(best)) {
            // With an acceptable bid it would have been cleared before the others, and alone.
            loss.minimum_to_win =
                least_winning_bid(field, loss, asked.bid, &scratch.least, Threshold::NoRival);
        }
    }
    answer(field, scratch);
    for (question, asked) in scratch.questions.iter().zip(&scratch.asked) {
        let Some(loss) = losses.get_mut(usize::from(asked.place)) else { continue };
        let threshold = question.threshold(field);
        loss.minimum_to_win = least_winning_bid(field, loss, asked.bid, &scratch.least, threshold);
    }
}

/// Returns whether a higher bid could have brought the lead: the campaign was still in the running, and where
/// the seller named offers, its own was among those that were cleared.
fn could_have_won(field: &Field<'_>, stage: Option<(Promise, u8)>, contender: &Contender) -> bool {
    if contender.standing != Standing::Running {
        return false;
    }
    let Some(two_step) = field.rules.two_step.filter(|two_step| two_step.named) else { return true };
    let Some((cleared, _)) = stage else { return false };
    let lowest = lowest_allowed(field.rules, field.contenders);
    let promise = |entry| Promise::of(field.rules, two_step, contender, entry, lowest);
    let mut entries = (0_u8..).zip(contender.entries.as_slice());
    entries.any(|(entry, _)| promise(entry) == Some(cleared))
}

/// Returns the best-scoring entry; of equal ones the higher bid, then the first.
fn best_entry<'a>(rules: &Rules, contender: &'a Contender) -> Option<&'a BidEntry> {
    if let [only] = contender.entries.as_slice() {
        return Some(only);
    }
    let scale = Scale::of(rules, contender);
    let rank = |entry: &BidEntry| (scale.score(entry.amount), entry.amount);
    contender.entries.as_slice().iter().rev().max_by_key(|entry| rank(entry))
}

/// Returns the least bid that reaches a threshold and passes; nothing where the price did not decide.
fn least_winning_bid(
    field: &Field<'_>,
    loss: &Loss,
    bid: Amount,
    least: &[Option<Amount>],
    threshold: Threshold,
) -> Option<Amount> {
    let position = usize::from(loss.contender);
    let contender = field.contenders.get(position)?;
    let to_pass = least.get(position).copied().flatten()?;
    let needed = needed_bid(field.rules, contender, threshold, to_pass)?;
    // A bid that passes and scores more than enough lost to its own company, or by nothing but its turn.
    let lost_by_price = bid < to_pass || needed.for_score >= micros(bid);
    lost_by_price.then(|| needed.rounded_up(field.rules))
}
