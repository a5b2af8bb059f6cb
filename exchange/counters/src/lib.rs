//! Caps and budgets: how much room is left, and who has taken it.
//!
//! [`Counters::refresh`] joins a catalog snapshot to the cells that count, on a control thread. It returns a
//! [`CapTable`], with which a shard asks for room ([`CapTable::check_room`]) and takes it
//! ([`CapTable::reserve`]). What was taken is a [`Reservation`]; it is ended once, through [`Cells`]:
//! committed at the price paid or released. Shards share the cells and never lock.
//!
//! Nothing here reads a clock or does I/O, and nothing survives a restart: the journal is the record.
#![deny(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::float_arithmetic)]

mod sync;

mod cell;
mod cell_index;

mod cells;
mod reservation;

mod window;

mod cap_table;
mod counters;
mod directory;
mod hold_shares;
mod reading;

pub use cap_table::{CapRow, CapTable, Posted};
pub use cell::Cell;
pub use cell_index::CellIndex;
pub use cells::Cells;
pub use counters::{Counters, CountersConfig};
pub use directory::{CellKey, Owner};
pub use hold_shares::{HoldShares, SellerKey};
pub use reading::Reading;
pub use reservation::{Part, Reservation};
pub use window::{Window, WindowId, window_at};
