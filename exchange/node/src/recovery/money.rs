//! [`Money`]: sales that may still be returned, and what buyers have paid ahead.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use exchange_protocol::{CandidateIndex, SaleChange, SaleStep};
use exchange_types::{UtcMicros, Uuid7};

use super::CheckpointError;
use super::bytes::{Reader, Writer};
use super::names::NameId;
use super::tallies::Owner;

/// Changes of balances whose ids are remembered, so that a repeat changes nothing: the last ones, as a client
/// repeats what it got no answer to.
const CHANGES_MAX: usize = 16_384;

/// A sale that may still be returned or corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sold {
    pub(super) owner: Owner,
    /// When its intent was written.
    pub(super) at: UtcMicros,
    /// What the counters count for it, in micros.
    pub(super) counted: i64,
    /// What the buyer owes for it now, in micros.
    pub(super) price: i64,
}

/// Sales and balances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Money {
    /// The newest sales; ids grow with time, so the first is the oldest.
    sales: BTreeMap<(Uuid7, CandidateIndex), Sold>,
    /// What is left of what each buyer has paid ahead, in micros, from its first deposit on.
    balances: BTreeMap<NameId, i64>,
    changes: BTreeSet<u128>,
    changes_order: VecDeque<u128>,
}

impl Money {
    /// Notes a sale. The oldest leaves where there are too many: if it is returned later, a restart after that
    /// leaves its room taken and its buyer's balance without the credit, never the other way round.
    pub(super) fn sell(&mut self, key: (Uuid7, CandidateIndex), sold: Sold, sales_max: usize) {
        self.sales.insert(key, sold);
        if self.sales.len() > sales_max {
            self.sales.pop_first();
        }
        self.charge(sold.owner.1, sold.price);
    }

    /// Takes what happened to a sale, and returns it where its room is given back.
    pub(super) fn change(&mut self, change: &SaleChange) -> Option<Sold> {
        let key = (change.auction, change.candidate);
        let sold = self.sales.get_mut(&key)?;
        let now = match change.step {
            SaleStep::Returned { .. } | SaleStep::Reversed => 0,
            SaleStep::Adjusted { price, .. } => price.micros(),
            SaleStep::Settled => return None,
        };
        let (owner, more) = (sold.owner, now.saturating_sub(sold.price));
        sold.price = now;
        let found = *sold;
        let restores = matches!(change.step, SaleStep::Returned { restores: true, .. });
        if matches!(change.step, SaleStep::Returned { .. } | SaleStep::Reversed) {
            self.sales.remove(&key);
        }
        self.charge(owner.1, more);
        restores.then_some(found)
    }

    /// Takes a deposit or a withdrawal.
    pub(super) fn deposit(&mut self, id: u128, buyer: NameId, micros: i64) {
        if !self.changes.insert(id) {
            return;
        }
        self.changes_order.push_back(id);
        if self.changes_order.len() > CHANGES_MAX
            && let Some(oldest) = self.changes_order.pop_front()
        {
            self.changes.remove(&oldest);
        }
        let balance = self.balances.entry(buyer).or_insert(0);
        *balance = balance.saturating_add(micros);
    }

    fn charge(&mut self, buyer: NameId, micros: i64) {
        if let Some(balance) = self.balances.get_mut(&buyer) {
            *balance = balance.saturating_sub(micros);
        }
    }

    /// Returns what is left of what each buyer has paid ahead.
    pub(super) fn balances(&self) -> impl Iterator<Item = (NameId, i64)> + '_ {
        self.balances.iter().map(|(buyer, left)| (*buyer, *left))
    }

    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.count(self.sales.len());
        for ((auction, candidate), sold) in &self.sales {
            to.u128(auction.as_u128());
            to.u16(candidate.0);
            to.u32(sold.owner.0.0);
            to.u32(sold.owner.1.0);
            to.i64(sold.at.0);
            to.i64(sold.counted);
            to.i64(sold.price);
        }
        to.count(self.balances.len());
        for (buyer, left) in &self.balances {
            to.u32(buyer.0);
            to.i64(*left);
        }
        to.count(self.changes_order.len());
        self.changes_order.iter().for_each(|id| to.u128(*id));
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, CheckpointError> {
        let mut read = Self::default();
        for _ in 0..from.count()? {
            let auction = Uuid7::from_u128(from.u128()?).ok_or_else(|| from.damaged())?;
            let candidate = CandidateIndex(from.u16()?);
            let owner = (NameId(from.u32()?), NameId(from.u32()?));
            let at = UtcMicros(from.i64()?);
            let sold = Sold { owner, at, counted: from.i64()?, price: from.i64()? };
            read.sales.insert((auction, candidate), sold);
        }
        for _ in 0..from.count()? {
            let buyer = NameId(from.u32()?);
            read.balances.insert(buyer, from.i64()?);
        }
        for _ in 0..from.count()? {
            let id = from.u128()?;
            read.changes.insert(id);
            read.changes_order.push_back(id);
        }
        Ok(read)
    }
}
