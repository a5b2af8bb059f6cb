//! [`Cells`]: the slab of all cells, shared by the shards.
//!
//! Its size is fixed at start; which cell counts what is decided by the directory on the control thread.
//! Everything here is lock-free and takes `&self`.

use crossbeam_utils::CachePadded;
use exchange_catalog::snapshot::CapKind;
use exchange_types::{Amount, UtcMicros};

use crate::sync::{AtomicI64, Ordering};
use crate::{Cell, CellIndex, Part, Reservation};

/// The cells of every cap and budget.
#[derive(Debug)]
pub struct Cells {
    slots: Box<[CachePadded<Cell>]>,
    /// The latest boundary of a window, in UTC micros, that was crossed. A clock that is set back does not
    /// go behind it.
    boundary: CachePadded<AtomicI64>,
}

impl Cells {
    pub(crate) fn new(cells_max: usize) -> Self {
        let count = cells_max.min(CellIndex::SLOTS_MAX.saturating_sub(1));
        let slots = (0..count).map(|_| CachePadded::new(Cell::new(0))).collect();
        Self { slots, boundary: CachePadded::new(AtomicI64::new(i64::MIN)) }
    }

    /// Returns the cell of an index, if it still counts for the same window.
    pub fn get(&self, index: CellIndex) -> Option<&Cell> {
        self.slot(index.slot()).filter(|cell| cell.generation() == index.generation())
    }

    /// Gives back what a reservation holds. Posts that were counted as sent stay counted.
    #[expect(clippy::needless_pass_by_value, reason = "a reservation ends once: it is used up here")]
    pub fn release(&self, reservation: Reservation) {
        for part in reservation.parts().rev() {
            if part.kind != CapKind::Sent || !reservation.is_sent() {
                self.give_back(part);
            }
        }
    }

    /// Ends a reservation as a sale at this price, at most what was reserved; the rest is given back.
    #[expect(clippy::needless_pass_by_value, reason = "a reservation ends once: it is used up here")]
    pub fn commit(&self, reservation: Reservation, price: Amount) {
        debug_assert!(price <= reservation.money(), "invariant: a price is at most what was reserved for it");
        for part in reservation.parts() {
            let posted = match part.kind {
                CapKind::Sent if reservation.is_sent() => continue,
                CapKind::Sent | CapKind::Sold => part.amount,
                CapKind::Budget | CapKind::Balance => price.micros().clamp(0, part.amount),
            };
            self.post(part, posted);
        }
    }

    /// Counts a post as sent: call when its intent is written.
    pub fn sent(&self, reservation: &mut Reservation) {
        debug_assert!(!reservation.is_sent(), "invariant: a post is counted as sent once");
        if !reservation.is_sent() {
            reservation.set_sent(true);
            sent_parts(reservation).for_each(|part| self.post(part, part.amount));
        }
    }

    /// Takes [`Cells::sent`] back after a definite failure before the first byte.
    pub fn unsend(&self, reservation: &mut Reservation) {
        debug_assert!(reservation.is_sent(), "invariant: only a counted post is taken back");
        if reservation.is_sent() {
            reservation.set_sent(false);
            for part in sent_parts(reservation) {
                if let Some(cell) = self.get(part.cell) {
                    cell.unpost(part.amount);
                }
            }
        }
    }

    /// Takes one part if there is room for it in the window it means.
    #[must_use]
    pub(crate) fn try_take(&self, part: Part) -> bool {
        let Some(cell) = self.slot(part.cell.slot()) else { return false };
        if !cell.try_take(part.amount) {
            return false;
        }
        // Checked after taking: what is taken is pending, so the cell cannot be reused from here on.
        let same_window = cell.generation() == part.cell.generation();
        if !same_window {
            cell.give_back(part.amount);
        }
        same_window
    }

    pub(crate) fn take_regardless(&self, part: Part) {
        if let Some(cell) = self.get(part.cell) {
            cell.take_regardless(part.amount);
        }
    }

    /// Posts what was never taken here: what the journal says was sold, and corrections.
    pub(crate) fn post_regardless(&self, cell: CellIndex, amount: i64) {
        if let Some(cell) = self.get(cell) {
            cell.post_regardless(amount);
        }
    }

    /// Turns what was posted into room again, in the window that is meant and no other.
    pub(crate) fn give_back_posted(&self, index: CellIndex, amount: i64) {
        if let Some(cell) = self.slot(index.slot()) {
            cell.give_back_posted(index.generation(), amount);
        }
    }

    pub(crate) fn has_room(&self, part: Part) -> bool {
        self.get(part.cell).is_some_and(|cell| part.amount <= cell.room())
    }

    pub(crate) fn give_back(&self, part: Part) {
        let cell = self.get(part.cell);
        debug_assert!(
            cell.is_some() || may_be_gone(part),
            "invariant: a cell with something pending is not reused"
        );
        if let Some(cell) = cell {
            cell.give_back(part.amount);
        }
    }

    pub(crate) fn slot(&self, slot: u32) -> Option<&Cell> {
        self.slots.get(usize::try_from(slot).ok()?).map(|cell| &**cell)
    }

    pub(crate) fn slots(&self) -> u32 {
        u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }

    /// Returns the time by which windows go: never before a boundary that was crossed.
    pub(crate) fn window_time(&self, at: UtcMicros) -> UtcMicros {
        UtcMicros(self.boundary.load(Ordering::Relaxed).max(at.0))
    }

    /// Notes that windows up to this boundary are over.
    pub(crate) fn cross(&self, boundary: UtcMicros) {
        if self.boundary.load(Ordering::Relaxed) < boundary.0 {
            self.boundary.fetch_max(boundary.0, Ordering::Relaxed);
        }
    }

    fn post(&self, part: Part, posted: i64) {
        let cell = self.get(part.cell);
        debug_assert!(
            cell.is_some() || may_be_gone(part),
            "invariant: a cell with something pending is not reused"
        );
        if let Some(cell) = cell {
            cell.post(part.amount, posted);
        }
    }
}

/// What was counted as sent is posted, not pending. Where the window was over before that was taken back, its cell may
/// count for another one by now, and there is nothing left to give back.
fn may_be_gone(part: Part) -> bool {
    part.kind == CapKind::Sent
}

fn sent_parts(reservation: &Reservation) -> impl Iterator<Item = Part> + '_ {
    reservation.parts().take_while(|part| part.kind == CapKind::Sent)
}
