//! [`CapTable`]: the caps that bind each campaign of one snapshot, and how room in them is taken.
//!
//! A campaign's caps lie in one slice, its own before its buyer's within each kind, so asking for room walks
//! a few neighbouring entries and one cache line for each cell.

use core::ops::Range;
use std::sync::Arc;

use exchange_catalog::snapshot::CapKind;
use exchange_types::{Amount, CampaignIndex, Reason, UtcMicros};

use crate::{CellIndex, Cells, Owner, Part, Reservation, Window};

/// Takes that may fail because others took in between, before a campaign is refused.
const ATTEMPTS_MAX: u32 = 2;

/// The caps of one snapshot, bound to their cells.
#[derive(Debug)]
pub struct CapTable {
    cells: Arc<Cells>,
    caps: Box<[BoundCap]>,
    campaigns: Box<[Range<usize>]>,
    rows: Box<[CapRow]>,
    ahead: Box<[WindowAhead]>,
    next_boundary: UtcMicros,
    valid_until: UtcMicros,
}

/// A cap with the cells of this window and the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BoundCap {
    pub(crate) kind: CapKind,
    pub(crate) current: CellIndex,
    pub(crate) opens: UtcMicros,
    pub(crate) closes: UtcMicros,
    pub(crate) next: CellIndex,
    pub(crate) next_closes: UtcMicros,
}

/// A window after the next one, in which something was counted before a restart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WindowAhead {
    /// The cell of the same cap's next window, which stands for the cap.
    pub(crate) of: CellIndex,
    pub(crate) opens: UtcMicros,
    pub(crate) closes: UtcMicros,
    pub(crate) cell: CellIndex,
}

/// A window of a cap, for display.
#[derive(Clone, Debug)]
pub struct CapRow {
    /// Whose cap it is.
    pub owner: Owner,
    /// What it counts.
    pub kind: CapKind,
    /// Over what time.
    pub window: Window,
    /// The cell that counts it.
    pub cell: CellIndex,
}

impl CapTable {
    /// Returns the instant at which the first window of this table closes: a refresh soon after it keeps the
    /// following windows ready.
    pub fn next_boundary(&self) -> UtcMicros {
        self.next_boundary
    }

    /// Returns the instant by which the table must be replaced. From then on some caps have no room.
    pub fn valid_until(&self) -> UtcMicros {
        self.valid_until
    }

    /// Returns the caps in this window and the next, and in what is ahead of them of
    /// [`Counters::open_ahead`](crate::Counters::open_ahead). Look up the totals with [`CapTable::cells`].
    pub fn rows(&self) -> &[CapRow] {
        &self.rows
    }

    /// Returns the windows for which there was no cell, and so have no room. More than none is an alarm.
    pub fn rows_without_cell(&self) -> usize {
        self.rows.iter().filter(|row| row.cell == CellIndex::NONE).count()
    }

    /// Returns the cells.
    pub fn cells(&self) -> &Cells {
        &self.cells
    }

    /// Returns whether a sale of this amount would find room now. Takes nothing.
    ///
    /// # Errors
    ///
    /// Says which kind of cap has no room.
    pub fn check_room(&self, campaign: CampaignIndex, at: UtcMicros, money: Amount) -> Result<(), Reason> {
        let time = self.cells.window_time(at);
        self.caps_of(campaign)?.iter().try_for_each(|cap| {
            let part = Part::new(cap.cell_at(time), cap.kind, money);
            if self.cells.has_room(part) { Ok(()) } else { Err(reason_of(cap.kind)) }
        })
    }

    /// Takes room for a sale of at most this amount in every cap, or in none.
    ///
    /// `money` is not negative.
    ///
    /// # Errors
    ///
    /// Says which kind of cap has no room.
    pub fn reserve(
        &self,
        campaign: CampaignIndex,
        at: UtcMicros,
        money: Amount,
    ) -> Result<Reservation, Reason> {
        let reservation = self.name_cells(campaign, at, money)?;
        self.take(&reservation.parts())?;
        Ok(reservation)
    }

    /// Takes room whether it is there or not, for what the journal says was taken before a restart. The
    /// time is the record's own. Windows for which this table has no cell are left out: they are over.
    pub fn restore(&self, campaign: CampaignIndex, at: UtcMicros, money: Amount) -> Reservation {
        let mut reservation = Reservation::new(money, at);
        for cap in self.caps_of(campaign).unwrap_or_default() {
            let cell = self.cell_of(cap, at);
            if cell != CellIndex::NONE && reservation.push(cap.kind, cell) {
                self.cells.take_regardless(Part::new(cell, cap.kind, money));
            }
        }
        reservation
    }

