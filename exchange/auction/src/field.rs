//! [`Field`]: the state of the posts as one clearing sees it, and the [`Candidate`]s that it may choose from.

use core::cmp::Ordering;

use exchange_types::{Amount, BidEntry, BuyerIndex, Reason};

use crate::rotation::Turn;
use crate::score::{Scale, Score};
use crate::terms::least_bid;
use crate::two_step::{Promise, lowest_allowed};
use crate::{Contender, Pick, Rules, Scratch, Standing};

/// A bid entry that may be chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) contender: u16,
    pub(crate) entry: u8,
    /// Its company's position in [`Scratch::companies`].
    pub(crate) company: u16,
    /// What is cleared first: the offers that the seller named before the others, then tier by tier.
    pub(crate) stage: (Promise, u8),
    /// The most companies for which it holds.
    pub(crate) limit: u16,
    pub(crate) bid: Amount,
    pub(crate) score: Score,
}

impl Candidate {
    /// Returns what names it in any order.
    pub(crate) const fn key(&self) -> (u16, u8) {
        (self.contender, self.entry)
    }
}

/// The state of the posts as one clearing sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    pub(crate) rules: &'a Rules,
    pub(crate) contenders: &'a [Contender],
    /// The round whose posts count as still to be chosen; zero for none.
    reopened: u16,
    /// Posts that are in flight, accepted or unknown.
    pub(crate) kept: u16,
    /// The tier of those posts. A lower one never joins them.
    pub(crate) kept_tier: Option<u8>,
    /// The most companies, by the lead and by the entries that were posted.
    pub(crate) limit: u16,
}

impl<'a> Field<'a> {
    /// Returns the field as it stands.
    pub(crate) fn now(rules: &'a Rules, contenders: &'a [Contender]) -> Self {
        Self::with_reopened(rules, contenders, 0)
    }

    /// Returns the field as the last clearing saw it. After a round with a failure that is the present one;
    /// else the posts of the last round were not made yet.
    pub(crate) fn at_last_clearing(rules: &'a Rules, contenders: &'a [Contender]) -> Self {
        let last = last_round(contenders);
        let reopened = if has_failed_in(contenders, last) { 0 } else { last };
        Self::with_reopened(rules, contenders, reopened)
    }

    fn with_reopened(rules: &'a Rules, contenders: &'a [Contender], reopened: u16) -> Self {
        let mut field =
            Self { rules, contenders, reopened, kept: 0, kept_tier: None, limit: rules.max_buyers };
        for contender in contenders {
            let Some(pick) = field.kept_pick(contender) else { continue };
            field.kept = field.kept.saturating_add(1);
            field.limit = field.limit.min(contender.entry(pick.entry).map_or(u16::MAX, limit_of));
            field.kept_tier = Some(field.kept_tier.map_or(contender.tier, |tier| tier.min(contender.tier)));
        }
        field
    }

    /// Returns the size of the set before anyone joins it.
    pub(crate) fn size(&self) -> u16 {
        self.rules.prior_sales.saturating_add(self.kept)
    }

    /// Returns whether an entry with this limit may join a set.
    pub(crate) fn has_room_for(&self, limit: u16) -> bool {
        limit.min(self.limit) > self.size()
    }

    pub(crate) fn is_running(&self, contender: &Contender) -> bool {
        contender.standing == Standing::Running
            || (contender.standing.kept().is_some() && self.is_reopened(contender))
    }

