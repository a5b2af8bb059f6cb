//! [`Directory`]: which cell counts what. Control thread only; shards never look here.

use core::ops::{Bound, ControlFlow};
use std::collections::BTreeMap;
use std::sync::Arc;

use exchange_catalog::snapshot::{CapKind, WindowKind};
use exchange_types::{Amount, Nanos, UtcMicros};

use crate::{Cell, CellIndex, Cells, Reading, Window, WindowId};

/// Whose cap it is, by name: indices change from snapshot to snapshot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A campaign.
    Campaign(Arc<str>),
    /// A buyer, over all its campaigns.
    Buyer(Arc<str>),
}

/// What a cell counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellKey {
    /// Whose cap it is.
    pub owner: Owner,
    /// What is counted.
    pub kind: CapKind,
    /// Over what kind of time.
    pub window_kind: WindowKind,
    /// The window itself.
    pub window: WindowId,
}

#[derive(Debug)]
pub(crate) struct Directory {
    live: BTreeMap<CellKey, Live>,
    free: Vec<u32>,
    /// What buyers have deposited, in micros. Bounded by the buyers to which somebody has paid money in.
    deposits: BTreeMap<Owner, i64>,
}

#[derive(Clone, Copy, Debug)]
struct Live {
    index: CellIndex,
    opens: UtcMicros,
    closes: UtcMicros,
}

impl Directory {
    pub(crate) fn new(cells: &Cells) -> Self {
        Self { live: BTreeMap::new(), free: (0..cells.slots()).rev().collect(), deposits: BTreeMap::new() }
    }

    /// Adds to what a buyer has deposited, and to the room of its balance where there is one.
    pub(crate) fn deposit(&mut self, cells: &Cells, buyer: &str, amount: Amount) {
        let owner = Owner::Buyer(buyer.into());
        let sum = self.deposits.entry(owner.clone()).or_insert(0);
        *sum = sum.saturating_add(amount.micros());
        let limit = *sum;
        let key = CellKey {
            owner,
            kind: CapKind::Balance,
            window_kind: WindowKind::Total,
            window: WindowId::Total,
        };
        if let Some(cell) = self.live.get(&key).and_then(|live| cells.get(live.index)) {
            cell.adjust_limit(limit);
        }
    }

    /// Returns what a buyer has deposited, in micros.
    pub(crate) fn deposited(&self, owner: &Owner) -> i64 {
        self.deposits.get(owner).copied().unwrap_or(0)
    }

    /// Returns the cell of a key with this limit: the live one, else a free one. Nothing if all are taken.
    pub(crate) fn open(
        &mut self,
        cells: &Cells,
        key: CellKey,
        window: Window,
        limit: i64,
    ) -> Option<CellIndex> {
        if let Some(live) = self.live.get_mut(&key) {
            // The buyer's zone may have changed, and with it the window's bounds.
            (live.opens, live.closes) = (window.opens, window.closes);
            cells.get(live.index)?.adjust_limit(limit);
            return Some(live.index);
        }
        let slot = self.free.pop()?;
        let cell = cells.slot(slot)?;
        let generation = CellIndex::generation_after(cell.generation());
        cell.reopen(generation, limit);
        let index = CellIndex::new(slot, generation);
        self.live.insert(key, Live { index, opens: window.opens, closes: window.closes });
        Some(index)
    }

    /// Returns the windows of a cap that lie after one of them, with their cells.
    pub(crate) fn after(&self, key: &CellKey) -> impl Iterator<Item = (Window, CellIndex)> {
        let same = |other: &CellKey| {
            (&other.owner, other.kind, other.window_kind) == (&key.owner, key.kind, key.window_kind)
        };
        let later = self.live.range((Bound::Excluded(key), Bound::Unbounded));
        later.take_while(move |(other, _)| same(other)).map(|(other, live)| {
            (Window { id: other.window, opens: live.opens, closes: live.closes }, live.index)
        })
    }

    /// Returns how many cells count nothing.
    pub(crate) fn free(&self) -> usize {
        self.free.len()
    }

    /// Frees the cells of windows that ended this long ago and have nothing pending.
    pub(crate) fn retire(&mut self, cells: &Cells, now: UtcMicros, kept_for: Nanos) {
        let free = &mut self.free;
        self.live.retain(|_, live| {
            let over = live.closes.saturating_add(kept_for) <= now;
            let closed = over && cells.get(live.index).is_none_or(Cell::close);
            if closed {
                free.push(live.index.slot());
            }
            !closed
        });
    }

    /// Frees the cells of caps that no catalog names any more and that have counted nothing. What has counted
    /// stays, so that a campaign that comes back finds its spend.
    pub(crate) fn retire_unused(&mut self, cells: &Cells, is_named: impl Fn(&Owner) -> bool) {
        let free = &mut self.free;
        self.live.retain(|key, live| {
            let unused = !is_named(&key.owner)
                && cells.get(live.index).is_none_or(|cell| cell.posted() == 0 && cell.close());
            if unused {
                free.push(live.index.slot());
            }
            !unused
        });
    }

    /// Returns how many cells count for owners that a catalog does not name and could not be freed.
    pub(crate) fn kept_for_others(&self, cells: &Cells, is_named: impl Fn(&Owner) -> bool) -> usize {
        let counts =
            |live: &Live| cells.get(live.index).is_some_and(|cell| cell.posted() != 0 || cell.pending() != 0);
        self.live.iter().filter(|(key, live)| !is_named(&key.owner) && counts(live)).count()
    }

    /// Reads the cells after a key, in the order of their keys, until `visit` breaks.
    pub(crate) fn read_after(
        &self,
        cells: &Cells,
        after: Option<&CellKey>,
        mut visit: impl FnMut(&CellKey, Reading) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.live.range((from, Bound::Unbounded)).try_for_each(|(key, live)| match cells.get(live.index) {
            Some(cell) => visit(key, Reading::of(cell, live.closes)),
            None => ControlFlow::Continue(()),
        })
    }

    /// Returns how many cells count something, those of ended windows that wait to be freed among them.
    pub(crate) fn len(&self) -> usize {
        self.live.len()
    }
}
