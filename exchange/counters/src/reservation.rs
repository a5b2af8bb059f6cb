//! [`Reservation`]: room that was taken and has to be ended once.

use exchange_catalog::snapshot::CapKind;
use exchange_types::limits::CAPS_MAX;
use exchange_types::{Amount, UtcMicros};

use crate::CellIndex;

/// Cells of one reservation: every cap, and the balance.
const PARTS_MAX: usize = CAPS_MAX + 1;

/// Room taken in every cap and budget that binds a campaign.
///
/// It names its cells, so that it reaches the windows from which it took whenever it ends. It ends by being
/// handed to [`Cells::release`](crate::Cells::release) or [`Cells::commit`](crate::Cells::commit); it is
/// neither `Copy` nor `Clone`, so it ends once. Dropping it leaves the room taken.
#[derive(Debug)]
#[must_use = "room that is taken has to be given back or committed"]
pub struct Reservation {
    money: Amount,
    at: UtcMicros,
    cells: [CellIndex; PARTS_MAX],
    sent_end: u8,
    sold_end: u8,
    budget_end: u8,
    end: u8,
    sent_posted: bool,
}

const _: () = assert!(size_of::<Reservation>() <= 160, "every open offer holds one");

impl Reservation {
    /// Returns a reservation of nothing yet. Cells are added by kind: sent, sold, budget, balance.
    pub(crate) fn new(money: Amount, at: UtcMicros) -> Self {
        let cells = [CellIndex::NONE; PARTS_MAX];
        Self { money, at, cells, sent_end: 0, sold_end: 0, budget_end: 0, end: 0, sent_posted: false }
    }

    /// Returns the money that was taken from each budget.
    pub fn money(&self) -> Amount {
        self.money
    }

    /// Returns the moment as of which it counts: when it was taken or, where the clock has been set back, the
    /// opening of the latest window that had begun by then. It lies in every window from which room was taken.
    pub fn at(&self) -> UtcMicros {
        self.at
    }

    pub(crate) fn set_at(&mut self, at: UtcMicros) {
        self.at = at;
    }

    /// Returns whether the sent caps count the post already.
    pub fn is_sent(&self) -> bool {
        self.sent_posted
    }

    /// Returns each cell with its kind and what was taken from it, in the order of taking.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = Part> + Clone + '_ {
        let kind_of = |position: usize| {
            if position < usize::from(self.sent_end) {
                CapKind::Sent
            } else if position < usize::from(self.sold_end) {
                CapKind::Sold
            } else if position < usize::from(self.budget_end) {
                CapKind::Budget
            } else {
                CapKind::Balance
            }
        };
        let named = self.cells().iter().enumerate();
        named.map(move |(position, &cell)| Part::new(cell, kind_of(position), self.money))
    }

    pub(crate) fn cells(&self) -> &[CellIndex] {
        self.cells.get(..usize::from(self.end)).unwrap_or_default()
    }

    /// Adds a cell after those of the same and earlier kinds. Returns whether there was a place.
    pub(crate) fn push(&mut self, kind: CapKind, cell: CellIndex) -> bool {
        let Some(place) = self.cells.get_mut(usize::from(self.end)) else { return false };
        *place = cell;
        self.end = self.end.saturating_add(1);
        if kind <= CapKind::Budget {
            self.budget_end = self.end;
        }
        if kind <= CapKind::Sold {
            self.sold_end = self.end;
        }
        if kind == CapKind::Sent {
            self.sent_end = self.end;
        }
        true
    }

    pub(crate) fn set_sent(&mut self, sent: bool) {
        self.sent_posted = sent;
    }
}

/// What a reservation took from one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The cell.
    pub cell: CellIndex,
    /// What the cell counts.
    pub kind: CapKind,
    /// One, or micros of money.
    pub amount: i64,
}

impl Part {
    pub(crate) fn new(cell: CellIndex, kind: CapKind, money: Amount) -> Self {
        let amount = match kind {
            CapKind::Sent | CapKind::Sold => 1,
            CapKind::Budget | CapKind::Balance => money.micros(),
        };
        Self { cell, kind, amount }
    }
}
