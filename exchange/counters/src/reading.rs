//! [`Reading`]: a counter as outside readers see it.

use exchange_types::UtcMicros;

use crate::Cell;

/// What a counter says, for display. Beside a sale under way its parts may be a moment apart; at rest they add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What was used: leads, or micros of the currency.
    pub posted: i64,
    /// What is reserved and may still be used.
    pub pending: i64,
    /// The most.
    pub limit: i64,
    /// The first instant after the window.
    pub closes: UtcMicros,
}

impl Reading {
    /// Reads a cell.
    pub fn of(cell: &Cell, closes: UtcMicros) -> Self {
        Self { posted: cell.posted(), pending: cell.pending(), limit: cell.limit(), closes }
    }
}
