//! [`Test`]: what is to come of a lead that is a test.

use crate::CampaignIndex;

/// What is to come of a lead that is a test: it is sold to buyers that are built in, or to one real campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// It is one. The post of a ping becomes what the ping says; all others are sold at once.
    Yes,
    /// It is sold at once.
    Sold,
    /// Nobody wants it.
    Unsold,
    /// Its person is known.
    Duplicate,
    /// It is well formed and no good.
    Invalid,
    /// It is sold after its answer.
    Pending,
    /// The best buyer refuses it, and the next one takes it.
    Cascade,
    /// It is sold as late as it may be.
    Slow,
    /// It goes to this campaign alone, marked; to none where nobody has such a campaign in the vertical.
    Campaign(Option<CampaignIndex>),
}

impl Test {
    /// Every outcome of buyers that are built in, with its name on the wire.
    pub const NAMED: [(&str, Self); 7] = [
        ("sold", Self::Sold),
        ("unsold", Self::Unsold),
        ("duplicate", Self::Duplicate),
        ("invalid", Self::Invalid),
        ("pending", Self::Pending),
        ("cascade", Self::Cascade),
        ("slow", Self::Slow),
    ];

    /// Returns the outcome of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(known, _)| *known == name).map(|&(_, test)| test)
    }
}
