//! [`TestMarket`]: who sells and buys where nothing is sold for real.

use exchange_types::{BuyerIndex, CampaignIndex, SellerIndex};

use super::{Buyer, Campaign, Seller};

/// Who sells and buys where nothing is sold for real: built into every catalog, beside what it names.
///
/// Their indices are the same in every catalog, far above all others, and their names are none that a catalog may
/// give. No vertical lists the campaigns, so no real lead is ever offered to them.
#[derive(Debug, Clone, Default)]
pub struct TestMarket {
    pub(crate) sellers: Box<[Seller]>,
    pub(crate) buyers: Box<[Buyer]>,
    pub(crate) campaigns: Box<[Campaign]>,
}

/// The first of their indices; the catalog's own end at some ten thousand.
const FIRST: u32 = 0xff00_0000;

impl TestMarket {
    /// Whose tests are those of operators and buyers, who have nothing to sell.
    pub const SELLER: SellerIndex = SellerIndex(FIRST);
    /// The name of [`TestMarket::SELLER`].
    pub const SELLER_NAME: &str = "_test";
    /// The companies, as a person would see them.
    pub(crate) const LEGAL_NAMES: [&str; 2] = ["Test Buyer One", "Test Buyer Two"];
    /// Their campaigns, one each; the first bids more.
    pub const CAMPAIGNS: [CampaignIndex; 2] = [CampaignIndex(FIRST), CampaignIndex(FIRST.saturating_add(1))];

    pub(crate) const BUYERS: [BuyerIndex; 2] = [BuyerIndex(FIRST), BuyerIndex(FIRST.saturating_add(1))];

    /// Returns a seller, where the index is one of these.
    pub(super) fn seller(&self, index: SellerIndex) -> Option<&Seller> {
        at(&self.sellers, index.0)
    }

    /// Returns a buyer, where the index is one of these.
    pub(super) fn buyer(&self, index: BuyerIndex) -> Option<&Buyer> {
        at(&self.buyers, index.0)
    }

    /// Returns a campaign, where the index is one of these.
    pub(super) fn campaign(&self, index: CampaignIndex) -> Option<&Campaign> {
        at(&self.campaigns, index.0)
    }
}

fn at<T>(list: &[T], index: u32) -> Option<&T> {
    list.get(usize::try_from(index.checked_sub(FIRST)?).ok()?)
}
