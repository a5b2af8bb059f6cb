//! [`Evidence`]: what is said of a post, and the record that follows from it.

use exchange_catalog::snapshot::OnLowerPrice;
use exchange_protocol::{Outcome, Resolution, ResolvedBy};
use exchange_types::{Amount, Nanos, Reason, UtcMicros};

use super::{Unknown, charge};

/// What is said of a post, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What became of it.
    pub says: Outcome,
    /// The price that an acceptance names.
    pub price: Option<Amount>,
    /// Who or what says so.
    pub by: ResolvedBy,
    /// The digest of what it says.
    pub digest: [u8; 16],
    /// The operator and the reason, or empty.
    pub note: Box<str>,
}

/// Why what was said of a post has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The shard has no such post, open or resolved lately.
    #[error("the post is neither open nor resolved lately")]
    NotFound,
    /// A person names a price that payout, floor or reserve do not allow.
    #[error("the price is below what payout, floor and reserve allow; leave it out to charge the agreed one")]
    PriceTooLow,
}

impl Evidence {
    /// Returns the record of a resolution.
    pub(super) fn resolve(self, unknown: &Unknown, at: UtcMicros) -> Result<Resolution, ResolveError> {
        let Self { says, price, by, digest, note } = self;
        let (on_lower_price, return_window) =
            unknown.campaign().map_or((OnLowerPrice::Reject, Nanos::ZERO), |campaign| {
                (campaign.on_lower_price, campaign.return_window)
            });
        // A person that names a lower price has agreed to it.
        let on_lower_price = if by == ResolvedBy::Person { OnLowerPrice::Accept } else { on_lower_price };
        let (outcome, charge) = match says {
            Outcome::Accepted => match charge::judge(unknown, price, on_lower_price) {
                Ok(charge) => (Outcome::Accepted, Some(charge)),
                Err(_) if by == ResolvedBy::Person => return Err(ResolveError::PriceTooLow),
                Err(_) => (Outcome::Failed(Reason::PriceChanged), None),
            },
            Outcome::Failed(_) | Outcome::Unknown => (says, None),
        };
        Ok(Resolution {
            auction: unknown.key.auction,
            candidate: unknown.key.candidate,
            outcome,
            price: charge.map_or(Amount::ZERO, |charge| charge.price),
            payout: charge.map_or(Amount::ZERO, |charge| charge.payout),
            by,
            digest,
            at,
            settles_at: if charge.is_some() { at.saturating_add(return_window) } else { at },
            note,
        })
    }
}
