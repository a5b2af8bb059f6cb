//! [`Scratch`]: what the rules compute with, kept by the caller so that its memory is used again.

use exchange_types::{Amount, BuyerIndex};

use crate::Pick;
use crate::best_set::Head;
use crate::field::Candidate;
use crate::minimum_to_win::Asked;
use crate::rotation::Turn;
use crate::threshold::Question;

/// What the rules compute with. It carries nothing from one call to the next but its memory.
#[derive(Debug, Default)]
pub struct Scratch {
    /// What a call returns.
    pub(crate) picks: Vec<Pick>,
    /// The entries that may be chosen, best first.
    pub(crate) candidates: Vec<Candidate>,
    /// The least bid with which each contender passes; filled for those in the running.
    pub(crate) least: Vec<Option<Amount>>,
    /// The contenders' turns, as far as equal scores asked for them.
    pub(crate) turns: Vec<Option<Turn>>,
    /// The companies of the candidates, in order; a candidate names its own by position.
    pub(crate) companies: Vec<BuyerIndex>,
    /// Companies that have the lead, may have it, or do not want it.
    pub(crate) closed: Vec<BuyerIndex>,
    /// The set sizes at which entries fall away, ascending.
    pub(crate) bounds: Vec<u16>,
    /// The best entry of each company for sets up to one bound, best first.
    pub(crate) heads: Vec<Head>,
    /// Where each company stands in `heads`.
    pub(crate) places: Vec<Option<u16>>,
    /// The best set, as positions in `candidates`.
    pub(crate) best: Vec<u16>,
    /// Thresholds to be found.
    pub(crate) questions: Vec<Question>,
    /// Who asked them.
    pub(crate) asked: Vec<Asked>,
    /// Contender and entry of the best set, kept while all candidates are gathered.
    pub(crate) chosen: Vec<(u16, u8)>,
}
