//! [`Pendings`]: the requests that a shard has taken in and not answered yet.

use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_types::{Currency, FieldIndex, Uuid7, VerticalIndex};

use super::intake::Respond;

/// A request that waits for the shard's reply.
pub(crate) struct Pending {
    pub(crate) view: View,
    pub(crate) respond: Respond,
    pub(crate) seller: Box<str>,
    pub(crate) warnings: Vec<String>,
    /// For a post: the ping, with the catalog and the vertical with which it was parsed.
    pub(crate) ping: Option<(Uuid7, Arc<Snapshot>, VerticalIndex)>,
    /// The submission turned out to be a duplicate of the seller's own lead, whose state was asked for.
    pub(crate) duplicate: Option<Duplicate>,
}

/// A duplicate of the seller's own lead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Duplicate {
    /// The sale of the submission itself.
    pub(crate) id: Uuid7,
    /// Its vertical's currency.
    pub(crate) currency: Currency,
    /// From its admission to its answer.
    pub(crate) elapsed_us: u64,
    /// Whether the answer repeats an earlier one.
    pub(crate) replayed: bool,
    /// The earlier sale.
    pub(crate) earlier: Uuid7,
}

/// As what the caller sees a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// As a lead.
    Lead,
    /// As a ping.
    Ping,
    /// As a ping that was given back.
    GivenBack,
}

impl Pending {
    pub(crate) fn new(view: View, respond: Respond, seller: Box<str>) -> Self {
        Self { view, respond, seller, warnings: Vec::new(), ping: None, duplicate: None }
    }

    /// Warns of fields of a post that kept the ping's values.
    pub(crate) fn warn_of_kept(&mut self, kept: &[FieldIndex]) {
        let vertical = self.ping.as_ref().and_then(|(_, snapshot, vertical)| snapshot.vertical(*vertical));
        let fields = kept.iter().filter_map(|index| vertical?.field(*index));
        self.warnings.extend(fields.map(|field| format!("fields.{}: the ping's value is used", field.name)));
    }

    /// Returns a post's ping with its vertical's currency.
    pub(crate) fn ping_currency(&self) -> Option<(Uuid7, Currency)> {
        let (id, snapshot, vertical) = self.ping.as_ref()?;
        Some((*id, snapshot.vertical(*vertical)?.currency))
    }
}

impl core::fmt::Debug for Pending {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Pending")
            .field("view", &self.view)
            .field("seller", &self.seller)
            .finish_non_exhaustive()
    }
}

/// The requests of a shard, by token. A token names a place and its turn, so that a late reply finds nobody.
#[derive(Debug, Default)]
pub(crate) struct Pendings {
    places: Vec<(u32, Option<Pending>)>,
    free: Vec<u32>,
}

impl Pendings {
    /// Takes a request in and returns its token.
    pub(crate) fn insert(&mut self, pending: Pending) -> u64 {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push((0, None));
            u32::try_from(self.places.len().saturating_sub(1)).unwrap_or(u32::MAX)
        });
        let Some((turn, slot)) = self.place(place) else { return u64::MAX };
        *slot = Some(pending);
        (u64::from(*turn) << 32) | u64::from(place)
    }

    /// Takes a request out.
    pub(crate) fn take(&mut self, token: u64) -> Option<Pending> {
        let place = u32::try_from(token & u64::from(u32::MAX)).ok()?;
        let (turn, slot) = self.place(place)?;
        if u64::from(*turn) != token >> 32 {
            return None;
        }
        let pending = slot.take()?;
        *turn = turn.wrapping_add(1);
        self.free.push(place);
        Some(pending)
    }

    fn place(&mut self, place: u32) -> Option<(&mut u32, &mut Option<Pending>)> {
        let (turn, slot) = self.places.get_mut(usize::try_from(place).ok()?)?;
        Some((turn, slot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending() -> Pending {
        Pending::new(View::Lead, Box::new(|_| ()), "web".into())
    }

    #[test]
    fn a_token_is_good_for_one_answer() {
        let mut pendings = Pendings::default();
        let first = pendings.insert(pending());
        assert!(pendings.take(first).is_some());
        assert!(pendings.take(first).is_none(), "answered already");
        let second = pendings.insert(pending());
        assert_ne!(second, first, "the same place, another turn");
        assert!(pendings.take(first).is_none());
        assert!(pendings.take(second).is_some());
        assert_eq!(pendings.free.len(), pendings.places.len(), "nobody waits");
    }
}
