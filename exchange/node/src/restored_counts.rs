//! Counters after a restart: what was sent and sold before it, by owner and window.
//!
//! Counts are found by name. Campaigns and buyers that the present catalog does not name keep theirs until one
//! names them again, as they would without a restart.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::CapKind;
use exchange_counters::{CapRow, CapTable, Owner, Part, Posted};
use exchange_types::{Amount, UtcMicros};

use crate::{Recovery, Shared};

/// What an owner that no catalog names has counted before a restart.
#[derive(Clone, Debug)]
pub(crate) struct Dormant {
    owner: Owner,
    at: UtcMicros,
    posted: Posted,
}

/// The windows of a table, by whose cap they belong to.
struct Rows<'a> {
    caps: &'a CapTable,
    by_owner: BTreeMap<&'a Owner, Vec<&'a CapRow>>,
}

impl<'a> Rows<'a> {
    fn of(caps: &'a CapTable) -> Self {
        let mut by_owner: BTreeMap<&Owner, Vec<&CapRow>> = BTreeMap::new();
        for row in caps.rows() {
            by_owner.entry(&row.owner).or_default().push(row);
        }
        Self { caps, by_owner }
    }

    /// Returns the windows of an owner in which a moment lies.
    fn at(&self, owner: &Owner, at: UtcMicros) -> impl Iterator<Item = &CapRow> {
        let rows = self.by_owner.get(owner).into_iter().flatten().copied();
        rows.filter(move |row| row.window.opens <= at && at < row.window.closes)
    }

    /// Counts what was sent and sold at a moment. Balances come back whole, by a deposit.
    fn count(&self, owner: &Owner, at: UtcMicros, posted: Posted) {
        for row in self.at(owner, at) {
            let amount = match row.kind {
                CapKind::Sent => posted.sent,
                CapKind::Sold => posted.sold,
                CapKind::Budget => posted.money.micros(),
                CapKind::Balance => continue,
            };
            if let Some(cell) = self.caps.cells().get(row.cell) {
                cell.post_regardless(amount);
            }
        }
    }
}

/// Returns what a post takes from the caps of a buyer alone.
pub(crate) fn parts_of_buyer(caps: &CapTable, buyer: &str, at: UtcMicros, money: Amount) -> Vec<Part> {
    let amount = |kind| match kind {
        CapKind::Sent | CapKind::Sold => 1,
        CapKind::Budget | CapKind::Balance => money.micros(),
    };
    let owner = Owner::Buyer(buyer.into());
    let part = |row: &CapRow| Part { cell: row.cell, kind: row.kind, amount: amount(row.kind) };
    Rows::of(caps).at(&owner, at).map(part).collect()
}

impl Shared {
    /// Has the windows counted that lie in the future, where the clock has been set back: their limits bind again
    /// when they begin.
    pub(crate) fn open_ahead(&self, recovered: &Recovery, now: UtcMicros) {
        let counted = recovered.counted_after(now).flat_map(|(campaign, buyer, at)| {
            [(Owner::Campaign(campaign.into()), at), (Owner::Buyer(buyer.into()), at)]
        });
        self.counters.open_ahead(&self.current().snapshot, now, counted);
    }

    /// Does the same for owners whom a catalog is about to name again.
    pub(crate) fn open_dormant_ahead(&self, snapshot: &Snapshot, now: UtcMicros) {
        let dormant = self.dormant.lock().unwrap_or_else(PoisonError::into_inner);
        let later = dormant.iter().filter(|counted| now < counted.at);
        self.counters.open_ahead(snapshot, now, later.map(|counted| (counted.owner.clone(), counted.at)));
    }

    /// Counts what was sent and sold before a restart, and what is left of deposits.
    pub(crate) fn restore_counts(&self, recovered: &Recovery) {
        for (buyer, left) in recovered.balances() {
            self.counters.deposit(buyer, Amount::from_micros(left));
        }
        let current = self.current();
        let rows = Rows::of(&current.caps);
        let mut dormant = self.dormant.lock().unwrap_or_else(PoisonError::into_inner);
        let mut owners: Option<[Owner; 2]> = None;
        for (campaign, buyer, at, posted) in recovered.tallies() {
            // The entries of a campaign stand together.
            let same = |owners: &[Owner; 2]| {
                let [Owner::Campaign(own), Owner::Buyer(of)] = owners else { return false };
                **own == *campaign && **of == *buyer
            };
            let anew = || [Owner::Campaign(campaign.into()), Owner::Buyer(buyer.into())];
            let pair = owners.take().filter(same).unwrap_or_else(anew);
            for owner in &pair {
                if is_named(&current.snapshot, owner) {
                    rows.count(owner, at, posted);
                } else {
                    dormant.push(Dormant { owner: owner.clone(), at, posted });
                }
            }
            owners = Some(pair);
        }
    }

    /// Counts what owners have counted before a restart whom the catalog names again.
    pub(crate) fn wake_dormant(&self, snapshot: &Arc<Snapshot>, caps: &CapTable) {
        let mut dormant = self.dormant.lock().unwrap_or_else(PoisonError::into_inner);
        if dormant.is_empty() {
            return;
        }
        let rows = Rows::of(caps);
        dormant.retain(|counted| {
            let named = is_named(snapshot, &counted.owner);
            if named {
                rows.count(&counted.owner, counted.at, counted.posted);
            }
            !named
        });
    }
}

fn is_named(snapshot: &Snapshot, owner: &Owner) -> bool {
    match owner {
        Owner::Campaign(name) => snapshot.campaign_named(name).is_some(),
        Owner::Buyer(name) => snapshot.buyer_named(name).is_some(),
    }
}
