//! [`Names`]: what the indices of a catalog's version stood for.

use std::collections::BTreeMap;
use std::sync::Arc;

use exchange_protocol::CatalogNames;
use exchange_types::{BuyerIndex, CampaignIndex, SellerIndex};

use super::CheckpointError;
use super::bytes::{Reader, Writer};

/// Versions of the catalog whose names are kept: those of ten minutes at a hundred changes a second. Records
/// name the version of their auction, which lives no longer.
const VERSIONS_MAX: usize = 65_536;

/// A name that some catalog used, of whatever kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NameId(pub(super) u32);

impl NameId {
    /// Stands for what no known catalog names.
    pub(super) const NONE: Self = Self(u32::MAX);
}

/// The names of one or more versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Table {
    sellers: Vec<NameId>,
    buyers: Vec<NameId>,
    /// Each with its buyer.
    campaigns: Vec<(NameId, NameId)>,
}

/// What the indices of the latest versions stand for. Names are never given up: a catalog has at most 60,000 of
/// sellers, buyers and campaigns, so they grow with the partners that ever were, at about 100 bytes each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    known: Vec<Arc<str>>,
    by_name: BTreeMap<Arc<str>, NameId>,
    versions: BTreeMap<u64, Arc<Table>>,
}

impl Names {
    /// Returns whether the names of a version are known.
    pub(super) fn has(&self, version: u64) -> bool {
        self.versions.contains_key(&version)
    }

    /// Takes the names of a version.
    pub(super) fn take(&mut self, catalog: &CatalogNames) {
        let mut table = Table::default();
        table.sellers.extend(catalog.sellers.iter().map(|name| self.intern(name)));
        table.buyers.extend(catalog.buyers.iter().map(|name| self.intern(name)));
        for (name, buyer, _) in &catalog.campaigns {
            let buyer = table.buyers.get(buyer.at()).copied().unwrap_or(NameId::NONE);
            table.campaigns.push((self.intern(name), buyer));
        }
        // Most changes of a catalog change no name.
        let table = match self.versions.last_key_value() {
            Some((_, last)) if **last == table => Arc::clone(last),
            _ => Arc::new(table),
        };
        self.versions.insert(catalog.version, table);
        while self.versions.len() > VERSIONS_MAX {
            self.versions.pop_first();
        }
    }

    pub(super) fn intern(&mut self, name: &str) -> NameId {
        if let Some(known) = self.by_name.get(name) {
            return *known;
        }
        let id = NameId(u32::try_from(self.known.len()).unwrap_or(u32::MAX));
        let name: Arc<str> = name.into();
        self.known.push(Arc::clone(&name));
        self.by_name.insert(name, id);
        id
    }

    pub(super) fn name(&self, id: NameId) -> Option<&str> {
        self.known.get(usize::try_from(id.0).ok()?).map(|name| &**name)
    }

    pub(super) fn seller(&self, version: u64, seller: SellerIndex) -> NameId {
        let found = self.versions.get(&version).and_then(|table| table.sellers.get(seller.at()));
        found.copied().unwrap_or(NameId::NONE)
    }

    /// Returns a campaign and the buyer to which it belonged in a version. Where the version is not known the
    /// buyer of the record is.
    pub(super) fn campaign(
        &self,
        version: u64,
        campaign: CampaignIndex,
        buyer: BuyerIndex,
    ) -> (NameId, NameId) {
        let Some(table) = self.versions.get(&version) else { return (NameId::NONE, NameId::NONE) };
        let buyer = table.buyers.get(buyer.at()).copied().unwrap_or(NameId::NONE);
        table.campaigns.get(campaign.at()).copied().unwrap_or((NameId::NONE, buyer))
    }

    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.count(self.known.len());
        self.known.iter().for_each(|name| to.text(name));
        to.count(self.versions.len());
        let mut before: Option<&Arc<Table>> = None;
        for (version, table) in &self.versions {
            to.u64(*version);
            let same = before.is_some_and(|before| Arc::ptr_eq(before, table) || before == table);
            to.flag(same);
            if !same {
                table.write(to);
            }
            before = Some(table);
        }
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, CheckpointError> {
        let mut read = Self::default();
        for _ in 0..from.count()? {
            let name = from.text()?.to_owned();
            read.intern(&name);
        }
        let mut before: Option<Arc<Table>> = None;
        for _ in 0..from.count()? {
            let version = from.u64()?;
            let table = match (from.flag()?, before.take()) {
                (true, Some(before)) => before,
                (true, None) => return Err(from.damaged()),
                (false, _) => Arc::new(Table::read(from)?),
            };
            before = Some(Arc::clone(&table));
            read.versions.insert(version, table);
        }
        Ok(read)
    }
}

impl Table {
    fn write(&self, to: &mut Writer<'_>) {
        for names in [&self.sellers, &self.buyers] {
            to.count(names.len());
            for name in names {
                to.u32(name.0);
            }
        }
        to.count(self.campaigns.len());
        for (name, buyer) in &self.campaigns {
            to.u32(name.0);
            to.u32(buyer.0);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, CheckpointError> {
        let mut list = || (0..from.count()?).map(|_| from.u32().map(NameId)).collect::<Result<Vec<_>, _>>();
        let (sellers, buyers) = (list()?, list()?);
        let campaigns = (0..from.count()?)
            .map(|_| Ok((NameId(from.u32()?), NameId(from.u32()?))))
            .collect::<Result<_, _>>()?;
        Ok(Self { sellers, buyers, campaigns })
    }
}
