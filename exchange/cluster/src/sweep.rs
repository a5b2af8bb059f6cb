//! [`Sweep`]: which counters have changed since Redis was told.

use core::ops::ControlFlow;
use std::collections::BTreeMap;

use exchange_counters::{CellKey, Counters, Reading};

/// Counters of one batch: some fifty kilobytes that Redis takes in a millisecond or two.
const BATCH_ROWS_MAX: usize = 500;
/// Counters that are looked at with one call. The control plane's thread has other things to do in between.
const LOOKS_MAX: usize = 4_000;

/// A counter that Redis is to be told of.
pub(crate) type Row = (CellKey, Reading);

/// Goes round the counters again and again and finds what has changed since Redis was told. What it keeps is bounded
/// by the counters that there are.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    told: BTreeMap<CellKey, Told>,
    /// Up to where this round has come.
    cursor: Option<CellKey>,
    round: u64,
}

/// What Redis was told of a counter, and in which round it was seen last.
#[derive(Debug)]
struct Told {
    reading: Reading,
    round: u64,
}

impl Sweep {
    /// Forgets what Redis was told: everything is written anew.
    pub(crate) fn forget(&mut self) {
        self.told.clear();
    }

    /// Begins a round.
    pub(crate) fn begin(&mut self) {
        self.cursor = None;
        self.round = self.round.wrapping_add(1);
    }

    /// Looks at the next counters of the round and adds what has changed to a batch; breaks at the end of the round.
    /// What it adds counts as told: whoever cannot tell it calls [`Sweep::forget`].
    pub(crate) fn look(&mut self, counters: &Counters, batch: &mut Vec<Row>) -> ControlFlow<()> {
        let Self { told, cursor, round } = self;
        let after = cursor.take();
        let mut looks = 0_usize;
        let ended = counters.read_after(after.as_ref(), |key, reading| {
            looks = looks.saturating_add(1);
            if note(told, (key, reading), *round) {
                batch.push((key.clone(), reading));
            }
            if looks < LOOKS_MAX && !Self::is_full(batch) {
                return ControlFlow::Continue(());
            }
            *cursor = Some(key.clone());
            ControlFlow::Break(())
        });
        if ended.is_break() {
            return ControlFlow::Continue(());
        }
        // What was not seen in this round is not counted any more.
        let round = *round;
        told.retain(|_, told| told.round == round);
        ControlFlow::Break(())
    }

    /// Returns whether a batch is full.
    pub(crate) fn is_full(batch: &[Row]) -> bool {
        batch.len() >= BATCH_ROWS_MAX
    }
}

/// Notes that a counter was seen, and returns whether Redis was told something else of it.
fn note(told: &mut BTreeMap<CellKey, Told>, (key, reading): (&CellKey, Reading), round: u64) -> bool {
    let Some(known) = told.get_mut(key) else {
        told.insert(key.clone(), Told { reading, round });
        return true;
    };
    known.round = round;
    core::mem::replace(&mut known.reading, reading) != reading
}

#[cfg(test)]
mod tests;
