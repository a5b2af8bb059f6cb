//! [`Slab`]: the auctions of a shard, in slots that are reused with all their buffers.

use exchange_protocol::SlotKey;

use crate::Auction;

/// A fixed number of slots. A slot's generation changes with its tenant, so an old key finds nothing.
#[derive(Debug)]
pub(crate) struct Slab {
    slots: Vec<Slot>,
    free: Vec<u32>,
    capacity: u32,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    occupied: bool,
    auction: Auction,
}

impl Slab {
    pub(crate) fn new(capacity: u32) -> Self {
        Self { slots: Vec::new(), free: Vec::new(), capacity }
    }

    /// Returns how many slots are in use.
    pub(crate) fn occupied(&self) -> usize {
        self.slots.len().saturating_sub(self.free.len())
    }

    /// Returns the auctions that are there.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Auction> {
        self.slots.iter().filter(|slot| slot.occupied).map(|slot| &slot.auction)
    }

    /// Returns whether another auction finds a slot.
    pub(crate) fn has_room(&self) -> bool {
        !self.free.is_empty() || u32::try_from(self.slots.len()).is_ok_and(|used| used < self.capacity)
    }

    /// Occupies a slot and returns its key, or nothing where all are in use.
    pub(crate) fn occupy(&mut self) -> Option<SlotKey> {
        let slot = if let Some(slot) = self.free.pop() {
            slot
        } else {
            let next = u32::try_from(self.slots.len()).ok().filter(|next| *next < self.capacity)?;
            self.slots.push(Slot { generation: 0, occupied: false, auction: Auction::default() });
            next
        };
        let place = self.place_mut(slot)?;
        place.occupied = true;
        Some(SlotKey { slot, generation: place.generation })
    }

    /// Frees a slot; its key finds nothing from now on.
    pub(crate) fn free(&mut self, key: SlotKey) {
        if self.get(key).is_none() {
            return;
        }
        if let Some(place) = self.place_mut(key.slot) {
            place.occupied = false;
            place.generation = place.generation.wrapping_add(1);
            self.free.push(key.slot);
        }
    }

    pub(crate) fn get(&self, key: SlotKey) -> Option<&Auction> {
        let slot = self.slots.get(usize::try_from(key.slot).ok()?)?;
        (slot.occupied && slot.generation == key.generation).then_some(&slot.auction)
    }

    pub(crate) fn get_mut(&mut self, key: SlotKey) -> Option<&mut Auction> {
        let slot = self.place_mut(key.slot)?;
        (slot.occupied && slot.generation == key.generation).then_some(&mut slot.auction)
    }

    fn place_mut(&mut self, slot: u32) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(slot).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_reused_and_its_old_key_is_dead() {
        let mut slab = Slab::new(2);
        let first = slab.occupy().expect("the first slot");
        let second = slab.occupy().expect("the second slot");
        assert!(slab.occupy().is_none(), "the third must not find a slot");
        assert!(!slab.has_room());
        slab.free(first);
        slab.free(first);
        assert_eq!(slab.occupied(), 1);
        let third = slab.occupy().expect("the freed slot");
        assert_eq!(third.slot, first.slot);
        assert!(slab.get(first).is_none());
        assert!(slab.get(third).is_some() && slab.get(second).is_some());
    }
}
