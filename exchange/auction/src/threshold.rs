//! [`Threshold`]: the least score with which a company would be in a best set, all others unchanged.
//!
//! Let `V` be the best sum that the others reach without the company, and `W` the best that they reach beside
//! it, in the sizes that its entry allows. The company is in a best set exactly if its score and `W` are
//! together at least `V`: an equal score counts as won. Its own other entries and campaigns are no rivals.

use crate::Scratch;
use crate::best_set::{Heads, find_bounds, find_heads};
use crate::field::Field;
use crate::score::Score;

/// An entry whose threshold is to be found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    company: Option<u16>,
    limit: u16,
    /// `V`; nothing where the others make no set.
    without: Option<Score>,
    /// `W`.
    beside: Score,
}

/// The least score with which an entry would be in a best set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threshold {
    /// No set has room for it.
    NoRoom,
    /// It has no rival.
    NoRival,
    /// This score.
    Score(Score),
}

impl Question {
    /// Asks for an entry with this limit; `company` is its position in [`Scratch::companies`], if it is there.
    pub(crate) const fn new(company: Option<u16>, limit: u16) -> Self {
        Self { company, limit, without: None, beside: Score::ZERO }
    }

    /// Returns the answer, once [`answer`] found it.
    pub(crate) fn threshold(&self, field: &Field<'_>) -> Threshold {
        if !field.has_room_for(self.limit) {
            return Threshold::NoRoom;
        }
        match self.without {
            Some(without) => Threshold::Score(without.minus(self.beside)),
            // Beside posts that are kept, what takes away from the sum joins nobody.
            None if field.kept > 0 => Threshold::Score(Score::ZERO),
            None => Threshold::NoRival,
        }
    }

    /// Takes in the sets up to `bound`.
    fn take_in(&mut self, field: &Field<'_>, heads: &Heads<'_>, bound: u16) {
        let room = |size: u16| usize::from(size.saturating_sub(field.size()));
        let others = heads.top(room(bound), self.company).map(|(_, sum)| sum);
        let alone = || heads.best_alone(self.company).filter(|_| field.kept == 0 && room(bound) > 0);
        self.without = self.without.max(others.or_else(alone));
        // Its own limit may cut the sizes short. At the first bound from there on the companions are those of
        // its largest size, and any later bound only leaves fewer.
        let room_beside = room(bound.min(self.limit)).saturating_sub(1);
        let companions = heads.top(room_beside, self.company);
        self.beside = self.beside.max(companions.map_or(Score::ZERO, |(_, sum)| sum));
    }
}

/// Answers the questions of `scratch` against its candidates.
pub(crate) fn answer(field: &Field<'_>, scratch: &mut Scratch) {
    find_bounds(field, scratch);
    let Scratch { candidates, companies, bounds, heads, places, questions, .. } = scratch;
    for &bound in &*bounds {
        let found = find_heads(candidates, companies.len(), bound, heads, places);
        for question in &mut *questions {
            question.take_in(field, &found, bound);
        }
    }
}
