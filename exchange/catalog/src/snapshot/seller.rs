//! [`Seller`]: who submits leads.

use exchange_types::VerticalIndex;

use super::Agreement;

/// A seller.
#[derive(Debug, Clone)]
pub struct Seller {
    /// The name by which keys and records know it.
    pub name: Box<str>,
    /// Agreements by vertical, ordered by index. Only these verticals are open to the seller.
    pub agreements: Box<[(VerticalIndex, Agreement)]>,
    /// The most open holds at a time.
    pub holds_max: u32,
}

impl Seller {
    /// Returns the agreement in a vertical, if there is one.
    pub fn agreement(&self, vertical: VerticalIndex) -> Option<&Agreement> {
        let position = self.agreements.binary_search_by_key(&vertical, |&(index, _)| index).ok()?;
        self.agreements.get(position).map(|(_, agreement)| agreement)
    }
}
