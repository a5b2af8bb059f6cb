//! [`Schedule`]: when a campaign takes leads.

use exchange_types::UtcMicros;

/// Opening times as instants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {}

impl Schedule {
    /// Returns whether the schedule is open.
    pub fn is_open(&self, _at: UtcMicros) -> bool {
        true
    }
}