    fn kept_pick(&self, contender: &'a Contender) -> Option<&'a Pick> {
        contender.standing.kept().filter(|_| !self.is_reopened(contender))
    }

    fn is_reopened(&self, contender: &Contender) -> bool {
        self.reopened > 0 && contender.standing.round() == self.reopened
    }

    /// Fills `scratch` with the candidates of the stage that is to be cleared now, best first, and returns
    /// that stage.
    pub(crate) fn gather(&self, scratch: &mut Scratch) -> Option<(Promise, u8)> {
        self.gather_all(scratch);
        let stage = scratch.candidates.iter().map(|candidate| candidate.stage).min();
        scratch.candidates.retain(|candidate| Some(candidate.stage) == stage);
        self.arrange(scratch);
        stage
    }

    /// Fills `scratch` with the candidates of all stages, one stage after the other, best first in each.
    pub(crate) fn gather_stages(&self, scratch: &mut Scratch) {
        self.gather_all(scratch);
        self.arrange(scratch);
    }

    /// Lists the companies that cannot buy: those with a post that is kept, and those that do not want the
    /// lead or have it already. After any other failure another campaign of the company may follow.
    fn close_companies(&self, closed: &mut Vec<BuyerIndex>) {
        closed.clear();
        let is_closed =
            |contender: &Contender| self.kept_pick(contender).is_some() || has_declined(contender);
        closed.extend(self.contenders.iter().filter(|&contender| is_closed(contender)).map(|c| c.buyer));
        closed.sort_unstable();
    }

    fn gather_all(&self, scratch: &mut Scratch) {
        self.close_companies(&mut scratch.closed);
        scratch.candidates.clear();
        scratch.least.clear();
        let lowest_allowed = lowest_allowed(self.rules, self.contenders);
        for (position, contender) in (0_u16..).zip(self.contenders) {
            let is_running = self.is_running(contender);
            let least =
                is_running.then(|| least_bid(self.rules, &contender.terms, contender.reserve)).flatten();
            scratch.least.push(least);
            if !is_running
                || self.kept_tier.is_some_and(|tier| contender.tier > tier)
                || scratch.closed.binary_search(&contender.buyer).is_ok()
            {
                continue;
            }
            let scale = Scale::of(self.rules, contender);
            for (entry, bid) in (0_u8..).zip(contender.entries.as_slice()) {
                let promise = match self.rules.two_step {
                    Some(two_step) => Promise::of(self.rules, two_step, contender, entry, lowest_allowed),
                    None => least.is_some_and(|least| bid.amount >= least).then_some(Promise::Allowed),
                };
                let Some(promise) = promise else { continue };
                if !self.has_room_for(limit_of(bid)) {
                    continue;
                }
                scratch.candidates.push(Candidate {
                    contender: position,
                    entry,
                    company: 0,
                    stage: (promise, contender.tier),
                    limit: limit_of(bid),
                    bid: bid.amount,
                    score: scale.score(bid.amount),
                });
            }
        }
    }

    /// Orders the candidates and numbers their companies.
    fn arrange(&self, scratch: &mut Scratch) {
        let Scratch { candidates, turns, companies, .. } = scratch;
        turns.clear();
        turns.resize(self.contenders.len(), None);
        candidates.sort_unstable_by(|here, there| {
            let by_score = here.stage.cmp(&there.stage).then(there.score.cmp(&here.score));
            by_score.then_with(|| self.by_rotation(here, there, turns))
        });
        let buyer = |candidate: &Candidate| {
            self.contenders.get(usize::from(candidate.contender)).map_or(BuyerIndex::default(), |c| c.buyer)
        };
        companies.clear();
        companies.extend(candidates.iter().map(buyer));
        companies.sort_unstable();
        companies.dedup();
        for candidate in candidates {
            let company = companies.binary_search(&buyer(candidate)).unwrap_or_default();
            candidate.company = u16::try_from(company).unwrap_or(u16::MAX);
        }
    }

    /// Orders equal scores: by the campaigns' turns; within a campaign the higher bid first, then in the
    /// order of its reply.
    fn by_rotation(&self, here: &Candidate, there: &Candidate, turns: &mut [Option<Turn>]) -> Ordering {
        if here.contender == there.contender {
            return there.bid.cmp(&here.bid).then(here.entry.cmp(&there.entry));
        }
        let mut turn = |candidate: &Candidate| {
            let position = usize::from(candidate.contender);
            let contender = self.contenders.get(position);
            let kept = turns.get_mut(position).zip(contender);
            let turn =
                kept.map(|(turn, contender)| *turn.get_or_insert_with(|| Turn::of(self.rules, contender)));
            (turn, contender.map(|contender| contender.campaign))
        };
        turn(here).cmp(&turn(there))
    }
}

/// Returns whether the company does not want the lead or has it already.
pub(crate) fn has_declined(contender: &Contender) -> bool {
    matches!(
        contender.standing,
        Standing::Failed { reason: Reason::PostRejected | Reason::PostDuplicate, .. }
    )
}

/// Returns the last round in which posts were made; zero where none was.
pub(crate) fn last_round(contenders: &[Contender]) -> u16 {
    contenders.iter().map(|contender| contender.standing.round()).max().unwrap_or(0)
}

/// Returns whether a post of this round failed for certain.
pub(crate) fn has_failed_in(contenders: &[Contender], asked: u16) -> bool {
    contenders.iter().any(|c| matches!(c.standing, Standing::Failed { round, .. } if round == asked))
}

/// Returns the most companies for which an entry holds.
pub(crate) const fn limit_of(entry: &BidEntry) -> u16 {
    if entry.max_buyers == 0 { u16::MAX } else { entry.max_buyers }
}
