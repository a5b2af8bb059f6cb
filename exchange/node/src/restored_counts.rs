//! Counters after a restart: what was sent and sold before it, by owner and window.
//!
//! Counts are found by name. Campaigns and buyers that the present catalog does not name keep theirs until one
//! names them again, as they would without a restart.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};

use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::CapKind;
use exchange_counters::{CapRow, CapTable, Cells, Owner, Part, Posted};
use exchange_types::{Amount, UtcMicros};

use crate::{Recovery, Shared, UnknownKey};

/// What owners that no catalog names have counted before a restart.
#[derive(Debug, Default)]
pub(crate) struct Dormant {
    counted: Vec<Counted>,
    /// Posts of which nobody knows, whose campaign was away at the restart. Bounded by the unknown posts.
    posts: BTreeMap<UnknownKey, [DormantPost; 2]>,
}

/// What an owner has sent and sold.
#[derive(Clone, Debug)]
struct Counted {
    owner: Owner,
    at: UtcMicros,
    posted: Posted,
}

/// What a post of which nobody knows counts for its campaign, or for its buyer.
#[derive(Debug)]
struct DormantPost {
    owner: Owner,
    at: UtcMicros,
    money: Amount,
    /// What it has taken; nothing yet where no catalog has named the owner.
    taken: Option<Vec<Part>>,
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

impl DormantPost {
    /// Takes room in the caps of the owner, if the catalog names it and this was not done before.
    fn wake(&mut self, snapshot: &Snapshot, rows: &Rows<'_>) {
        if self.taken.is_some() || !is_named(snapshot, &self.owner) {
            return;
        }
        let amount = |kind| match kind {
            CapKind::Sent | CapKind::Sold => 1,
            CapKind::Budget | CapKind::Balance => self.money.micros(),
        };
        let part = |row: &CapRow| Part { cell: row.cell, kind: row.kind, amount: amount(row.kind) };
        let parts: Vec<Part> = rows.at(&self.owner, self.at).map(part).collect();
        for part in &parts {
            let Some(cell) = rows.caps.cells().get(part.cell) else { continue };
            // What counts posts has counted this one for good.
            if part.kind == CapKind::Sent {
                cell.post_regardless(part.amount);
            } else {
                cell.take_regardless(part.amount);
            }
        }
        self.taken = Some(parts);
    }

    /// Charges what was sold, and gives back the rest. Returns what is to be counted when the owner is back.
    fn settle(self, cells: &Cells, sold: Option<Amount>) -> Option<Counted> {
        let Some(parts) = self.taken else {
            let money = sold.unwrap_or_default();
            let posted = Posted { sent: 1, sold: i64::from(sold.is_some()), money };
            return Some(Counted { owner: self.owner, at: self.at, posted });
        };
        for part in parts.iter().filter(|part| part.kind != CapKind::Sent) {
            let Some(cell) = cells.get(part.cell) else { continue };
            let posted = |price: Amount| match part.kind {
                CapKind::Sent | CapKind::Sold => part.amount,
                CapKind::Budget | CapKind::Balance => price.micros().min(part.amount),
            };
            match sold {
                Some(price) => cell.post(part.amount, posted(price)),
                None => cell.give_back(part.amount),
            }
        }
        None
    }
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
        let dormant = self.dormant();
        let counted = dormant.counted.iter().map(|counted| (&counted.owner, counted.at));
        let posts = dormant.posts.values().flatten().filter(|post| post.taken.is_none());
        let later = counted.chain(posts.map(|post| (&post.owner, post.at))).filter(|(_, at)| now < *at);
        self.counters.open_ahead(snapshot, now, later.map(|(owner, at)| (owner.clone(), at)));
    }

    /// Counts a post of which nobody knows, as far as the catalog names its campaign and its buyer, and the rest of
    /// it when one does.
    pub(crate) fn restore_dormant(
        &self,
        key: UnknownKey,
        (campaign, buyer): (&str, &str),
        (at, money): (UtcMicros, Amount),
    ) {
        let current = self.current();
        let rows = Rows::of(&current.caps);
        let owners = [Owner::Campaign(campaign.into()), Owner::Buyer(buyer.into())];
        let posts = owners.map(|owner| {
            let mut post = DormantPost { owner, at, money, taken: None };
            post.wake(&current.snapshot, &rows);
            post
        });
        self.dormant().posts.insert(key, posts);
    }

    /// Settles a post that [`Shared::restore_dormant`] counted; nothing was charged where there is no price.
    pub(crate) fn settle_dormant(&self, key: UnknownKey, sold: Option<Amount>) {
        let mut dormant = self.dormant();
        let posts = dormant.posts.remove(&key).into_iter().flatten();
        let later: Vec<Counted> = posts.filter_map(|post| post.settle(self.counters.cells(), sold)).collect();
        dormant.counted.extend(later);
    }

    fn dormant(&self) -> MutexGuard<'_, Dormant> {
        self.dormant.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what was sent and sold before a restart, and what is left of deposits.
    pub(crate) fn restore_counts(&self, recovered: &Recovery) {
        for (buyer, left) in recovered.balances() {
            self.counters.deposit(buyer, Amount::from_micros(left));
        }
        let current = self.current();
        let rows = Rows::of(&current.caps);
        let mut dormant = self.dormant();
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
                    dormant.counted.push(Counted { owner: owner.clone(), at, posted });
                }
            }
            owners = Some(pair);
        }
    }

    /// Counts what owners have counted before a restart whom the catalog names again.
    pub(crate) fn wake_dormant(&self, snapshot: &Arc<Snapshot>, caps: &CapTable) {
        let mut dormant = self.dormant();
        if dormant.counted.is_empty() && dormant.posts.is_empty() {
            return;
        }
        let rows = Rows::of(caps);
        dormant.posts.values_mut().flatten().for_each(|post| post.wake(snapshot, &rows));
        dormant.counted.retain(|counted| {
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
