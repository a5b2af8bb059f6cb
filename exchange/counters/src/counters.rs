//! [`Counters`]: from a snapshot to the table of its caps, keeping what is counted.

use core::ops::ControlFlow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::{Buyer, Cap, CapKind, WindowKind};
use exchange_types::{Amount, Nanos, UtcMicros};

use crate::cap_table::{BoundCap, TableBuilder, WindowAhead};
use crate::directory::Directory;
use crate::{CapRow, CapTable, CellIndex, CellKey, Cells, Owner, Reading, Window, window_at};

/// How many cells there are and how long ended windows stay.
#[derive(Clone, Copy, Debug)]
pub struct CountersConfig {
    /// Cells; each takes 128 bytes from the start, so the default of 65,536 takes 8 MiB. Three are needed for
    /// each cap: this window's, the next one's, and that of the window that ended and is kept for a while. A cap that
    /// gets none has no room. At most 4,194,303.
    pub cells_max: usize,
    /// How long an ended window is kept before its cell may count something else. An hour by default: well
    /// beyond the longest hold.
    pub ended_kept_for: Nanos,
}

impl Default for CountersConfig {
    fn default() -> Self {
        Self { cells_max: 65_536, ended_kept_for: Nanos::from_secs(3_600) }
    }
}

/// The cells of this process and what they count.
#[derive(Debug)]
pub struct Counters {
    config: CountersConfig,
    cells: Arc<Cells>,
    /// Serializes refreshes. Reserving and ending never take it.
    directory: Mutex<Directory>,
}

impl Counters {
    /// Returns counters that count nothing yet, with all memory that they will use.
    pub fn new(config: CountersConfig) -> Self {
        let cells = Arc::new(Cells::new(config.cells_max));
        let directory = Mutex::new(Directory::new(&cells));
        Self { config, cells, directory }
    }

    /// Returns the cells, for ending reservations.
    pub fn cells(&self) -> &Arc<Cells> {
        &self.cells
    }

    /// Returns how many cells count something.
    pub fn cells_used(&self) -> usize {
        self.directory.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Reads the counters that come after a key, in the order of their keys, until `visit` breaks: those of every
    /// window that is open, comes next, or ended lately. Breaks where `visit` did.
    ///
    /// A refresh waits meanwhile; keep it short.
    pub fn read_after(
        &self,
        after: Option<&CellKey>,
        visit: impl FnMut(&CellKey, Reading) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let directory = self.directory.lock().unwrap_or_else(PoisonError::into_inner);
        directory.read_after(&self.cells, after, visit)
    }

    /// Returns how many cells the caps of a snapshot need and how many there are. A snapshot that needs more is
    /// to be refused: some of its caps would have no room.
    ///
    /// A cap needs a cell for this window, the next one, and the one that ended and is kept for a while; one
    /// over all time needs one, and so does a balance. Caps of a former catalog that have counted something keep theirs.
    pub fn cells_needed(&self, snapshot: &Snapshot) -> (usize, usize) {
        let of_campaigns = snapshot.campaigns.iter().flat_map(|campaign| &campaign.caps);
        let of_buyers = snapshot.buyers.iter().flat_map(|buyer| &buyer.caps);
        let each = |cap: &Cap| if cap.window == WindowKind::Total { 1 } else { 3 };
        let balances = snapshot.buyers.iter().filter(|buyer| buyer.prepaid).count();
        let own = of_campaigns.chain(of_buyers).map(each).fold(balances, usize::saturating_add);
        let directory = self.directory.lock().unwrap_or_else(PoisonError::into_inner);
        let others = directory.kept_for_others(&self.cells, |owner| names(snapshot, owner));
        (own.saturating_add(others), self.config.cells_max)
    }

    /// Adds to what a buyer has deposited, by its name; a negative amount is a withdrawal. It counts from now on if
    /// the buyer pays ahead, and is kept for when it does.
    ///
    /// After a restart, what is left of the balance is deposited once before the holds are taken again.
    pub fn deposit(&self, buyer: &str, amount: Amount) {
        let mut directory = self.directory.lock().unwrap_or_else(PoisonError::into_inner);
        directory.deposit(&self.cells, buyer, amount);
    }

    /// Returns the table of a snapshot's caps. Cells that count already go on, with their limits adjusted;
    /// the next window's cells are made; those of ended windows are freed.
    ///
    /// Call it with every new snapshot, and again before [`CapTable::valid_until`].
    pub fn refresh(&self, snapshot: &Snapshot, now: UtcMicros) -> Arc<CapTable> {
        let now = self.cells.window_time(now);
        let mut directory = self.directory.lock().unwrap_or_else(PoisonError::into_inner);
        directory.retire(&self.cells, now, self.config.ended_kept_for);
        directory.retire_unused(&self.cells, |owner| names(snapshot, owner));
        let mut binder = Binder {
            cells: &self.cells,
            directory: &mut directory,
            now,
            rows: Vec::new(),
            ahead: Vec::new(),
        };
        let mut of_buyers = Vec::with_capacity(snapshot.buyers.len());
        for buyer in &snapshot.buyers {
            let owner = Owner::Buyer((*buyer.name).into());
            let mut bound = binder.bind(&owner, &buyer.caps, buyer);
            if buyer.prepaid {
                bound.push(binder.bind_balance(&owner, buyer));
            }
            of_buyers.push(bound);
        }
        let mut table = TableBuilder::default();
        for campaign in &snapshot.campaigns {
            let own = snapshot.buyer(campaign.buyer).map_or_else(Vec::new, |buyer| {
                binder.bind(&Owner::Campaign((*campaign.name).into()), &campaign.caps, buyer)
            });
            let shared = of_buyers.get(campaign.buyer.at()).map_or(&[][..], Vec::as_slice);
            table.push_campaign(&own, shared);
        }
        Arc::new(table.build(Arc::clone(&self.cells), binder.rows, binder.ahead))
    }

    /// Makes the cells of windows further ahead than the next one, in which the journal says that something was
    /// counted: a clock that had run ahead was set back, and the process started again. A refresh after it has
    /// them in its table, and goes on with them when their time comes.
    ///
    /// They get none of the cells that the present windows of the snapshot may need. A window that gets none is
    /// left out, and begins with nothing counted.
    pub fn open_ahead(
        &self,
        snapshot: &Snapshot,
        now: UtcMicros,
        counted: impl IntoIterator<Item = (Owner, UtcMicros)>,
    ) {
        let (needed, _) = self.cells_needed(snapshot);
        let mut directory = self.directory.lock().unwrap_or_else(PoisonError::into_inner);
        for (owner, at) in counted {
            let Some((caps, buyer)) = caps_of(snapshot, &owner) else { continue };
            for ((kind, window_kind), limit) in tightest(caps) {
                let window = window_at(&buyer.zone, window_kind, buyer.week_start, at);
                if now < window.opens && needed < directory.free() {
                    let key = CellKey { owner: owner.clone(), kind, window_kind, window: window.id };
                    let _ = directory.open(&self.cells, key, window, limit);
                }
            }
        }
    }
}

/// Returns the caps of an owner, with the buyer whose calendar they follow.
fn caps_of<'a>(snapshot: &'a Snapshot, owner: &Owner) -> Option<(&'a [Cap], &'a Buyer)> {
    match owner {
        Owner::Campaign(name) => {
            let campaign = snapshot.campaign(snapshot.campaign_named(name)?)?;
            Some((&*campaign.caps, snapshot.buyer(campaign.buyer)?))
        }
        Owner::Buyer(name) => {
            let buyer = snapshot.buyer(snapshot.buyer_named(name)?)?;
            Some((&*buyer.caps, buyer))
        }
    }
}