    /// Counts what the journal says was sent and sold at a moment before a restart, in every window of the campaign
    /// and its buyer in which the moment lies. Balances are not touched: they come back whole, by
    /// [`Counters::deposit`](crate::Counters::deposit).
    pub fn restore_posted(&self, campaign: CampaignIndex, at: UtcMicros, posted: Posted) {
        for cap in self.caps_of(campaign).unwrap_or_default() {
            let amount = match cap.kind {
                CapKind::Sent => posted.sent,
                CapKind::Sold => posted.sold,
                CapKind::Budget => posted.money.micros(),
                CapKind::Balance => continue,
            };
            self.cells.post_regardless(self.cell_of(cap, at), amount);
        }
    }

    /// Gives a returned sale's place and money back to the windows in which its intent was written, as far as they
    /// are still open. Posts that were sent stay counted, and so does the balance: see [`CapTable::charge`].
    pub fn give_back(&self, campaign: CampaignIndex, at: UtcMicros, money: Amount) {
        for cap in self.caps_of(campaign).unwrap_or_default() {
            let amount = match cap.kind {
                CapKind::Sold => 1,
                CapKind::Budget => money.micros().max(0),
                CapKind::Sent | CapKind::Balance => continue,
            };
            self.cells.give_back_posted(self.cell_of(cap, at), amount);
        }
    }

    /// Charges the prepaid balance of a campaign's buyer whether it is there or not: corrections. A negative amount
    /// is a credit, as for a return. Nothing happens where the buyer does not pay ahead.
    pub fn charge(&self, campaign: CampaignIndex, money: Amount) {
        let caps = self.caps_of(campaign).unwrap_or_default().iter();
        for cap in caps.filter(|cap| cap.kind == CapKind::Balance) {
            self.cells.post_regardless(cap.current, money.micros());
        }
    }

    /// Returns what is left of the prepaid balance of a campaign's buyer, holds and posts under way taken off.
    /// Nothing where the buyer does not pay ahead.
    pub fn balance(&self, campaign: CampaignIndex) -> Option<Amount> {
        let mut caps = self.caps_of(campaign).unwrap_or_default().iter();
        let cap = caps.find(|cap| cap.kind == CapKind::Balance)?;
        self.cells.get(cap.current).map(|cell| Amount::from_micros(cell.room()))
    }

    /// Returns whether a reservation of this campaign was taken from the windows that are open now. If so it counts
    /// as of now from here on.
    pub fn still_current(
        &self,
        campaign: CampaignIndex,
        at: UtcMicros,
        reservation: &mut Reservation,
    ) -> bool {
        let Ok(current) = self.name_cells(campaign, at, reservation.money()) else { return false };
        let same = current.cells() == reservation.cells();
        if same {
            reservation.set_at(current.at());
        }
        same
    }

    /// Moves a reservation to the windows that are open now. Windows that bind before and after keep what
    /// they hold, so only the new ones need room.
    ///
    /// # Errors
    ///
    /// Says which kind of cap has no room. The reservation is released then.
    pub fn reserve_again(
        &self,
        campaign: CampaignIndex,
        at: UtcMicros,
        held: Reservation,
    ) -> Result<Reservation, Reason> {
        debug_assert!(!held.is_sent(), "invariant: a post is reserved again before its intent");
        let moved = self.name_cells(campaign, at, held.money()).and_then(|moved| {
            self.take(&moved.parts().filter(|part| !held.cells().contains(&part.cell)))?;
            Ok(moved)
        });
        match moved {
            Ok(moved) => {
                let left = held.parts().filter(|part| !moved.cells().contains(&part.cell));
                left.for_each(|part| self.cells.give_back(part));
                Ok(moved)
            }
            Err(reason) => {
                self.cells.release(held);
                Err(reason)
            }
        }
    }

