//! [`Snapshot`]: the catalog as the engine uses it.
//!
//! Names have become indices, percentages integers, time zones instants. A snapshot never changes; an
//! auction uses the one with which it began and records its version.

mod agreement;
mod buyer;
mod campaign;
mod consent;
mod endpoint;
mod notices;
mod postback;
mod quality;
mod return_reasons;
mod seller;
mod source;
mod supply_limits;
mod tags;
mod test_market;
mod vertical;

pub use agreement::{Agreement, Payout, Terms};
pub use buyer::{Buyer, WeekStart};
pub use campaign::{
    Campaign, Cap, CapKind, OnLowerPrice, OnUnknown, POST_ID_PLACE, Pricing, Unmatched, WindowKind,
};
pub use consent::{ConsentRule, Proof};
pub use endpoint::{Endpoint, HttpVersion, Scheme};
pub use notices::{MinimumToWin, Notices};
pub use postback::{Postback, PostbackMethod, PostbackPiece, PostbackPlace};
pub use quality::{DayBound, PhoneKind, Quality, QualityRule, RuleTest};
pub use return_reasons::ReturnReasons;
pub use seller::{Seller, Webhook};
pub(crate) use source::SellerSources;
pub use source::{Origin, Source, SourceIndex, SourceNames, SourceRule, Sources};
pub use supply_limits::SupplyLimits;
pub use tags::TagRule;
pub use test_market::TestMarket;
pub use vertical::{
    ConsentModel, Disclosure, Field, FieldKind, NearDuplicate, PingForm, RankBy, Rule, Stage, Vertical,
};

use std::sync::Arc;

use exchange_types::{BuyerIndex, CampaignIndex, EndpointIndex, SellerIndex, UtcMicros, VerticalIndex};

/// A compiled catalog.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Counts up with every catalog that a data directory has taken; records name it.
    pub version: u64,
    /// Verticals, ordered by name.
    pub verticals: Box<[Vertical]>,
    /// Sellers, ordered by name.
    pub sellers: Box<[Seller]>,
    /// Buyers, ordered by name.
    pub buyers: Box<[Buyer]>,
    /// Campaigns, ordered by name. Names are unique over all buyers and verticals.
    pub campaigns: Box<[Campaign]>,
    /// Endpoints: one for each distinct URL with its limits.
    pub endpoints: Box<[Endpoint]>,
    /// The sources of the sellers.
    pub sources: Arc<Sources>,
    /// Who sells and buys in tests. Their indices are understood wherever those of the catalog are.
    pub tests: Arc<TestMarket>,
}

impl Snapshot {
    /// Returns the vertical of an index of this snapshot.
    pub fn vertical(&self, index: VerticalIndex) -> Option<&Vertical> {
        self.verticals.get(index.at())
    }

    /// Returns the seller of an index of this snapshot.
    pub fn seller(&self, index: SellerIndex) -> Option<&Seller> {
        self.sellers.get(index.at()).or_else(|| self.tests.seller(index))
    }

    /// Returns the buyer of an index of this snapshot.
    pub fn buyer(&self, index: BuyerIndex) -> Option<&Buyer> {
        self.buyers.get(index.at()).or_else(|| self.tests.buyer(index))
    }

    /// Returns the campaign of an index of this snapshot.
    pub fn campaign(&self, index: CampaignIndex) -> Option<&Campaign> {
        self.campaigns.get(index.at()).or_else(|| self.tests.campaign(index))
    }

    /// Returns the endpoint of an index of this snapshot.
    pub fn endpoint(&self, index: EndpointIndex) -> Option<&Endpoint> {
        self.endpoints.get(index.at())
    }

    /// Finds a vertical by name.
    pub fn vertical_named(&self, name: &str) -> Option<VerticalIndex> {
        let position = self.verticals.binary_search_by(|vertical| (*vertical.name).cmp(name)).ok()?;
        u16::try_from(position).ok().map(VerticalIndex)
    }

    /// Finds a seller by name.
    pub fn seller_named(&self, name: &str) -> Option<SellerIndex> {
        let position = self.sellers.binary_search_by(|seller| (*seller.name).cmp(name)).ok()?;
        u32::try_from(position).ok().map(SellerIndex)
    }

    /// Finds a buyer by name.
    pub fn buyer_named(&self, name: &str) -> Option<BuyerIndex> {
        let position = self.buyers.binary_search_by(|buyer| (*buyer.name).cmp(name)).ok()?;
        u32::try_from(position).ok().map(BuyerIndex)
    }

    /// Finds a campaign by name.
    pub fn campaign_named(&self, name: &str) -> Option<CampaignIndex> {
        let position = self.campaigns.binary_search_by(|campaign| (*campaign.name).cmp(name)).ok()?;
        u32::try_from(position).ok().map(CampaignIndex)
    }

    /// Returns the same catalog with its schedules worked out from `now` on. The version stays: nothing is
    /// decided differently, only faster.
    #[must_use]
    pub fn refresh(&self, now: UtcMicros) -> Self {
        let mut refreshed = self.clone();
        for campaign in &mut refreshed.campaigns {
            campaign.schedule = campaign.schedule.refresh(now);
        }
        refreshed
    }
}
