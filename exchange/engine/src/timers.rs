//! [`Timers`]: when each auction wants to be looked at next.
//!
//! A binary heap with one live entry an auction: an entry that was overtaken by an earlier one, or whose
//! auction is gone, is dropped when it comes up. Arming and firing cost O(log n) and allocate nothing once
//! the heap has grown to its working size.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use exchange_protocol::SlotKey;
use exchange_types::Nanos;

/// Deadlines of auctions, earliest first.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Nanos, SlotKey)>>,
}

impl Timers {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { heap: BinaryHeap::with_capacity(capacity) }
    }

    /// Asks for a look at an auction.
    pub(crate) fn arm(&mut self, at: Nanos, auction: SlotKey) {
        self.heap.push(Reverse((at, auction)));
    }

    /// Returns the earliest deadline, perhaps one that was overtaken.
    pub(crate) fn next(&self) -> Option<Nanos> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes the next auction whose deadline has come.
    pub(crate) fn pop_due(&mut self, now: Nanos) -> Option<SlotKey> {
        let due = self.heap.peek().is_some_and(|Reverse((at, _))| *at <= now);
        if due { self.heap.pop().map(|Reverse((_, auction))| auction) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_come_up_in_order_and_not_before() {
        let mut timers = Timers::default();
        let key = |slot| SlotKey { slot, generation: 0 };
        for (at, slot) in [(30, 3), (10, 1), (20, 2)] {
            timers.arm(Nanos(at), key(slot));
        }
        assert_eq!(timers.next(), Some(Nanos(10)));
        assert_eq!(timers.pop_due(Nanos(9)), None);
        assert_eq!(timers.pop_due(Nanos(20)), Some(key(1)));
        assert_eq!(timers.pop_due(Nanos(20)), Some(key(2)));
        assert_eq!(timers.pop_due(Nanos(20)), None);
        assert_eq!(timers.next(), Some(Nanos(30)));
    }
}
