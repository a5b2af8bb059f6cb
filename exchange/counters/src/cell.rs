//! [`Cell`]: the room that is left in one window of one cap.
//!
//! One atomic, `room`, decides. Everything that changes how much may be taken goes through it: taking,
//! giving back, and changing the limit, which takes from or gives to the room too. So there is no second
//! word that could be read too early. The totals beside it are for display and for retiring a cell.
//!
//! At rest, `room == limit - pending - posted`. A limit below that sum drives the room negative.

use crate::sync::{AtomicI64, AtomicU32, Ordering};

/// What a retired cell's room is lowered by. No take succeeds on what is left.
const CLOSED: i64 = i64::MAX / 2;

/// The counter of one cap or budget in one window.
#[derive(Debug)]
pub struct Cell {
    room: AtomicI64,
    pending: AtomicI64,
    posted: AtomicI64,
    limit: AtomicI64,
    generation: AtomicU32,
}

impl Cell {
    /// The largest limit; larger ones count as this, which leaves arithmetic on the room exact.
    pub const LIMIT_MAX: i64 = i64::MAX / 4;
    /// The smallest limit: of a balance that corrections have overdrawn.
    const LIMIT_MIN: i64 = -Self::LIMIT_MAX;

    /// Returns a cell with all of its limit as room.
    pub fn new(limit: i64) -> Self {
        let limit = clamped(limit);
        Self {
            room: AtomicI64::new(limit),
            pending: AtomicI64::new(0),
            posted: AtomicI64::new(0),
            limit: AtomicI64::new(limit),
            generation: AtomicU32::new(0),
        }
    }

    /// Returns the room that is left; negative where the limit was lowered below what is used.
    pub fn room(&self) -> i64 {
        self.room.load(Ordering::Acquire)
    }

    /// Returns what is reserved. Beside a take under way it may be too high, never too low.
    pub fn pending(&self) -> i64 {
        self.pending.load(Ordering::Acquire)
    }

    /// Returns what was posted.
    pub fn posted(&self) -> i64 {
        self.posted.load(Ordering::Acquire)
    }

    /// Returns the limit.
    pub fn limit(&self) -> i64 {
        self.limit.load(Ordering::Acquire)
    }

    /// Takes an amount if all of it is there, and returns whether it was.
    ///
    /// It compares and exchanges instead of subtracting at once, so a large refused amount never hides room
    /// from a small one.
    #[must_use]
    pub fn try_take(&self, amount: i64) -> bool {
        // Pending rises before room falls: whoever sees the room gone sees it pending (see `close`).
        self.pending.fetch_add(amount, Ordering::Relaxed);
        let taken = self.room.fetch_update(Ordering::AcqRel, Ordering::Acquire, |room| {
            if amount <= room { room.checked_sub(amount) } else { None }
        });
        if taken.is_err() {
            self.pending.fetch_sub(amount, Ordering::Relaxed);
        }
        taken.is_ok()
    }

    /// Takes an amount whether it is there or not: what the journal says was taken was taken.
    pub fn take_regardless(&self, amount: i64) {
        self.pending.fetch_add(amount, Ordering::Relaxed);
        self.room.fetch_sub(amount, Ordering::AcqRel);
    }

    /// Gives back an amount that was taken.
    pub fn give_back(&self, amount: i64) {
        self.room.fetch_add(amount, Ordering::AcqRel);
        self.pending.fetch_sub(amount, Ordering::Release);
    }

    /// Ends what was taken: `posted` of it was used, the rest is given back.
    ///
    /// `posted` is at most `reserved`.
    pub fn post(&self, reserved: i64, posted: i64) {
        debug_assert!(posted <= reserved, "invariant: a price is at most what was reserved for it");
        self.posted.fetch_add(posted, Ordering::Relaxed);
        let rest = reserved.saturating_sub(posted);
        if rest != 0 {
            self.room.fetch_add(rest, Ordering::AcqRel);
        }
        self.pending.fetch_sub(reserved, Ordering::Release);
    }