/// Returns the limit of each kind and window: of two caps of the same the tighter one binds.
fn tightest(caps: &[Cap]) -> BTreeMap<(CapKind, WindowKind), i64> {
    let mut limits: BTreeMap<(CapKind, WindowKind), i64> = BTreeMap::new();
    for cap in caps {
        let limit = limits.entry((cap.kind, cap.window)).or_insert(cap.limit);
        *limit = cap.limit.min(*limit);
    }
    limits
}

/// Returns whether a snapshot has the owner of a cap.
fn names(snapshot: &Snapshot, owner: &Owner) -> bool {
    match owner {
        Owner::Campaign(name) => snapshot.campaign_named(name).is_some(),
        Owner::Buyer(name) => snapshot.buyer_named(name).is_some(),
    }
}

/// Binds caps to cells during one refresh.
struct Binder<'a> {
    cells: &'a Cells,
    directory: &'a mut Directory,
    now: UtcMicros,
    rows: Vec<CapRow>,
    ahead: Vec<WindowAhead>,
}

impl Binder<'_> {
    fn bind(&mut self, owner: &Owner, caps: &[Cap], buyer: &Buyer) -> Vec<BoundCap> {
        let bind = |((kind, window), limit)| self.bind_one(owner, Cap { kind, window, limit }, buyer);
        tightest(caps).into_iter().map(bind).collect()
    }

    /// Binds what a buyer has deposited. A buyer without deposits has a cell without room.
    fn bind_balance(&mut self, owner: &Owner, buyer: &Buyer) -> BoundCap {
        let limit = self.directory.deposited(owner);
        self.bind_one(owner, Cap { kind: CapKind::Balance, window: WindowKind::Total, limit }, buyer)
    }

    /// Binds the windows after the next one in which something was counted before a restart.
    fn bind_ahead(&mut self, owner: &Owner, cap: Cap, (next, of): (Window, CellIndex)) {
        let Cap { kind, window: window_kind, limit } = cap;
        let after = CellKey { owner: owner.clone(), kind, window_kind, window: next.id };
        for (window, cell) in self.directory.after(&after) {
            if let Some(counts) = self.cells.get(cell) {
                counts.adjust_limit(limit);
            }
            self.rows.push(CapRow { owner: owner.clone(), kind, window, cell });
            if of != CellIndex::NONE {
                self.ahead.push(WindowAhead { of, opens: window.opens, closes: window.closes, cell });
            }
        }
    }

    fn bind_one(&mut self, owner: &Owner, cap: Cap, buyer: &Buyer) -> BoundCap {
        let current = window_at(&buyer.zone, cap.window, buyer.week_start, self.now);
        // Whatever a clock does later, this window has begun.
        self.cells.cross(current.opens);
        let mut open = |window: Window| {
            let key =
                CellKey { owner: owner.clone(), kind: cap.kind, window_kind: cap.window, window: window.id };
            let cell = self.directory.open(self.cells, key, window, cap.limit).unwrap_or(CellIndex::NONE);
            self.rows.push(CapRow { owner: owner.clone(), kind: cap.kind, window, cell });
            cell
        };
        let cell = open(current);
        let (next, next_closes) = if current.closes == UtcMicros(i64::MAX) {
            (CellIndex::NONE, current.closes)
        } else {
            let next = window_at(&buyer.zone, cap.window, buyer.week_start, current.closes);
            let cell = open(next);
            self.bind_ahead(owner, cap, (next, cell));
            (cell, next.closes)
        };
        BoundCap {
            kind: cap.kind,
            current: cell,
            opens: current.opens,
            closes: current.closes,
            next,
            next_closes,
        }
    }
}
