//! Erasing: the record first, then the keys, then what is in memory. A crash in between is made good by the next
//! start, which obeys every record of an erasure again.

use core::time::Duration;
use std::collections::BTreeSet;

use exchange_control::{Acknowledged, ErasedId, ErasureId, PersonErased, Unavailable};
use exchange_node::Message;
use exchange_protocol::{Acknowledgement, Erasure, SealClass, SlotRef, Suppression, SuppressionList};
use exchange_store::SaleRef;
use exchange_types::{Person, UtcMicros, Uuid7};

use super::super::ControlBackend;
use super::super::failures::{unreadable, unwritten};
use super::may_have_it;
use crate::desk::Turn;
use crate::entropy::Entropy;
use crate::wall_clock;

/// Leads that are erased with one record batch.
const LEADS_A_TIME: u16 = 100;
/// How often a shard with a full queue is told again.
const TELL_ATTEMPTS: u32 = 200;
/// How long it has to make room in between.
const TELL_AGAIN: Duration = Duration::from_millis(10);

/// A request for erasure.
struct Request {
    id: Uuid7,
    by: Box<str>,
    at: UtcMicros,
}

impl ControlBackend {
    /// Puts a person who is about to be erased on the list of those who are sold to nobody, however full that is.
    pub(super) async fn suppress_erased(&self, person: &Person, by: Box<str>) -> Result<(), Unavailable> {
        let digests = person.digests().into_iter().flatten().collect();
        let (list, buyer, at) = (SuppressionList::Erased, Box::default(), wall_clock::utc_now());
        let change = Suppression { list, buyer, on: true, digests, by, at };
        let mut turn = self.desk.turn().await;
        self.write_suppression(&mut turn, change).await.map(|_| ())
    }

    /// Erases every lead of a person.
    pub(super) async fn erase(&self, prints: &[u128], by: Box<str>) -> Result<PersonErased, Unavailable> {
        let mut turn = self.desk.turn().await;
        turn.settled().await.map_err(|error| unwritten(&error))?;
        let at = wall_clock::utc_now();
        let request = Request { id: Uuid7::new(at, Entropy::new().bits()), by, at };
        let mut erased: BTreeSet<Uuid7> = BTreeSet::new();
        // The store shows a part at a time; what is erased is not shown again, and what comes meanwhile is.
        let page = exchange_store::Page { limit: LEADS_A_TIME, after: None };
        loop {
            let found = self.store.as_operator().person(prints, &page).await;
            let mut fresh = found.map_err(|error| unreadable(&error))?.items;
            fresh.retain(|lead| !erased.contains(lead));
            if fresh.is_empty() {
                break;
            }
            self.erase_leads(&mut turn, &request, &fresh).await?;
            erased.extend(fresh);
        }
        drop(turn);
        let leads = self.views_of(erased.into_iter().rev()).await.map_err(|_| Unavailable)?;
        Ok(PersonErased { request: ErasureId(request.id), at, leads })
    }

    async fn erase_leads(
        &self,
        turn: &mut Turn<'_>,
        request: &Request,
        leads: &[Uuid7],
    ) -> Result<(), Unavailable> {
        let mut records = Vec::new();
        let mut slots: Vec<SlotRef> = Vec::new();
        for lead in leads {
            let own = self.lead_slots(*lead).await?;
            slots.extend(&own);
            let Request { id, by, at } = request;
            records.push(Erasure { request: *id, lead: *lead, slots: own, by: by.clone(), at: *at }.into());
        }
        turn.write(&records).await.map_err(|error| unwritten(&error))?;
        let destroyed = self.destroy(slots).await;
        for lead in leads {
            self.tell_shard(*lead).await;
        }
        turn.settled().await.map_err(|error| unwritten(&error))?;
        destroyed
    }

    /// Returns the keys that go with a lead. The evidence of consent stays, behind keys of its own.
    async fn lead_slots(&self, lead: Uuid7) -> Result<Vec<SlotRef>, Unavailable> {
        let slots = self.store.as_operator().slots(lead).await.map_err(|error| unreadable(&error))?;
        Ok(slots.into_iter().filter(|slot| slot.class == SealClass::Lead).collect())
    }

    /// Overwrites keys. Each is tried, whatever came of the one before.
    async fn destroy(&self, slots: Vec<SlotRef>) -> Result<(), Unavailable> {
        let vault = self.vault.clone();
        let destroying = tokio::task::spawn_blocking(move || {
            let failed = slots.into_iter().filter_map(|slot| vault.erase(slot).err());
            let errors: Vec<String> = failed.map(|error| crate::projection::error_chain(&error)).collect();
            errors
        });
        let errors = destroying.await.map_err(|_| Unavailable)?;
        for error in &errors {
            tracing::error!(error, "a key is not destroyed: the next start does it again, so restart soon");
        }
        if errors.is_empty() { Ok(()) } else { Err(Unavailable) }
    }

    /// Has the shard that owns a lead forget it.
    async fn tell_shard(&self, lead: Uuid7) {
        let owner = self.shared.owner(lead);
        for _ in 0..TELL_ATTEMPTS {
            if self.mesh.send(self.place, owner, Message::Erase { id: lead }).is_ok() {
                return self.peers.wake(owner);
            }
            self.peers.wake(owner);
            tokio::time::sleep(TELL_AGAIN).await;
        }
        tracing::error!(lead = %exchange_types::LeadId(lead), "a shard does not take that a lead is erased: restart soon");
    }

    /// Notes that a buyer has erased a lead too.
    pub(super) async fn acknowledge(
        &self,
        buyer: Box<str>,
        erased: ErasedId,
    ) -> Result<Option<Acknowledged>, Unavailable> {
        let mut turn = self.desk.turn().await;
        turn.settled().await.map_err(|error| unwritten(&error))?;
        let Some(lead) = self.lead_named(&buyer, erased).await? else { return Ok(None) };
        let erasures =
            self.store.as_operator().erasures_of(lead).await.map_err(|error| unreadable(&error))?;
        let mut got =
            erasures.into_iter().flat_map(|erasure| erasure.buyers).filter(|got| got.buyer == buyer);
        match got.next().map(|got| got.acknowledged) {
            None => Ok(None),
            Some(Some(at)) => Ok(Some(Acknowledged { at, replayed: true })),
            Some(None) => {
                let at = wall_clock::utc_now();
                let told = Acknowledgement { lead, buyer, at };
                turn.write(&[told.into()]).await.map_err(|error| unwritten(&error))?;
                turn.settled().await.map_err(|error| unwritten(&error))?;
                Ok(Some(Acknowledged { at, replayed: false }))
            }
        }
    }

    /// Finds the lead that a buyer means; nothing where it did not get one under this id.
    async fn lead_named(&self, buyer: &str, erased: ErasedId) -> Result<Option<Uuid7>, Unavailable> {
        let post = match erased {
            ErasedId::Lead(lead) => return Ok(Some(lead.0)),
            ErasedId::Post(post) => SaleRef::Post(post),
            ErasedId::Sale(sale) => SaleRef::Sale(sale),
        };
        let found =
            self.store.as_buyer(buyer).sale_to_change(post).await.map_err(|error| unreadable(&error))?;
        Ok(found.filter(may_have_it).map(|post| post.auction))
    }
}
