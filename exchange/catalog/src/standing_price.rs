//! [`StandingPrice`]: a price that needs no ping.

use exchange_types::{Amount, Submission};

/// A price, fixed or by rules on fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingPrice {}

impl StandingPrice {
    /// Returns the price for a lead; nothing where no rule matches.
    pub fn price(&self, _lead: &Submission) -> Option<Amount> {
        None
    }
}
