//! [`Allowance`]: how much more a key, a seller and its source may submit.

use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::SupplyLimits;
use exchange_protocol::{Refusal, SaleKind, SlotKey};
use exchange_types::{Now, Submission};

use crate::arrival::KeyQuota;
use crate::meter::SupplyMeters;
use crate::shared::SellerShared;
use crate::{Arrival, Shard};

/// The limits that a new lead or ping has to pass, with what is used up of them.
#[derive(Debug)]
pub(crate) struct Allowance {
    quota: Option<KeyQuota>,
    of_seller: (SupplyLimits, Arc<SellerShared>),
    of_source: Option<(SupplyLimits, Arc<SupplyMeters>)>,
    /// Whether it is a ping, which may end unposted.
    is_ping: bool,
}

impl Allowance {
    /// Returns what a submission has to pass; a test passes everything and counts for nothing.
    pub(crate) fn of(arrival: &Arrival) -> Self {
        let (current, lead) = (&*arrival.current, &*arrival.submission);
        if lead.test.is_some() {
            let of_seller = (SupplyLimits::default(), Arc::default());
            return Self { quota: None, of_seller, of_source: None, is_ping: false };
        }
        let source = current.snapshot.sources.origin(lead).source;
        let meters = source.and_then(|source| current.source(lead.seller, source));
        Self {
            quota: arrival.quota.clone(),
            of_seller: (seller_limits(&current.snapshot, lead), current.seller(lead.seller)),
            of_source: meters.map(|meters| (source_limits(&current.snapshot, lead), Arc::clone(meters))),
            is_ping: arrival.kind == SaleKind::TwoStep,
        }
    }

    /// Takes one of each, or none.
    pub(crate) fn take(&self, now: Now) -> Result<(), Refusal> {
        if self.is_ping
            && let Some(retry_after) = self.levels().find_map(|(limits, meters)| {
                limits.unposted.and_then(|pace| meters.unposted.wait(pace, now.mono))
            })
        {
            return Err(Refusal::TooManyUnposted { retry_after });
        }
        if let Some(KeyQuota { a_day, used }) = &self.quota {
            used.take(*a_day, now.utc).map_err(|retry_after| Refusal::QuotaUsed { retry_after })?;
        }
        for (position, (limits, meters)) in self.levels().enumerate() {
            if let Err(refusal) = take_one(&limits, meters, now) {
                self.levels().take(position).for_each(|(limits, meters)| give_one(&limits, meters, now));
                self.give_quota(now);
                return Err(refusal);
            }
        }
        Ok(())
    }

    /// Gives back what was taken for a submission that is refused for another reason.
    pub(crate) fn give_back(&self, now: Now) {
        self.levels().for_each(|(limits, meters)| give_one(&limits, meters, now));
        self.give_quota(now);
    }

    /// Returns what is used up of the source's limits, where it has some.
    pub(crate) fn into_source(self) -> Option<Arc<SupplyMeters>> {
        self.of_source.map(|(_, meters)| meters)
    }

    fn give_quota(&self, now: Now) {
        if let Some(KeyQuota { used, .. }) = &self.quota {
            used.give_back(now.utc);
        }
    }

    fn levels(&self) -> impl Iterator<Item = (SupplyLimits, &SupplyMeters)> {
        let (limits, seller) = &self.of_seller;
        let source = self.of_source.iter().map(|(limits, meters)| (*limits, &**meters));
        core::iter::once((*limits, &seller.meters)).chain(source)
    }
}

fn take_one(limits: &SupplyLimits, meters: &SupplyMeters, now: Now) -> Result<(), Refusal> {
    if let Some(pace) = limits.rate {
        let taken = meters.rate.take(pace, now.mono);
        taken.map_err(|retry_after| Refusal::RateLimited { retry_after })?;
    }
    if let Some(quota) = limits.quota_day
        && let Err(retry_after) = meters.day.take(quota, now.utc)
    {
        give_rate(limits, meters);
        return Err(Refusal::QuotaUsed { retry_after });
    }
    Ok(())
}

fn give_one(limits: &SupplyLimits, meters: &SupplyMeters, now: Now) {
    give_rate(limits, meters);
    if limits.quota_day.is_some() {
        meters.day.give_back(now.utc);
    }
}

fn give_rate(limits: &SupplyLimits, meters: &SupplyMeters) {
    if let Some(pace) = limits.rate {
        meters.rate.give_back(pace, 1);
    }
}

fn seller_limits(snapshot: &Snapshot, lead: &Submission) -> SupplyLimits {
    snapshot.seller(lead.seller).map_or_else(SupplyLimits::default, |seller| seller.limits)
}

fn source_limits(snapshot: &Snapshot, lead: &Submission) -> SupplyLimits {
    let source = snapshot.sources.origin(lead).source;
    let source = source.and_then(|source| snapshot.sources.source(lead.seller, source));
    source.map_or_else(SupplyLimits::default, |source| source.limits)
}

impl Shard {
    /// Counts a ping that got offers: until it is posted it is one that was not.
    pub(crate) fn note_unposted(&mut self, auction: SlotKey, now: Now) {
        let Some([of_seller, of_source]) = self.limits_of(auction) else { return };
        let Some(tenant) = self.tenants.get_mut(auction) else { return };
        if core::mem::replace(&mut tenant.unposted, true) {
            return;
        }
        let levels = [(of_seller, Some(&tenant.seller.meters)), (of_source, tenant.source.as_deref())];
        for (limits, meters) in levels {
            if let (Some(pace), Some(meters)) = (limits.unposted, meters) {
                meters.unposted.add(pace, now.mono);
            }
        }
    }

    /// Takes back what [`Shard::note_unposted`] counted: the ping is posted, which makes up for others too.
    pub(crate) fn note_posted(&mut self, auction: SlotKey) {
        let Some([of_seller, of_source]) = self.limits_of(auction) else { return };
        let Some(tenant) = self.tenants.get_mut(auction) else { return };
        if !core::mem::replace(&mut tenant.unposted, false) {
            return;
        }
        let levels = [(of_seller, Some(&tenant.seller.meters)), (of_source, tenant.source.as_deref())];
        for (limits, meters) in levels {
            if let (Some(pace), Some(meters)) = (limits.unposted, meters) {
                meters.unposted.give_back(pace, limits.unposted_per_post.saturating_add(1));
            }
        }
    }

    /// Returns the limits of an auction's seller and source, as they were when it began.
    fn limits_of(&self, auction: SlotKey) -> Option<[SupplyLimits; 2]> {
        let found = self.engine.auction(auction)?;
        let (snapshot, lead) = (found.snapshot()?, found.submission());
        Some([seller_limits(snapshot, lead), source_limits(snapshot, lead)])
    }
}
