//! [`clear`]: which bids are posted to next.

use exchange_catalog::snapshot::Rule;

use crate::best_set::choose;
use crate::field::{Field, has_failed_in, last_round};
use crate::price::{Conditions, posted};
use crate::threshold::{Question, Threshold, answer};
use crate::{Contender, Pick, Rules, Scratch, Standing};

/// Returns who is to be posted to now, best first; nobody where the auction has nothing more to do.
///
/// The rounds are part of it: nobody follows while a post is in flight, nor after a round of which no post
/// failed. Contenders of whom nobody knows stand as [`Standing::Unknown`]: they count in the size of the set.
pub fn clear<'a>(rules: &Rules, contenders: &[Contender], scratch: &'a mut Scratch) -> &'a [Pick] {
    scratch.picks.clear();
    let last = last_round(contenders);
    let field = Field::now(rules, contenders);
    let in_flight = contenders.iter().any(|contender| matches!(contender.standing, Standing::Posted(_)));
    if in_flight || (field.kept > 0 && !has_failed_in(contenders, last)) {
        return &scratch.picks;
    }
    field.gather(scratch);
    choose(&field, scratch);
    scratch.questions.clear();
    if rules.rule == Rule::SecondPrice && rules.two_step.is_none() {
        let Scratch { questions, candidates, best, .. } = &mut *scratch;
        let chosen = best.iter().filter_map(|&position| candidates.get(usize::from(position)));
        questions.extend(chosen.map(|candidate| Question::new(Some(candidate.company), candidate.limit)));
        answer(&field, scratch);
    }
    let Scratch { picks, questions, candidates, best, .. } = scratch;
    for (place, &position) in best.iter().enumerate() {
        let Some(candidate) = candidates.get(usize::from(position)) else { continue };
        let threshold =
            questions.get(place).map_or(Threshold::NoRival, |question| question.threshold(&field));
        let conditions = Conditions { threshold, round: last.saturating_add(1) };
        picks.extend(posted(&field, candidate, &conditions));
    }
    picks
}
