//! [`Tenants`]: what the node keeps beside each auction of the engine.

use std::sync::Arc;

use exchange_counters::Reservation;
use exchange_protocol::{CandidateIndex, SlotKey, Waiter};
use exchange_types::{FieldIndex, Person, Prints, Uuid7};

use crate::id_map::IdMap;
use crate::meter::SupplyMeters;
use crate::shared::SellerShared;

/// Somebody who waits for an answer.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) waiter: Waiter,
    /// Whether it repeats a request.
    pub(crate) replayed: bool,
    /// Fields of its post that kept the ping's values.
    pub(crate) kept: Vec<FieldIndex>,
}

/// What the node keeps beside an auction.
#[derive(Debug, Default)]
pub(crate) struct Tenant {
    pub(crate) key: SlotKey,
    pub(crate) id: Uuid7,
    /// Who waits for the answer.
    pub(crate) waiters: Vec<Waiting>,
    /// What the counters hold, by candidate.
    pub(crate) reservations: Vec<Option<Reservation>>,
    /// The keys under which the lead was submitted and posted.
    pub(crate) claims: Vec<u128>,
    /// What names the ping as long as it is open, where it has no key.
    pub(crate) weak_claim: Option<u128>,
    /// The fingerprints of the person: those of the lead or ping, then those of the post.
    pub(crate) fingerprints: [Prints; 2],
    /// The same, as they are in every vertical.
    pub(crate) persons: [Person; 2],
    pub(crate) seller: Arc<SellerShared>,
    /// Whether its offers are given back as soon as they are told.
    pub(crate) superseded: bool,
    /// What is used up of its source's limits, where it has some.
    pub(crate) source: Option<Arc<SupplyMeters>>,
    /// Whether it counts as a ping with offers that nobody has posted.
    pub(crate) unposted: bool,
    /// Whether its lead was erased meanwhile.
    pub(crate) erased: bool,
}

impl Tenant {
    /// Takes what the counters hold for a candidate.
    pub(crate) fn take_reservation(&mut self, index: CandidateIndex) -> Option<Reservation> {
        self.reservations.get_mut(index.at())?.take()
    }

    pub(crate) fn set_reservation(&mut self, index: CandidateIndex, reservation: Reservation) {
        if self.reservations.len() <= index.at() {
            self.reservations.resize_with(index.at().saturating_add(1), || None);
        }
        if let Some(place) = self.reservations.get_mut(index.at()) {
            *place = Some(reservation);
        }
    }
}

/// The tenants of a shard, by slot and by id.
#[derive(Debug, Default)]
pub(crate) struct Tenants {
    slots: Vec<Tenant>,
    by_id: IdMap<SlotKey>,
}

impl Tenants {
    /// Makes the tenant of a slot anew, keeping its buffers.
    pub(crate) fn begin(&mut self, key: SlotKey, id: Uuid7) -> Option<&mut Tenant> {
        let position = usize::try_from(key.slot).ok()?;
        if self.slots.len() <= position {
            self.slots.resize_with(position.saturating_add(1), Tenant::default);
        }
        self.by_id.insert(id.as_u128(), key);
        let tenant = self.slots.get_mut(position)?;
        tenant.key = key;
        tenant.id = id;
        tenant.waiters.clear();
        tenant.reservations.clear();
        tenant.claims.clear();
        tenant.weak_claim = None;
        tenant.fingerprints = [Prints::default(); 2];
        tenant.persons = [Person::default(); 2];
        tenant.source = None;
        tenant.unposted = false;
        tenant.erased = false;
        tenant.superseded = false;
        Some(tenant)
    }

    pub(crate) fn end(&mut self, id: Uuid7) {
        self.by_id.remove(&id.as_u128());
    }

    pub(crate) fn find(&self, id: Uuid7) -> Option<SlotKey> {
        self.by_id.get(&id.as_u128()).copied()
    }

    pub(crate) fn is_erased(&self, key: SlotKey) -> bool {
        self.get(key).is_some_and(|tenant| tenant.erased)
    }

    pub(crate) fn get(&self, key: SlotKey) -> Option<&Tenant> {
        let tenant = self.slots.get(usize::try_from(key.slot).ok()?)?;
        (tenant.key == key).then_some(tenant)
    }

    pub(crate) fn get_mut(&mut self, key: SlotKey) -> Option<&mut Tenant> {
        let tenant = self.slots.get_mut(usize::try_from(key.slot).ok()?)?;
        (tenant.key == key).then_some(tenant)
    }
}
