//! [`History`]: the auctions that a shard has finished, for repeats, reads and operators.
//!
//! A ring: the oldest makes room for the newest, and its buffers become the newest's. What a seller was told
//! under an idempotency key is remembered as long as its auction stands here.

use std::collections::VecDeque;

use exchange_engine::Content;
use exchange_protocol::{Record, Story, decode_record, encode_closed};
use exchange_types::{Submission, Uuid7};

use crate::id_map::IdMap;

/// A finished auction.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    pub(crate) id: Uuid7,
    pub(crate) content: Content,
    /// The keys under which it was submitted and posted, to be forgotten with it.
    pub(crate) claims: Vec<u128>,
    /// Whether it was over before a restart, so that its lead is not here.
    pub(crate) without_lead: bool,
}

impl Finished {
    /// Forgets the lead, and returns the keys under which it came.
    pub(crate) fn forget_lead(&mut self) -> Vec<u128> {
        self.without_lead = true;
        *self.content.submission = Submission::default();
        core::mem::take(&mut self.claims)
    }

    /// Returns the account that its last record holds.
    pub(crate) fn story(&self) -> Option<Story> {
        let Ok((Record::Closed(story), _)) = decode_record(&self.content.record) else { return None };
        Some(story)
    }
}

/// The auctions that a shard has finished.
#[derive(Debug)]
pub(crate) struct History {
    ring: VecDeque<Finished>,
    /// How many auctions have left the ring: the number of its first.
    gone: u64,
    by_id: IdMap<u64>,
    capacity: usize,
}

impl History {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { ring: VecDeque::new(), gone: 0, by_id: IdMap::default(), capacity: capacity.max(1) }
    }

    /// Takes the oldest auction out where the ring is full, or an empty place.
    pub(crate) fn make_room(&mut self) -> Finished {
        if self.ring.len() < self.capacity {
            return Finished::default();
        }
        let oldest = self.ring.pop_front().unwrap_or_default();
        self.gone = self.gone.saturating_add(1);
        self.by_id.remove(&oldest.id.as_u128());
        oldest
    }

    pub(crate) fn push(&mut self, finished: Finished) {
        let number = self.gone.saturating_add(u64::try_from(self.ring.len()).unwrap_or(u64::MAX));
        self.by_id.insert(finished.id.as_u128(), number);
        self.ring.push_back(finished);
    }

    pub(crate) fn get(&self, id: Uuid7) -> Option<&Finished> {
        self.ring.get(self.position(id)?)
    }

    /// Writes into the account of a sale what was found out since it ended.
    pub(crate) fn amend(&mut self, id: Uuid7, change: impl FnOnce(&mut Story)) {
        let Some(finished) = self.position(id).and_then(|position| self.ring.get_mut(position)) else {
            return;
        };
        let Some(mut story) = finished.story() else { return };
        change(&mut story);
        finished.content.record.clear();
        encode_closed(&story, &mut finished.content.record);
    }

    /// Forgets the lead of a finished sale, and returns the keys under which it came.
    pub(crate) fn forget_lead(&mut self, id: Uuid7) -> Vec<u128> {
        let Some(finished) = self.position(id).and_then(|position| self.ring.get_mut(position)) else {
            return Vec::new();
        };
        finished.forget_lead()
    }

    fn position(&self, id: Uuid7) -> Option<usize> {
        let number = self.by_id.get(&id.as_u128())?.checked_sub(self.gone)?;
        usize::try_from(number).ok()
    }
}

#[cfg(test)]
mod tests {
    use exchange_types::UtcMicros;

    use super::*;

    #[test]
    fn the_oldest_makes_room_for_the_newest() {
        let mut history = History::new(2);
        let id = |number| Uuid7::new(UtcMicros(1), number);
        for number in 1..=3 {
            let mut place = history.make_room();
            assert_eq!(place.id == Uuid7::default(), number < 3, "only the third finds the ring full");
            place.id = id(number);
            history.push(place);
        }
        assert!(history.get(id(1)).is_none());
        assert_eq!(history.get(id(2)).map(|finished| finished.id), Some(id(2)));
        assert_eq!(history.get(id(3)).map(|finished| finished.id), Some(id(3)));
    }
}
