//! [`CatalogNames`]: what the indices of a catalog's version stand for.

use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::TestMarket;
use exchange_types::{BuyerIndex, Currency, SellerIndex, UtcMicros, VerticalIndex};

use super::bytes::{DecodeError, Reader, Writer};

/// The names of a catalog's version, each list in the order of its indices. It is on disk before the version
/// is in force, so that every record can be read without the catalog itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogNames {
    /// The version.
    pub version: u64,
    /// When it was taken.
    pub at: UtcMicros,
    /// The verticals with their currencies.
    pub verticals: Vec<(Box<str>, Currency)>,
    /// The sellers.
    pub sellers: Vec<Box<str>>,
    /// The buyers.
    pub buyers: Vec<Box<str>>,
    /// The campaigns, each with its buyer and its vertical.
    pub campaigns: Vec<(Box<str>, BuyerIndex, VerticalIndex)>,
}

impl CatalogNames {
    /// Returns the names of a catalog that was taken at a moment.
    pub fn of(snapshot: &Snapshot, at: UtcMicros) -> Self {
        let verticals = snapshot.verticals.iter();
        let campaigns = snapshot.campaigns.iter();
        Self {
            version: snapshot.version,
            at,
            verticals: verticals.map(|vertical| (vertical.name.clone(), vertical.currency)).collect(),
            sellers: snapshot.sellers.iter().map(|seller| seller.name.clone()).collect(),
            buyers: snapshot.buyers.iter().map(|buyer| buyer.name.clone()).collect(),
            campaigns: campaigns
                .map(|campaign| (campaign.name.clone(), campaign.buyer, campaign.vertical))
                .collect(),
        }
    }

    /// Returns the name of a seller; that of tests is in no catalog.
    pub fn seller(&self, index: SellerIndex) -> Option<&str> {
        if index == TestMarket::SELLER {
            return Some(TestMarket::SELLER_NAME);
        }
        self.sellers.get(index.at()).map(|name| &**name)
    }

    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.u64(self.version);
        to.time(self.at);
        to.long_count(self.verticals.len());
        for (name, currency) in &self.verticals {
            to.text(name);
            to.text(currency.code());
        }
        for names in [&self.sellers, &self.buyers] {
            to.long_count(names.len());
            for name in names {
                to.text(name);
            }
        }
        to.long_count(self.campaigns.len());
        for (name, buyer, vertical) in &self.campaigns {
            to.text(name);
            to.u32(buyer.0);
            to.u16(vertical.0);
        }
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (version, at) = (from.u64()?, from.time()?);
        let verticals = (0..from.u32()?)
            .map(|_| Ok((from.text()?.into(), from.currency()?)))
            .collect::<Result<_, _>>()?;
        let sellers = (0..from.u32()?).map(|_| from.text().map(Into::into)).collect::<Result<_, _>>()?;
        let buyers = (0..from.u32()?).map(|_| from.text().map(Into::into)).collect::<Result<_, _>>()?;
        let campaigns = (0..from.u32()?)
            .map(|_| Ok((from.text()?.into(), BuyerIndex(from.u32()?), VerticalIndex(from.u16()?))))
            .collect::<Result<_, _>>()?;
        Ok(Self { version, at, verticals, sellers, buyers, campaigns })
    }
}
