//! The business outcomes that a seller is told, as closed lists.

/// Why a lead was not sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum UnsoldReason {
    /// Nobody could be pinged.
    NoEligibleBuyer = 0,
    /// Nobody bid.
    NoBid = 1,
    /// No bid reached floor, reserve and margin.
    BelowFloor = 2,
    /// Every post was refused.
    PostsRejected = 3,
    /// The time ran out before a post could be made.
    Deadline = 4,
    /// The offers had expired.
    OffersExpired = 5,
    /// The person stands on a suppression list of the exchange.
    Suppressed = 6,
    /// Buyers asked for a proof of consent that the lead lacks, and nobody got further.
    ProofMissing = 7,
}

impl UnsoldReason {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::NoEligibleBuyer,
        Self::NoBid,
        Self::BelowFloor,
        Self::PostsRejected,
        Self::Deadline,
        Self::OffersExpired,
        Self::Suppressed,
        Self::ProofMissing,
    ];

    /// Returns the name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoEligibleBuyer => "no_eligible_buyer",
            Self::NoBid => "no_bid",
            Self::BelowFloor => "below_floor",
            Self::PostsRejected => "posts_rejected",
            Self::Deadline => "deadline",
            Self::OffersExpired => "offers_expired",
            Self::Suppressed => "suppressed",
            Self::ProofMissing => "proof_missing",
        }
    }

    /// Returns the reason of this number in a record.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// Returns the number in a record.
    #[expect(clippy::as_conversions, reason = "the enum is repr(u8)")]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// Why a lead is neither sold nor unsold yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PendingReason {
    /// A post is out and may still be answered.
    PostInFlight,
    /// A post was sent and its answer never came.
    PostUnknown,
    /// An acceptance waits for the disk.
    JournalWait,
}

impl PendingReason {
    /// Returns the name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PostInFlight => "post_in_flight",
            Self::PostUnknown => "post_unknown",
            Self::JournalWait => "journal_wait",
        }
    }
}

/// From whom a duplicate is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DuplicateScope {
    /// From the same seller.
    Own,
    /// From another seller.
    Exchange,
}

impl DuplicateScope {
    /// Returns the name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Exchange => "exchange",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_wire_and_numbers_read_back() {
        let numbered = UnsoldReason::ALL.map(|reason| (reason.code(), reason.name()));
        let expected = [
            (0, "no_eligible_buyer"),
            (1, "no_bid"),
            (2, "below_floor"),
            (3, "posts_rejected"),
            (4, "deadline"),
            (5, "offers_expired"),
            (6, "suppressed"),
            (7, "proof_missing"),
        ];
        assert_eq!(numbered, expected);
        for reason in UnsoldReason::ALL {
            assert_eq!(UnsoldReason::from_code(reason.code()), Some(reason));
        }
        assert_eq!(UnsoldReason::from_code(u8::MAX), None);
        let pending = [PendingReason::PostInFlight, PendingReason::PostUnknown, PendingReason::JournalWait];
        assert_eq!(pending.map(PendingReason::name), ["post_in_flight", "post_unknown", "journal_wait"]);
        assert_eq!(
            [DuplicateScope::Own, DuplicateScope::Exchange].map(DuplicateScope::name),
            ["own", "exchange"]
        );
    }
}
