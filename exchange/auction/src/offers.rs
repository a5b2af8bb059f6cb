//! [`offers`]: what a seller that pings first is promised.

use crate::best_set::choose;
use crate::field::{Candidate, Field};
use crate::price::{Conditions, priced};
use crate::threshold::Threshold;
use crate::{Contender, Pick, Rules, Scratch};

/// Returns the offers to make, best first, at most `limit`: for each its entry, price and payout.
///
/// Every entry is an offer of its own, unless a better one of its campaign holds for as many buyers. So a
/// campaign may have several offers, of which one is sold at most: its hold has to cover the largest bid among
/// them. Where there are more than `limit`, the best set is offered whole, so that a seller that names nothing
/// sells as in one call.
pub fn offers<'a>(
    rules: &Rules,
    contenders: &[Contender],
    limit: u16,
    scratch: &'a mut Scratch,
) -> &'a [Pick] {
    let rules = Rules { two_step: None, ..*rules };
    let field = Field::now(&rules, contenders);
    scratch.picks.clear();
    // The best set by itself, for its members have places before all others.
    field.gather(scratch);
    choose(&field, scratch);
    let Scratch { best, candidates, chosen, .. } = &mut *scratch;
    chosen.clear();
    chosen.extend(
        best.iter().filter_map(|&position| candidates.get(usize::from(position))).map(Candidate::key),
    );
    chosen.truncate(usize::from(limit));
    let mut spare = usize::from(limit).saturating_sub(chosen.len());

    field.gather_stages(scratch);
    let Scratch { candidates, chosen, picks, .. } = scratch;
    drop_weaker_entries(candidates);
    candidates.retain(|candidate| {
        let is_offered = chosen.contains(&candidate.key()) || spare > 0;
        if !chosen.contains(&candidate.key()) {
            spare = spare.saturating_sub(1);
        }
        is_offered
    });
    for (position, candidate) in candidates.iter().enumerate() {
        let below = candidates.iter().skip(position.saturating_add(1));
        let rival = below
            .take_while(|other| other.stage == candidate.stage)
            .find(|other| other.company != candidate.company);
        let threshold = rival.map_or(Threshold::NoRival, |rival| Threshold::Score(rival.score));
        picks.extend(priced(&field, candidate, &Conditions { threshold, round: 0 }));
    }
    picks
}

/// Drops entries behind one of the same campaign that scores as much and holds for as many buyers. The
/// candidates are ordered best first.
fn drop_weaker_entries(candidates: &mut Vec<Candidate>) {
    let mut position: usize = 0;
    while let Some(&better) = candidates.get(position) {
        position = position.saturating_add(1);
        let mut place: usize = 0;
        candidates.retain(|other| {
            place = place.saturating_add(1);
            place <= position || other.contender != better.contender || other.limit > better.limit
        });
    }
}
