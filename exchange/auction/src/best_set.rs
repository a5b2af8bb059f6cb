//! The best set: which companies together give the greatest sum of scores.
//!
//! A score that is not positive adds nothing, so it only ever takes part alone, where nobody scores more.
//!
//! No subset is enumerated. Up to a given size every company takes part with its best entry that allows the
//! size, and the best set is those with the greatest positive scores, as many as the size has room for. What
//! is eligible changes only at the limits that entries name, so one pass for each of these bounds is enough.
//! Passes ascend, and a later one has to be strictly better: a set that it finds and that would fit a smaller
//! bound was found there already, with at least as many entries to choose from.

use crate::Scratch;
use crate::field::{Candidate, Field};
use crate::score::Score;

/// A company's best entry for sets up to a bound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    /// Its position in [`Scratch::candidates`].
    candidate: u16,
    company: u16,
    score: Score,
    /// The sum of the positive scores up to and with this one.
    sum: Score,
}

/// The companies' best entries for sets up to one bound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heads<'a> {
    best_first: &'a [Head],
    places: &'a [Option<u16>],
    /// How many of them score more than nothing; these come first.
    positive: usize,
}

/// Chooses the best set among the candidates of `scratch` and leaves it in [`Scratch::best`], best first.
pub(crate) fn choose(field: &Field<'_>, scratch: &mut Scratch) {
    find_bounds(field, scratch);
    let Scratch { candidates, companies, bounds, heads, places, best, .. } = scratch;
    best.clear();
    let mut best_sum = None;
    for &bound in &*bounds {
        let found = find_heads(candidates, companies.len(), bound, heads, places);
        let room = usize::from(bound.saturating_sub(field.size()));
        let (count, sum) = match found.top(room, None) {
            Some((count, sum)) => (count, sum),
            // Beside posts that are kept, adding nobody is better.
            None if field.kept > 0 => continue,
            None => match found.best_alone(None) {
                Some(score) => (1, score),
                None => continue,
            },
        };
        if best_sum.is_none_or(|best_sum| sum > best_sum) {
            best_sum = Some(sum);
            best.clear();
            best.extend(heads.iter().take(count).map(|head| head.candidate));
        }
    }
}

/// Lists the sizes at which entries fall away.
pub(crate) fn find_bounds(field: &Field<'_>, scratch: &mut Scratch) {
    let Scratch { candidates, bounds, .. } = scratch;
    bounds.clear();
    bounds.extend(candidates.iter().map(|candidate| candidate.limit.min(field.limit)));
    bounds.sort_unstable();
    bounds.dedup();
}

/// Finds the companies' best entries for sets up to `bound`. `candidates` are ordered best first.
pub(crate) fn find_heads<'a>(
    candidates: &[Candidate],
    companies: usize,
    bound: u16,
    heads: &'a mut Vec<Head>,
    places: &'a mut Vec<Option<u16>>,
) -> Heads<'a> {
    heads.clear();
    places.clear();
    places.resize(companies, None);
    let mut positive: usize = 0;
    let mut sum = Score::ZERO;
    for (position, candidate) in (0_u16..).zip(candidates) {
        let Some(place) = places.get_mut(usize::from(candidate.company)) else { continue };
        if candidate.limit < bound || place.is_some() {
            continue;
        }
        *place = u16::try_from(heads.len()).ok();
        if candidate.score > Score::ZERO {
            sum = sum.plus(candidate.score);
            positive = positive.saturating_add(1);
        }
        let Candidate { company, score, .. } = *candidate;
        heads.push(Head { candidate: position, company, score, sum });
    }
    Heads { best_first: heads, places, positive }
}

impl Heads<'_> {
    /// Returns how many of at most `room` positive scores make the greatest sum, and that sum, without one
    /// company; nothing where there is none.
    pub(crate) fn top(&self, room: usize, without: Option<u16>) -> Option<(usize, Score)> {
        let place = without.and_then(|company| self.places.get(usize::from(company)).copied().flatten());
        let place = place.map(usize::from).filter(|&place| place < self.positive);
        let left_out = place.and_then(|place| self.best_first.get(place));
        let count = room.min(self.positive.saturating_sub(usize::from(left_out.is_some())));
        let last = count.checked_sub(1)?;
        let sum = match (place, left_out) {
            (Some(place), Some(head)) if place <= last => self.best_first.get(count)?.sum.minus(head.score),
            _ => self.best_first.get(last)?.sum,
        };
        Some((count, sum))
    }

    /// Returns the best single score, without one company.
    pub(crate) fn best_alone(&self, without: Option<u16>) -> Option<Score> {
        self.best_first.iter().find(|head| Some(head.company) != without).map(|head| head.score)
    }
}
