//! [`Stops`]: what operators have stopped, by name.

use std::collections::BTreeMap;

use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::Campaign;
use exchange_protocol::{Stop, StopKind};
use exchange_types::{Reason, Submission, Uuid7};

/// What operators have stopped. Nobody is in it on most days, and then a look-up costs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stops {
    by_name: BTreeMap<StopKind, BTreeMap<Box<str>, Stop>>,
    count: usize,
}

impl Stops {
    /// Stops at a time: every campaign of a large catalog. One takes at most a kilobyte.
    pub const COUNT_MAX: usize = 10_000;

    /// Takes a stop, or the start that ends it. What is stopped already stays as it is.
    pub fn take(&mut self, stop: &Stop) {
        let named = self.by_name.entry(stop.kind).or_default();
        let known = named.get(&stop.name).map(|known| known.id);
        match known {
            None if stop.on => {
                named.insert(stop.name.clone(), stop.clone());
                self.count = self.count.saturating_add(1);
            }
            Some(id) if !stop.on && id == stop.id => {
                named.remove(&stop.name);
                self.count = self.count.saturating_sub(1);
            }
            None | Some(_) => {}
        }
    }

    /// Returns what has stopped something.
    pub fn get(&self, kind: StopKind, name: &str) -> Option<&Stop> {
        self.by_name.get(&kind)?.get(name)
    }

    /// Finds a stop by its id.
    pub fn find(&self, id: Uuid7) -> Option<&Stop> {
        self.iter().find(|stop| stop.id == id)
    }

    /// Returns every stop, by kind and name.
    pub fn iter(&self) -> impl Iterator<Item = &Stop> {
        self.by_name.values().flat_map(BTreeMap::values)
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Returns whether nothing is stopped.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns whether nothing is sold of where a lead comes from.
    pub(crate) fn stop_lead(&self, snapshot: &Snapshot, lead: &Submission) -> bool {
        if self.is_empty() {
            return false;
        }
        let Some(seller) = snapshot.seller(lead.seller) else { return false };
        if self.get(StopKind::Seller, &seller.name).is_some() {
            return true;
        }
        let origin = snapshot.sources.origin(lead);
        let source = origin.source.and_then(|source| snapshot.sources.source(lead.seller, source));
        let is_stopped = |name: String| self.get(StopKind::Source, &name).is_some();
        source.is_some_and(|source| is_stopped(format!("{}/{}", seller.name, source.name)))
            || origin.sub_id.is_some_and(|sub_id| is_stopped(format!("{}#{sub_id}", seller.name)))
    }

    /// Returns whether a campaign gets nothing.
    pub(crate) fn stop_campaign(&self, snapshot: &Snapshot, campaign: &Campaign) -> bool {
        if self.is_empty() {
            return false;
        }
        let buyer = snapshot.buyer(campaign.buyer).map_or("", |buyer| &buyer.name);
        let vertical = snapshot.vertical(campaign.vertical).map_or("", |vertical| &vertical.name);
        self.get(StopKind::Campaign, &campaign.name).is_some()
            || self.get(StopKind::Buyer, buyer).is_some()
            || self.get(StopKind::Vertical, vertical).is_some()
    }

    /// Returns why a campaign gets nothing of a lead, by the names of the catalog with which its auction began.
    pub(crate) fn bar(&self, snapshot: &Snapshot, campaign: &Campaign, lead: &Submission) -> Option<Reason> {
        if self.stop_campaign(snapshot, campaign) {
            Some(Reason::Paused)
        } else {
            self.stop_lead(snapshot, lead).then_some(Reason::SourceBlocked)
        }
    }
}

/// Returns whether a catalog has what a stop names: of a source its seller and, where it is named, the source.
pub fn can_stop(snapshot: &Snapshot, kind: StopKind, name: &str) -> bool {
    match kind {
        StopKind::Campaign => snapshot.campaign_named(name).is_some(),
        StopKind::Buyer => snapshot.buyer_named(name).is_some(),
        StopKind::Seller => snapshot.seller_named(name).is_some(),
        StopKind::Vertical => snapshot.vertical_named(name).is_some(),
        StopKind::Source => match name.split_once('#') {
            Some((seller, sub_id)) => !sub_id.is_empty() && snapshot.seller_named(seller).is_some(),
            None => snapshot.sources.source_named(name).is_some(),
        },
    }
}

#[cfg(test)]
mod tests;
