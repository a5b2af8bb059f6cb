//! [`Reason`]: why a campaign did not win. One closed list for API, records, metrics and console.

/// Why a campaign did not win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Reason {
    /// The campaign is paused.
    Paused = 0,
    /// A test lead, and this is no test buyer.
    NotTestBuyer = 1,
    /// A filter of the campaign does not match.
    Filtered = 2,
    /// The campaign blocks the source.
    SourceBlocked = 3,
    /// The campaign's schedule is closed.
    OutsideSchedule = 4,
    /// The person's consent does not name this company.
    NotNamedInConsent = 5,
    /// The campaign asks for a proof of consent that is missing.
    ProofMissing = 6,
    /// The person stands on a suppression list.
    Suppressed = 7,
    /// The buyer has this person already.
    DuplicateForBuyer = 8,
    /// No room in a cap of posts.
    SentCapReached = 9,
    /// No room in a cap of sales.
    SoldCapReached = 10,
    /// No room in a budget.
    BudgetExhausted = 11,
    /// No prepaid balance left.
    BalanceExhausted = 12,
    /// The campaign's circuit is open.
    CircuitOpen = 13,
    /// A limit on holds or requests was reached.
    Throttled = 14,
    /// The ping was left out by sampling.
    SampledOut = 15,
    /// The buyer declined.
    NoBid = 16,
    /// No bid in time.
    Timeout = 17,
    /// The buyer could not be reached.
    ConnectFailed = 18,
    /// The buyer's reply could not be read.
    BadReply = 19,
    /// The buyer's price was out of range.
    BadPrice = 20,
    /// The bid misses floor, reserve or margin.
    BelowFloor = 21,
    /// Another bid was better.
    Outbid = 22,
    /// A higher tier was served first.
    LowerTier = 23,
    /// Another bid took the lead alone.
    ExclusiveTaken = 24,
    /// The set of buyers was full.
    SlotsFull = 25,
    /// The seller chose other offers.
    NotChosen = 26,
    /// The seller did not post.
    NotPosted = 27,
    /// The offer expired.
    OfferExpired = 28,
    /// The buyer rejected the post.
    PostRejected = 29,
    /// The buyer answered the post as a duplicate.
    PostDuplicate = 30,
    /// The buyer's system refused the post.
    PostRefused = 31,
    /// The post could not be sent.
    PostFailed = 32,
    /// The buyer lowered its price in the post's reply.
    PriceChanged = 33,
    /// The post's answer never came.
    PostUnknown = 34,
    /// The time ran out.
    Deadline = 35,
    /// The lead was settled before this campaign was asked.
    NotNeeded = 36,
}

impl Reason {
    /// Every reason, in the order of the wire contract.
    pub const ALL: [Self; 37] = [
        Self::Paused,
        Self::NotTestBuyer,
        Self::Filtered,
        Self::SourceBlocked,
        Self::OutsideSchedule,
        Self::NotNamedInConsent,
        Self::ProofMissing,
        Self::Suppressed,
        Self::DuplicateForBuyer,
        Self::SentCapReached,
        Self::SoldCapReached,
        Self::BudgetExhausted,
        Self::BalanceExhausted,
        Self::CircuitOpen,
        Self::Throttled,
        Self::SampledOut,
        Self::NoBid,
        Self::Timeout,
        Self::ConnectFailed,
        Self::BadReply,
        Self::BadPrice,
        Self::BelowFloor,
        Self::Outbid,
        Self::LowerTier,
        Self::ExclusiveTaken,
        Self::SlotsFull,
        Self::NotChosen,
        Self::NotPosted,
        Self::OfferExpired,
        Self::PostRejected,
        Self::PostDuplicate,
        Self::PostRefused,
        Self::PostFailed,
        Self::PriceChanged,
        Self::PostUnknown,
        Self::Deadline,
        Self::NotNeeded,
    ];

    /// Returns the name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::NotTestBuyer => "not_test_buyer",
            Self::Filtered => "filtered",
            Self::SourceBlocked => "source_blocked",
            Self::OutsideSchedule => "outside_schedule",
            Self::NotNamedInConsent => "not_named_in_consent",
            Self::ProofMissing => "proof_missing",
            Self::Suppressed => "suppressed",
            Self::DuplicateForBuyer => "duplicate_for_buyer",
            Self::SentCapReached => "sent_cap_reached",
            Self::SoldCapReached => "sold_cap_reached",
            Self::BudgetExhausted => "budget_exhausted",
            Self::BalanceExhausted => "balance_exhausted",
            Self::CircuitOpen => "circuit_open",
            Self::Throttled => "throttled",
            Self::SampledOut => "sampled_out",
            Self::NoBid => "no_bid",
            Self::Timeout => "timeout",
            Self::ConnectFailed => "connect_failed",
            Self::BadReply => "bad_reply",
            Self::BadPrice => "bad_price",
            Self::BelowFloor => "below_floor",
            Self::Outbid => "outbid",
            Self::LowerTier => "lower_tier",
            Self::ExclusiveTaken => "exclusive_taken",
            Self::SlotsFull => "slots_full",
            Self::NotChosen => "not_chosen",
            Self::NotPosted => "not_posted",
            Self::OfferExpired => "offer_expired",
            Self::PostRejected => "post_rejected",
            Self::PostDuplicate => "post_duplicate",
            Self::PostRefused => "post_refused",
            Self::PostFailed => "post_failed",
            Self::PriceChanged => "price_changed",
            Self::PostUnknown => "post_unknown",
            Self::Deadline => "deadline",
            Self::NotNeeded => "not_needed",
        }
    }

    /// Returns the reason with this name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }

    /// Returns the number in a record. It never changes; new reasons are added at the end.
    #[expect(clippy::as_conversions, reason = "the enum is repr(u8)")]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Returns the reason of this number in a record.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

impl core::fmt::Display for Reason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_read_back() {
        for (position, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(reason.code()), position);
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
            assert_eq!(Reason::from_name(reason.name()), Some(reason));
        }
        assert_eq!((Reason::Paused.name(), Reason::NotNeeded.to_string()), ("paused", "not_needed".into()));
        assert_eq!(Reason::from_code(u8::MAX), None);
        assert_eq!(Reason::from_name("lost"), None);
    }
}
