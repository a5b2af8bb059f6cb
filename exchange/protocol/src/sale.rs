//! The life of a sale: what may follow what.
//!
//! ```text
//! accepted ──▶ adjusted ──▶ settled ──▶ reversed
//!     │  ╲________│___________▲  ╲__▶ settled (adjusted later)
//!     ▼           ▼
//! returned     reversed
//! ```
//!
//! A sale is credited once: after `returned` or `reversed` nothing follows. All of it is pure; the terms of a
//! return come in as a value, because they are those under which the sale was made.

use exchange_types::{Amount, UtcMicros};

use crate::{ReturnReason, SaleStep};

/// How a sale stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SaleState {
    /// The buyer took the lead; it may still be given back.
    Accepted,
    /// The buyer gave the lead back.
    Returned,
    /// Its amounts were corrected; it may still be given back.
    Adjusted,
    /// An operator took the sale back.
    Reversed,
    /// The return window is over: what the seller earned is due.
    Settled,
}

/// What is known of a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaleFacts {
    /// How it stands.
    pub state: SaleState,
    /// What the buyer pays, corrections included.
    pub price: Amount,
    /// What the seller earns, corrections included.
    pub payout: Amount,
    /// When it settles.
    pub settles_at: UtcMicros,
}

/// Under which terms a buyer may give a lead back: those of its campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReturnTerms<'a> {
    /// Until when, this moment not included; nothing where the campaign knows no returns.
    pub return_until: Option<UtcMicros>,
    /// The reasons that count.
    pub reasons: &'a [ReturnReason],
    /// Whether the counters of the sale's own windows get their room back.
    pub restores: bool,
}

/// Why a return is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReturnRefused {
    /// The campaign knows no returns.
    #[error("this campaign knows no returns")]
    NotAllowed,
    /// The reason is none for which this campaign takes returns.
    #[error("`{}` is no reason for a return under this campaign", .reason.name())]
    ReasonNotAllowed {
        /// The reason that was given.
        reason: ReturnReason,
    },
    /// The window is over.
    #[error("the return window closed at {closed_at}")]
    WindowClosed {
        /// When it was over.
        closed_at: UtcMicros,
    },
    /// The sale's state does not allow it.
    #[error(transparent)]
    State(#[from] StepRefused),
}

/// Why a step cannot follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepRefused {
    /// The lead was given back already.
    #[error("the sale was returned already")]
    AlreadyReturned,
    /// The sale was taken back already.
    #[error("the sale was reversed already")]
    AlreadyReversed,
    /// The sale has settled.
    #[error("the sale has settled already")]
    AlreadySettled,
    /// A corrected amount is less than nothing.
    #[error("a corrected amount is less than nothing")]
    NegativeAmount,
}

/// Judges a buyer's wish to give a lead back, and returns the step that follows.
///
/// # Errors
///
/// Says which rule stands against it: first the sale's state, then the reason, then the window.
pub fn judge_return(
    sale: &SaleFacts,
    reason: ReturnReason,
    terms: &ReturnTerms<'_>,
    now: UtcMicros,
) -> Result<SaleStep, ReturnRefused> {
    let step = SaleStep::Returned { reason, restores: terms.restores };
    // A settled sale is one whose window is over, and that is the clearer thing to say.
    if sale.state == SaleState::Settled {
        return Err(ReturnRefused::WindowClosed { closed_at: sale.settles_at });
    }
    sale.state.after(step)?;
    let closed_at = terms.return_until.ok_or(ReturnRefused::NotAllowed)?;
    if !terms.reasons.contains(&reason) {
        return Err(ReturnRefused::ReasonNotAllowed { reason });
    }
    if now >= closed_at {
        return Err(ReturnRefused::WindowClosed { closed_at });
    }
    Ok(step)
}

impl SaleState {
    /// Every state, in the order of their numbers in the store.
    pub const ALL: [Self; 5] =
        [Self::Accepted, Self::Returned, Self::Adjusted, Self::Reversed, Self::Settled];

    /// Returns the name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Returned => "returned",
            Self::Adjusted => "adjusted",
            Self::Reversed => "reversed",
            Self::Settled => "settled",
        }
    }

    /// Returns the state of a name on the wire.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Returns the state after a step.
    ///
    /// # Errors
    ///
    /// Says why the step cannot follow.
    pub fn after(self, step: SaleStep) -> Result<Self, StepRefused> {
        match (self, step) {
            (Self::Returned, _) => Err(StepRefused::AlreadyReturned),
            (Self::Reversed, _) => Err(StepRefused::AlreadyReversed),
            (Self::Settled, SaleStep::Returned { .. } | SaleStep::Settled) => {
                Err(StepRefused::AlreadySettled)
            }
            (_, SaleStep::Adjusted { price, payout }) if price < Amount::ZERO || payout < Amount::ZERO => {
                Err(StepRefused::NegativeAmount)
            }
            (Self::Accepted | Self::Adjusted, SaleStep::Returned { .. }) => Ok(Self::Returned),
            (Self::Accepted | Self::Adjusted, SaleStep::Adjusted { .. }) => Ok(Self::Adjusted),
            (Self::Accepted | Self::Adjusted | Self::Settled, SaleStep::Reversed) => Ok(Self::Reversed),
            // What has settled stays due when it is adjusted; only its amounts are others.
            (Self::Accepted | Self::Adjusted, SaleStep::Settled)
            | (Self::Settled, SaleStep::Adjusted { .. }) => Ok(Self::Settled),
        }
    }
}

impl SaleFacts {
    /// Returns the sale after a step.
    ///
    /// # Errors
    ///
    /// Says why the step cannot follow.
    pub fn after(self, step: SaleStep) -> Result<Self, StepRefused> {
        let state = self.state.after(step)?;
        let (price, payout) = match step {
            SaleStep::Returned { .. } | SaleStep::Reversed => (Amount::ZERO, Amount::ZERO),
            SaleStep::Adjusted { price, payout } => (price, payout),
            SaleStep::Settled => (self.price, self.payout),
        };
        Ok(Self { state, price, payout, settles_at: self.settles_at })
    }
}

impl StepRefused {
    /// Returns the name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AlreadyReturned => "already_returned",
            Self::AlreadyReversed => "already_reversed",
            Self::AlreadySettled => "already_settled",
            Self::NegativeAmount => "negative_amount",
        }
    }
}

impl ReturnRefused {
    /// Returns the name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotAllowed => "returns_not_allowed",
            Self::ReasonNotAllowed { .. } => "reason_not_allowed",
            Self::WindowClosed { .. } => "return_window_closed",
            Self::State(refused) => refused.name(),
        }
    }
}

#[cfg(test)]
mod tests;
