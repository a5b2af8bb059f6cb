//! [`CellIndex`]: names a cell, and the window for which it was opened.

/// A cell's slot with the generation in which it was opened, in four bytes, so that a reservation of thirty
/// cells stays small.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellIndex(u32);

impl CellIndex {
    /// Slots that an index can name: four million cells are half a gibibyte.
    pub(crate) const SLOTS_MAX: usize = 1 << Self::SLOT_BITS;
    /// Names no cell: where the slab was full, nothing can be taken.
    pub(crate) const NONE: Self = Self(u32::MAX);

    const SLOT_BITS: u32 = 22;
    const SLOT_MASK: u32 = (1 << Self::SLOT_BITS) - 1;
    /// Generations wrap. That is safe: a cell is reused only when nothing is pending on it, so only a table
    /// that is 1,023 windows old could take one for its own.
    const GENERATION_MASK: u32 = u32::MAX >> Self::SLOT_BITS;

    pub(crate) fn new(slot: u32, generation: u32) -> Self {
        Self(slot & Self::SLOT_MASK | (generation & Self::GENERATION_MASK) << Self::SLOT_BITS)
    }

    pub(crate) const fn slot(self) -> u32 {
        self.0 & Self::SLOT_MASK
    }

    pub(crate) const fn generation(self) -> u32 {
        self.0 >> Self::SLOT_BITS
    }

    /// Returns the generation that follows.
    pub(crate) const fn generation_after(generation: u32) -> u32 {
        generation.wrapping_add(1) & Self::GENERATION_MASK
    }
}

impl core::fmt::Debug for CellIndex {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "CellIndex({}.{})", self.slot(), self.generation())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slot_and_generation_read_back() {
        let index = CellIndex::new(4_000_000, 1_023);
        assert_eq!((index.slot(), index.generation()), (4_000_000, 1_023));
        assert_eq!(format!("{index:?}"), "CellIndex(4000000.1023)");
        assert_eq!([0, 1_022, 1_023].map(CellIndex::generation_after), [1, 1_023, 0]);
    }
}
