//! [`SupplyLimits`]: how much a seller, or one of its sources, may send.

use exchange_types::{Nanos, Pace};

/// How much a seller, or one of its sources, may send. What is left out has no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SupplyLimits {
    /// How fast new leads and pings may come.
    pub rate: Option<Pace>,
    /// The most new leads and pings of one day in UTC.
    pub quota_day: Option<u32>,
    /// How fast pings that got offers may be left unposted.
    pub unposted: Option<Pace>,
    /// How many unposted pings a post makes up for, besides its own.
    pub unposted_per_post: u32,
}

impl SupplyLimits {
    /// What a seller may leave unposted that says nothing else: enough for whoever tries things out, and for a seller
    /// of volume that posts one ping in twenty, far too little to learn a market's prices by.
    pub const UNPOSTED_DEFAULT: Pace = match Pace::try_new(10_000, Nanos::from_secs(3_600)) {
        Some(pace) => pace,
        None => panic!("the default is a pace"),
    };
    /// One ping in twenty is posted where sellers compare offers of several exchanges.
    pub const UNPOSTED_PER_POST_DEFAULT: u32 = 20;
}

impl Default for SupplyLimits {
    fn default() -> Self {
        Self {
            rate: None,
            quota_day: None,
            unposted: None,
            unposted_per_post: Self::UNPOSTED_PER_POST_DEFAULT,
        }
    }
}
