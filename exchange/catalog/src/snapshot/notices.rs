//! What buyers are told of their bids.

use exchange_types::{Amount, EndpointIndex, Nanos};

/// Where a campaign is told what became of its bids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notices {
    /// Where they go.
    pub endpoint: EndpointIndex,
    /// The most notices of one message.
    pub batch_max: u16,
    /// The least time between two messages.
    pub every: Nanos,
}

/// How buyers of a vertical are told the least bid with which they would have won.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinimumToWin {
    /// How long after the auction, so that nobody learns the market's prices while they hold.
    pub delay: Nanos,
    /// To whole steps of this it is rounded up, so that nobody learns a rival's bid to the cent.
    pub step: Amount,
}

impl MinimumToWin {
    /// The least number of companies that bid with which it is told: among fewer it would be a rival's own bid.
    pub const BIDDERS_MIN: usize = 3;

    /// Returns a figure as it is told.
    pub fn rounded(&self, exact: Amount) -> Amount {
        let step = self.step.micros().max(1);
        let whole = exact.micros().div_euclid(step);
        let above = i64::from(exact.micros().rem_euclid(step) != 0);
        Amount::from_micros(whole.saturating_add(above).saturating_mul(step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_rounded_up_to_a_step() {
        let rule = MinimumToWin { delay: Nanos::ZERO, step: Amount::from_micros(500_000) };
        for (exact, told) in
            [(0, 0), (1, 500_000), (500_000, 500_000), (37_340_000, 37_500_000), (37_500_100, 38_000_000)]
        {
            assert_eq!(rule.rounded(Amount::from_micros(exact)), Amount::from_micros(told), "{exact}");
        }
    }
}