    /// Posts an amount that was never taken, whether it is there or not: what the journal says was sold was sold.
    ///
    /// A negative amount takes back what was posted. For cells that are not closed meanwhile.
    pub fn post_regardless(&self, amount: i64) {
        self.room.fetch_sub(amount, Ordering::AcqRel);
        self.posted.fetch_add(amount, Ordering::Relaxed);
    }

    /// Turns what was posted into room again, at most what was posted, if the cell still counts for the window of
    /// this generation.
    ///
    /// Beside an attempt to close the cell nothing comes back. Cells are closed only where nothing was posted or the
    /// window is over, and then there is nothing to give back.
    pub fn give_back_posted(&self, generation: u32, amount: i64) {
        // Pending rises first and the room is touched after it: from here on the cell is not closed (see `close`).
        self.pending.fetch_add(amount, Ordering::Relaxed);
        let open = self.room.fetch_add(0, Ordering::AcqRel) > i64::MIN / 4;
        if open && self.generation() == generation {
            let lower = |posted: i64| Some(posted.saturating_sub(amount.min(posted.max(0))));
            // Infallible: the closure always returns a value.
            let before = self.posted.fetch_update(Ordering::AcqRel, Ordering::Acquire, lower).unwrap_or(0);
            self.room.fetch_add(amount.min(before.max(0)), Ordering::AcqRel);
        }
        self.pending.fetch_sub(amount, Ordering::Release);
    }

    /// Makes what was posted pending again.
    pub fn unpost(&self, amount: i64) {
        self.pending.fetch_add(amount, Ordering::Relaxed);
        self.posted.fetch_sub(amount, Ordering::Release);
    }

    /// Changes the limit by taking from the room or giving to it; the room may become negative.
    ///
    /// Limits are changed by one thread at a time.
    pub fn adjust_limit(&self, limit: i64) {
        let limit = clamped(limit);
        let old = self.limit.swap(limit, Ordering::AcqRel);
        self.room.fetch_add(limit.saturating_sub(old), Ordering::AcqRel);
    }

    /// Lowers a limit the wrong way: the room is worked out beside it and stored. Loom has to find the
    /// reservation that slips in between.
    #[cfg(loom)]
    pub fn adjust_limit_wrongly(&self, limit: i64) {
        self.limit.store(limit, Ordering::SeqCst);
        let used = self.pending().saturating_add(self.posted());
        self.room.store(limit.saturating_sub(used), Ordering::SeqCst);
    }

    /// Returns the generation in which the cell was opened last.
    pub fn generation(&self) -> u32 {
        self.generation.load(Ordering::Acquire)
    }

    /// Closes the cell if nothing is pending on it, and returns whether it is closed.
    ///
    /// Closing takes from the room as well: after it no take succeeds, and every take that succeeded
    /// before it is seen as pending. A closed cell has no room until it counts for another window.
    #[must_use]
    pub fn close(&self) -> bool {
        self.room.fetch_sub(CLOSED, Ordering::AcqRel);
        let at_rest = self.pending() == 0;
        if !at_rest {
            self.room.fetch_add(CLOSED, Ordering::AcqRel);
        }
        at_rest
    }

    /// Opens a closed cell for another window. The generation changes before there is room, so that who
    /// takes room of the new window sees the new generation.
    pub(crate) fn reopen(&self, generation: u32, limit: i64) {
        let limit = clamped(limit);
        self.generation.store(generation, Ordering::Release);
        self.posted.store(0, Ordering::Relaxed);
        self.limit.store(limit, Ordering::Relaxed);
        // Nobody else writes the room of a closed cell: refused takes write nothing.
        self.room.store(limit, Ordering::Release);
    }
}

fn clamped(limit: i64) -> i64 {
    limit.clamp(Cell::LIMIT_MIN, Cell::LIMIT_MAX)
}
