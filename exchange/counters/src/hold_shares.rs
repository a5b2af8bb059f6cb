//! [`HoldShares`]: how much of each cap one seller's open holds may set aside.
//!
//! A seller that only pings must not keep others out: its open holds take at most a tenth of a cap's window,
//! and one hold is always allowed. Asked only where a ping and its post are apart, so short locks will do.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use exchange_catalog::snapshot::CapKind;

use crate::{CellIndex, Cells, Part, Reservation};

/// A stable key of a seller's name. Indices change from snapshot to snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SellerKey(pub u64);

/// A seller's open holds take at most this part of a window.
const SHARE_DIVISOR: i64 = 10;
/// Locks: many more than shards, so that two rarely meet.
const STRIPES: u64 = 64;

/// Open holds by seller and cell.
#[derive(Debug)]
pub struct HoldShares {
    stripes: Box<[Mutex<Stripe>]>,
    stripe_entries_max: usize,
}

type Stripe = BTreeMap<(SellerKey, CellIndex), i64>;

impl HoldShares {
    /// Pairs of a seller and a cell with open holds, by default: a hundred thousand holds over ten caps of
    /// their own, about 64 MB at the most.
    pub const ENTRIES_MAX_DEFAULT: usize = 1_048_576;

    /// Returns shares in which nothing is held. Beyond `entries_max` pairs of a seller and a cell, new pairs
    /// are refused; the bound holds for each of 64 stripes of sellers.
    pub fn new(entries_max: usize) -> Self {
        let stripes: Box<[_]> = (0..STRIPES).map(|_| Mutex::new(Stripe::new())).collect();
        Self { stripe_entries_max: entries_max.div_euclid(stripes.len().max(1)).max(1), stripes }
    }

    /// Counts a reservation as one of the seller's open holds. Returns whether it may be: `false` counts
    /// nothing, and the campaign is passed over as throttled.
    #[must_use]
    pub fn try_hold(&self, seller: SellerKey, reservation: &Reservation, cells: &Cells) -> bool {
        let Some(stripe) = self.stripe(seller) else { return false };
        let mut held = stripe.lock().unwrap_or_else(PoisonError::into_inner);
        let entries_after = held.len().saturating_add(reservation.cells().len());
        let fits = entries_after <= self.stripe_entries_max
            && reservation.parts().all(|part| {
                let before = held.get(&(seller, part.cell)).copied().unwrap_or(0);
                fits_share(part, before, cells)
            });
        if fits {
            count(&mut held, seller, reservation);
        }
        fits
    }

    /// Counts a reservation as one of the seller's open holds whether it may be or not: it was one before a
    /// restart, and limits that were lowered since take nothing back. Beyond the bound on pairs too; the holds that
    /// a restart finds are as many as the auctions that were open.
    pub fn hold_regardless(&self, seller: SellerKey, reservation: &Reservation) {
        let Some(stripe) = self.stripe(seller) else { return };
        let mut held = stripe.lock().unwrap_or_else(PoisonError::into_inner);
        count(&mut held, seller, reservation);
    }

    /// Ends a hold that [`HoldShares::try_hold`] or [`HoldShares::hold_regardless`] counted.
    pub fn end_hold(&self, seller: SellerKey, reservation: &Reservation) {
        let Some(stripe) = self.stripe(seller) else { return };
        let mut held = stripe.lock().unwrap_or_else(PoisonError::into_inner);
        for part in reservation.parts() {
            if let Some(amount) = held.get_mut(&(seller, part.cell)) {
                *amount = amount.saturating_sub(part.amount);
                if *amount <= 0 {
                    held.remove(&(seller, part.cell));
                }
            }
        }
    }

    /// Returns how many pairs of a seller and a cell have open holds.
    pub fn entries(&self) -> usize {
        let count = |stripe: &Mutex<Stripe>| stripe.lock().unwrap_or_else(PoisonError::into_inner).len();
        self.stripes.iter().map(count).fold(0, usize::saturating_add)
    }

    /// A seller's entries share a stripe, so that one lock covers a whole reservation.
    fn stripe(&self, seller: SellerKey) -> Option<&Mutex<Stripe>> {
        self.stripes.get(usize::try_from(seller.0.rem_euclid(STRIPES)).ok()?)
    }
}

fn count(held: &mut Stripe, seller: SellerKey, reservation: &Reservation) {
    for part in reservation.parts() {
        let amount = held.entry((seller, part.cell)).or_insert(0);
        *amount = amount.saturating_add(part.amount);
    }
}

fn fits_share(part: Part, before: i64, cells: &Cells) -> bool {
    let limit = cells.get(part.cell).map_or(0, |cell| match part.kind {
        // A balance has no window: what was spent of it long ago is no part of it.
        CapKind::Balance => cell.limit().saturating_sub(cell.posted()),
        CapKind::Sent | CapKind::Sold | CapKind::Budget => cell.limit(),
    });
    before == 0 || before.saturating_add(part.amount) <= limit.div_euclid(SHARE_DIVISOR)
}
