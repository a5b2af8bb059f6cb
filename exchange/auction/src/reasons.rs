//! [`reasons`] and [`unsold_reason`]: why a campaign did not buy, and why a lead was not sold.

use exchange_types::{Amount, BidEntry, Reason, UnsoldReason};

use crate::field::{Field, has_declined, has_failed_in, limit_of};
use crate::minimum_to_win::find_minimums;
use crate::two_step::{Promise, lowest_allowed};
use crate::{Contender, Rules, Scratch, Standing};

/// Why a campaign did not buy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The contender, by its position.
    pub contender: u16,
    /// Why.
    pub reason: Reason,
    /// The least bid with which it would have won; absent where price did not decide.
    pub minimum_to_win: Option<Amount>,
}

/// Writes why each contender that did not buy did not, in the order of the contenders. `out` is emptied
/// first.
pub fn reasons(rules: &Rules, contenders: &[Contender], scratch: &mut Scratch, out: &mut Vec<Loss>) {
    let last = Field::at_last_clearing(rules, contenders);
    let stage = last.gather(scratch);
    let verdict = Verdict::of(rules, contenders, stage);
    out.clear();
    for ((position, contender), &least) in (0_u16..).zip(contenders).zip(&scratch.least) {
        if contender.standing.sale().is_none() {
            let reason = verdict.reason(contender, least);
            out.push(Loss { contender: position, reason, minimum_to_win: None });
        }
    }
    find_minimums(&last, stage, scratch, out);
}

/// Returns why a lead without a sale was not sold: the furthest stage that it reached.
pub fn unsold_reason(contenders: &[Contender]) -> UnsoldReason {
    let furthest = |reached: fn(&Contender) -> bool| contenders.iter().any(reached);
    if furthest(|contender| contender.standing.round() > 0) {
        UnsoldReason::PostsRejected
    } else if furthest(|contender| has_bid(contender) && !is_unproved(contender)) {
        UnsoldReason::BelowFloor
    } else if furthest(has_bid) {
        UnsoldReason::ProofMissing
    } else if furthest(|contender| was_pinged(contender.standing)) {
        UnsoldReason::NoBid
    } else if furthest(is_unproved) {
        UnsoldReason::ProofMissing
    } else {
        UnsoldReason::NoEligibleBuyer
    }
}

fn has_bid(contender: &Contender) -> bool {
    !contender.entries.as_slice().is_empty()
}

fn is_unproved(contender: &Contender) -> bool {
    contender.standing == Standing::Out(Reason::ProofMissing)
}

fn was_pinged(standing: Standing) -> bool {
    matches!(
        standing,
        Standing::Running
            | Standing::Out(
                Reason::NoBid | Reason::Timeout | Reason::ConnectFailed | Reason::BadReply | Reason::BadPrice
            )
    )
}

/// What came of the auction, as its losers have to be told.
struct Verdict<'a> {
    rules: &'a Rules,
    contenders: &'a [Contender],
    field: Field<'a>,
    /// Whether one was chosen alone, and holds.
    alone: bool,
    /// Whether any company does not want the lead or has it already.
    any_declined: bool,
    /// Whether offers that the seller did not name came up.
    fallback_came_up: bool,
}

impl<'a> Verdict<'a> {
    fn of(rules: &'a Rules, contenders: &'a [Contender], stage: Option<(Promise, u8)>) -> Self {
        let field = Field::now(rules, contenders);
        // Whoever was posted to beside it in its round has failed.
        let kept_round = contenders.iter().find_map(|c| c.standing.kept()).map_or(0, |pick| pick.round);
        let alone = field.size() == 1 && field.kept == 1 && !has_failed_in(contenders, kept_round);
        let fallback = rules.two_step.is_some_and(|two_step| two_step.fallback);
        let fallback_came_up = fallback && !matches!(stage, Some((Promise::Allowed, _)));
        let any_declined = contenders.iter().any(has_declined);
        Self { rules, contenders, field, alone, any_declined, fallback_came_up }
    }

    /// Returns why a contender did not buy; `least` is the least bid with which it passes.
    fn reason(&self, contender: &Contender, least: Option<Amount>) -> Reason {
        match contender.standing {
            Standing::Out(reason) | Standing::Failed { reason, .. } => reason,
            Standing::Posted(_) | Standing::Unknown(_) | Standing::Accepted(_) | Standing::Settled(_) => {
                Reason::PostUnknown
            }
            Standing::Running => self.why_not_chosen(contender, least),
        }
    }

    fn why_not_chosen(&self, contender: &Contender, least: Option<Amount>) -> Reason {
        if contender.entries.as_slice().is_empty() {
            return Reason::NoBid;
        }
        let passes = |entry: &BidEntry| least.is_some_and(|least| entry.amount >= least);
        let was_offered = contender.offers.iter().any(Option::is_some);
        if !was_offered && !contender.entries.as_slice().iter().any(passes) {
            return Reason::BelowFloor;
        }
        if let Some(reason) = self.why_offer_was_not_chosen(contender) {
            return reason;
        }
        if self.field.kept_tier.is_some_and(|tier| contender.tier > tier) {
            return Reason::LowerTier;
        }
        let declined = |other: &Contender| other.buyer == contender.buyer && has_declined(other);
        if self.any_declined && self.contenders.iter().any(declined) {
            return Reason::NotNeeded;
        }
        let fits = |entry: &BidEntry| self.field.has_room_for(limit_of(entry));
        if self.field.kept == 0 {
            // Nobody has the lead, and this bid could still be cleared.
            let fits = contender.entries.as_slice().iter().any(|entry| passes(entry) && fits(entry));
            return if fits { Reason::Deadline } else { Reason::Outbid };
        }
        let size = self.field.size();
        let allows_size = |entry: &BidEntry| limit_of(entry) >= size;
        if self.rules.max_buyers == 1 {
            Reason::Outbid
        } else if self.alone {
            Reason::ExclusiveTaken
        } else if size >= self.rules.max_buyers && contender.entries.as_slice().iter().any(allows_size) {
            Reason::SlotsFull
        } else {
            Reason::Outbid
        }
    }

    /// Returns why a bid could not be posted to by what was offered and named, if that is the reason.
    fn why_offer_was_not_chosen(&self, contender: &Contender) -> Option<Reason> {
        let two_step = self.rules.two_step?;
        let mut offers = contender.offers.iter().flatten().peekable();
        if offers.peek().is_none() {
            return Some(Reason::Outbid);
        }
        if !two_step.named || offers.any(|offer| offer.named) {
            return None;
        }
        if !self.fallback_came_up {
            return Some(Reason::NotChosen);
        }
        let lowest = lowest_allowed(self.rules, self.contenders);
        let may_follow = |entry| Promise::of(self.rules, two_step, contender, entry, lowest).is_some();
        let entries = (0_u8..).zip(contender.entries.as_slice());
        (!entries.into_iter().any(|(entry, _)| may_follow(entry))).then_some(Reason::BelowFloor)
    }
}
