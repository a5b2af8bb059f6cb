//! [`Score`] and [`Scale`]: how good a bid is, exactly, and which bid is as good as a given score.
//!
//! A score counts micros x parts per million x parts per million (1e-18 of the currency's unit): the bid or
//! payout takes one factor, the penalty the other, so nothing is rounded. The largest amount scores below
//! 2^103, and sums of the largest sets stay far inside an `i128`.

use exchange_catalog::snapshot::RankBy;
use exchange_types::{Amount, Rate};

use crate::terms::{Earning, PARTS, div_ceil, micros, parts};
use crate::{Contender, Rules};

/// How good a bid is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Score(i128);

impl Score {
    pub(crate) const ZERO: Self = Self(0);
    /// The score of every bid where nothing is ranked by.
    const EVEN: Self = Self(1);

    pub(crate) const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(crate) const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// How a campaign's bids score.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    rank_by: RankBy,
    earning: Earning,
    penalty: Rate,
}

impl Scale {
    pub(crate) fn of(rules: &Rules, contender: &Contender) -> Self {
        Self { rank_by: rules.rank_by, earning: Earning::of(&contender.terms), penalty: contender.penalty }
    }

    /// Returns the score of a bid.
    pub(crate) fn score(&self, bid: Amount) -> Score {
        if self.rank_by == RankBy::Nothing {
            return Score::EVEN;
        }
        let rank = self.rank(micros(bid));
        let factor = if rank > 0 { parts(self.penalty.complement()) } else { PARTS };
        Score(rank.saturating_mul(factor))
    }

    /// Returns the least bid in micros, rounded up, that scores at least `target`; `i128::MIN` where every
    /// bid does, nothing where none does.
    pub(crate) fn least_bid(&self, target: Score) -> Option<i128> {
        if self.rank_by == RankBy::Nothing {
            return (target <= Score::EVEN).then_some(i128::MIN);
        }
        let factor = if target > Score::ZERO { parts(self.penalty.complement()) } else { PARTS };
        self.least_bid_ranking(div_ceil(target.0, factor)?)
    }

    /// Returns what is ranked, in micros x parts.
    fn rank(&self, bid: i128) -> i128 {
        let whole = bid.saturating_mul(PARTS);
        match (self.rank_by, self.earning) {
            (RankBy::Payout, Earning::Part { share, kept }) => {
                bid.saturating_mul(parts(share)).min(bid.saturating_sub(kept).saturating_mul(PARTS))
            }
            (RankBy::Margin, Earning::Part { share, kept }) => {
                bid.saturating_mul(parts(share.complement())).max(kept.saturating_mul(PARTS))
            }
            (RankBy::Margin, Earning::Fixed { amount, .. }) => {
                bid.saturating_sub(amount).saturating_mul(PARTS)
            }
            (RankBy::Payout, Earning::Fixed { .. }) | (RankBy::Bid | RankBy::Nothing, _) => whole,
        }
    }

    /// Inverts [`Self::rank`].
    fn least_bid_ranking(&self, rank: i128) -> Option<i128> {
        let whole = div_ceil(rank, PARTS)?;
        match (self.rank_by, self.earning) {
            (RankBy::Payout, Earning::Part { share, kept }) => {
                let by_share = divide_by_share(rank, share)?;
                Some(by_share.max(whole.saturating_add(kept)))
            }
            (RankBy::Margin, Earning::Part { share, kept }) => {
                if rank <= kept.saturating_mul(PARTS) {
                    return Some(i128::MIN);
                }
                divide_by_share(rank, share.complement())
            }
            (RankBy::Margin, Earning::Fixed { amount, .. }) => Some(whole.saturating_add(amount)),
            (RankBy::Payout, Earning::Fixed { .. }) | (RankBy::Bid | RankBy::Nothing, _) => Some(whole),
        }
    }
}

/// Divides a rank by the share that it is of the bid, rounding up. A share of nothing reaches nothing.
fn divide_by_share(rank: i128, share: Rate) -> Option<i128> {
    if share == Rate::ZERO {
        return (rank <= 0).then_some(i128::MIN);
    }
    div_ceil(rank, parts(share))
}