    /// Names the cells that a sale now takes from, and notes the windows that are over.
    fn name_cells(
        &self,
        campaign: CampaignIndex,
        at: UtcMicros,
        money: Amount,
    ) -> Result<Reservation, Reason> {
        debug_assert!(money >= Amount::ZERO, "invariant: a price is not negative");
        let time = self.cells.window_time(at);
        let mut reservation = Reservation::new(money.max(Amount::ZERO), time);
        for cap in self.caps_of(campaign)? {
            if cap.closes <= time {
                self.cells.cross(cap.closes);
            }
            let cell = cap.cell_at(time);
            if cell == CellIndex::NONE || !reservation.push(cap.kind, cell) {
                return Err(reason_of(cap.kind));
            }
        }
        Ok(reservation)
    }

    /// Takes all parts or none: reads every cell and refuses without writing, else takes in order and gives
    /// back where it fails, once more after others were faster.
    fn take(&self, parts: &(impl Iterator<Item = Part> + Clone)) -> Result<(), Reason> {
        let mut refused = None;
        for _ in 0..ATTEMPTS_MAX {
            if let Some(part) = parts.clone().find(|&part| !self.cells.has_room(part)) {
                return Err(reason_of(part.kind));
            }
            let Some((taken, part)) = parts.clone().enumerate().find(|&(_, part)| !self.cells.try_take(part))
            else {
                return Ok(());
            };
            parts.clone().take(taken).for_each(|part| self.cells.give_back(part));
            refused = Some(part.kind);
        }
        refused.map_or(Ok(()), |kind| Err(reason_of(kind)))
    }

    /// Returns the cell of the window in which a moment lies, if it is this window, the next, or one ahead of them.
    fn cell_of(&self, cap: &BoundCap, at: UtcMicros) -> CellIndex {
        if at < cap.opens {
            return CellIndex::NONE;
        }
        if at < cap.next_closes {
            return cap.cell_at(at);
        }
        let within = |window: &&WindowAhead| window.opens <= at && at < window.closes;
        let mut ahead = self.ahead.iter().filter(|window| window.of == cap.next);
        ahead.find(within).map_or(CellIndex::NONE, |window| window.cell)
    }

    /// Returns a campaign's caps. One that this table does not know has no room anywhere.
    fn caps_of(&self, campaign: CampaignIndex) -> Result<&[BoundCap], Reason> {
        let caps = self.campaigns.get(campaign.at()).and_then(|range| self.caps.get(range.clone()));
        caps.ok_or(Reason::BudgetExhausted)
    }
}

/// What was sent and sold, as the journal adds it up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Posted {
    /// Posts whose first byte may have left.
    pub sent: i64,
    /// Sales.
    pub sold: i64,
    /// What was charged for them.
    pub money: Amount,
}

impl BoundCap {
    fn cell_at(&self, time: UtcMicros) -> CellIndex {
        if time < self.closes {
            self.current
        } else if time < self.next_closes {
            self.next
        } else {
            CellIndex::NONE
        }
    }
}

const fn reason_of(kind: CapKind) -> Reason {
    match kind {
        CapKind::Sent => Reason::SentCapReached,
        CapKind::Sold => Reason::SoldCapReached,
        CapKind::Budget => Reason::BudgetExhausted,
        CapKind::Balance => Reason::BalanceExhausted,
    }
}

/// Collects the caps of campaigns in the order of their indices.
#[derive(Debug, Default)]
pub(crate) struct TableBuilder {
    caps: Vec<BoundCap>,
    campaigns: Vec<Range<usize>>,
}

impl TableBuilder {
    pub(crate) fn push_campaign(&mut self, own: &[BoundCap], of_buyer: &[BoundCap]) {
        let start = self.caps.len();
        self.caps.extend(own.iter().chain(of_buyer));
        // A stable sort: everybody takes shared cells in the same order.
        if let Some(caps) = self.caps.get_mut(start..) {
            caps.sort_by_key(|cap| cap.kind);
        }
        self.campaigns.push(start..self.caps.len());
    }

    pub(crate) fn build(self, cells: Arc<Cells>, rows: Vec<CapRow>, ahead: Vec<WindowAhead>) -> CapTable {
        let earliest = |instants: &mut dyn Iterator<Item = UtcMicros>| instants.min();
        let never = UtcMicros(i64::MAX);
        CapTable {
            cells,
            next_boundary: earliest(&mut self.caps.iter().map(|cap| cap.closes)).unwrap_or(never),
            valid_until: earliest(&mut self.caps.iter().map(|cap| cap.next_closes)).unwrap_or(never),
            caps: self.caps.into(),
            campaigns: self.campaigns.into(),
            rows: rows.into(),
            ahead: ahead.into(),
        }
    }
}
