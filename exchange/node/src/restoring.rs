//! A node as it was before a restart.
//!
//! What the shards share comes first: counters and persons. Then each shard takes up its own: finished sales with
//! their idempotency keys, posts whose outcome nobody knows, open pings. A sale that was interrupted after an
//! intent is closed as its records tell it; a lead without one was never there, for nothing of it has left.

use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_engine::Restored;
use exchange_protocol::{AnswerStatus, CandidateIndex, Outcome, Record, Story, decode_record, encode_closed};
use exchange_types::{Amount, BuyerIndex, CampaignIndex, Now, Reason, UnsoldReason, UtcMicros, Uuid7};

use crate::claims::Told;
use crate::had::has_person;
use crate::recovery::{KeptClaim, OpenPost, OpenSale};
use crate::resolving::{Room, UnknownSale};
use crate::sealing::unseal_sale;
use crate::shared::SellerShared;
use crate::{Recovery, Shard, Shared, Unknown, UnknownKey, World};

impl Shared {
    /// Restores what the shards have in common: counters, persons and filters. To be called once, before any
    /// shard is restored. Counters are those of the windows at `now`.
    pub fn restore(&self, recovered: &Recovery, now: UtcMicros) {
        self.open_ahead(recovered, now);
        self.refresh_windows(now);
        self.restore_counts(recovered);
        self.restore_stops(recovered.stops());
        for (list, buyer, digest) in recovered.suppressed() {
            self.restore_suppression(digest, list, buyer);
        }
        let (claims, persons) = recovered.seen();
        self.seen_claims.take_over(claims);
        self.seen_persons.take_over(persons);
    }
}

impl Shard {
    /// Restores this shard's part: finished sales, open pings and unknown posts. To be called once, after
    /// [`Shared::restore`] and before anything else.
    ///
    /// `snapshot_of` returns the catalog of a version, as far as it is kept. A finished sale of another version
    /// is left to the store.
    pub fn restore(
        &mut self,
        world: &mut impl World,
        now: Now,
        recovered: &Recovery,
        snapshot_of: &dyn Fn(u64) -> Option<Arc<Snapshot>>,
    ) {
        for (print, person) in recovered.persons() {
            if self.shared.owner(person.id) == self.place {
                let seller = self.shared.seller_key(recovered.seller_of_person(person));
                let known = (person.id, seller);
                if self.shared.fingerprints.recall(print, known, person.taken, person.until) {
                    self.note_print(print, person.id, now.utc);
                }
            }
        }
        for (print, had, buyer) in recovered.had() {
            if self.shared.owner(had.sale) == self.place {
                self.shared.recall_had(print, buyer, (had.sale, had.candidate), had.since);
                if !self.shared.fingerprints.knows(print) {
                    self.note_print(print, had.sale, now.utc);
                }
            }
        }
        for sale in recovered.closed_sales() {
            if self.shared.owner(sale.id) == self.place {
                self.restore_finished(now, sale.id, &sale.record, &sale.claims, snapshot_of);
            }
        }
        for sale in recovered.open_sales() {
            if self.shared.owner(sale.lead.id) == self.place {
                self.restore_open(world, now, (recovered, sale), snapshot_of);
            }
        }
        self.carry_out(world, now);
    }

    fn restore_open(
        &mut self,
        world: &mut impl World,
        now: Now,
        (recovered, sale): (&Recovery, &OpenSale),
        snapshot_of: &dyn Fn(u64) -> Option<Arc<Snapshot>>,
    ) {
        for post in sale.posts.iter().filter(|post| has_person(post.came_to())) {
            let Some(intended) = post.intended() else { continue };
            let (id, since, (_, buyer)) = (sale.lead.id, sale.lead.admitted, recovered.owner(post));
            for print in sale.prints().into_iter().flatten().flatten() {
                self.shared.recall_had(print, buyer, (id, intended.candidate), since);
            }
        }
        if sale.open_offers().is_some() {
            if self.restore_ping(world, now, (recovered, sale), snapshot_of).is_none() {
                self.close_ping(now, (recovered, sale), snapshot_of);
            }
            return;
        }
        if sale.posts.iter().any(OpenPost::is_unknown) {
            self.restore_unknowns(world, now, (recovered, sale), snapshot_of);
        }
        if sale.is_interrupted() {
            self.close_interrupted(now, (recovered, sale), snapshot_of);
        }
    }

    /// Puts a finished sale back into the history, with the keys under which it came.
    fn restore_finished(
        &mut self,
        now: Now,
        id: Uuid7,
        record: &[u8],
        claims: &[KeptClaim],
        snapshot_of: &dyn Fn(u64) -> Option<Arc<Snapshot>>,
    ) {
        let Some(story) = closed_story(record) else { return };
        let Some(snapshot) = snapshot_of(story.catalog_version) else {
            for kept in claims {
                self.shared.seen_claims.insert(kept.claim.key, now.utc);
            }
            return;
        };
        let mut place = self.make_room_in_history(now.utc);
        place.id = id;
        place.without_lead = true;
        for kept in claims {
            let told = told_of(kept, &snapshot);
            self.shared.claims.recall(kept.claim.key, kept.claim.digest, id, told);
            place.claims.push(kept.claim.key);
        }
        place.content.snapshot = Some(snapshot);
        place.content.record.clear();
        place.content.record.extend_from_slice(record);
        self.history.push(place);
    }

    /// Writes down how a sale ended that a stop interrupted between an intent and the last record.
    fn close_interrupted(
        &mut self,
        now: Now,
        (recovered, sale): (&Recovery, &OpenSale),
        snapshot_of: &dyn Fn(u64) -> Option<Arc<Snapshot>>,
    ) {
        for post in sale.posts.iter().filter(|post| post.outcome.is_none()) {
            let Some(intended) = post.intended() else { continue };
            self.engine.append(&Record::Outcome {
                auction: sale.lead.id,
                candidate: intended.candidate,
                outcome: Outcome::Unknown,
                price: Amount::ZERO,
                payout: Amount::ZERO,
                digest: [0; 16],
                at: now.utc,
                settles_at: now.utc,
                redirect_url: Box::default(),
            });
        }
        self.close_as(now, (recovered, sale), sale.story(), snapshot_of);
    }

    /// Writes down that the offers of a ping have ended: they expired while the process was down, or what it
    /// takes to open them again is gone.
    fn close_ping(
        &mut self,
        now: Now,
        (recovered, sale): (&Recovery, &OpenSale),
        snapshot_of: &dyn Fn(u64) -> Option<Arc<Snapshot>>,
    ) {
        let mut story = sale.story();
        let ended = now.utc.min(story.expires_at);
        story.status = AnswerStatus::Unsold(UnsoldReason::OffersExpired);
        story.interrupted = true;
        story.ended_us = u32::try_from(ended.0.saturating_sub(story.admitted.0)).unwrap_or(u32::MAX);
        for candidate in &mut story.candidates {
            candidate.reason.get_or_insert(Reason::NotPosted);
        }
        self.close_as(now, (recovered, sale), story, snapshot_of);
    }

    fn close_as(
        &mut self,
        now: Now,
        (recovered, sale): (&Recovery, &OpenSale),
        story: Story,
        snapshot_of: &dyn Fn(u64) -> Option<Arc<Snapshot>>,
    ) {
        let id = story.id;
        let taken = story.posts.iter().any(|post| !matches!(post.outcome, Some(Outcome::Failed(_))));
        let mut record = Vec::new();
        encode_closed(&story, &mut record);
        self.engine.append(&Record::Closed(story));
        self.restore_finished(now, id, &record, &sale.claims, snapshot_of);
        if !sale.was_posted_or_called() {
            // A ping that is never posted makes nobody a duplicate.
            return;
        }
        let seller = recovered.seller(sale.lead.catalog_version, sale.lead.seller);
        let known = (id, self.shared.seller_key(seller));
        let until = if taken { sale.lead.taken_until } else { sale.lead.again_from };
        for print in sale.prints().into_iter().flatten().flatten() {
            self.shared.fingerprints.recall_later(print, known, (taken, until), now.utc);
            self.note_print(print, id, now.utc);
        }
    }

    /// Hands the unknown posts of a sale to the resolver, with what the counters hold for them.
    fn restore_unknowns(
        &mut self,
        world: &mut impl World,
        now: Now,
        (recovered, sale): (&Recovery, &OpenSale),
        snapshot_of: &dyn Fn(u64) -> Option<Arc<Snapshot>>,
    ) {
        let current = self.shared.current();
        let submission = unseal_sale(world, sale);
        let unknown: Vec<&OpenPost> = sale.posts.iter().filter(|post| post.is_unknown()).collect();
        self.add_unknown_sale(
            sale.lead.id,
            UnknownSale {
                prints: sale.prints(),
                taken_until: sale.lead.taken_until,
                again_from: sale.lead.again_from,
                open: unknown.len(),
                sold: sale.posts.iter().any(|post| post.came_to() == Outcome::Accepted),
            },
        );
        for post in unknown {
            let Some(intended) = post.intended() else { continue };
            let (campaign, buyer) = recovered.owner(post);
            let key = UnknownKey { auction: sale.lead.id, candidate: intended.candidate };
            let present = current.snapshot.campaign_named(campaign);
            let room = if let Some(index) = present {
                let mut room = current.caps.restore(index, intended.at, intended.reserved);
                self.shared.counters.cells().sent(&mut room);
                Room::Reserved(room)
            } else {
                let counted = (intended.at, intended.reserved);
                self.shared.restore_dormant(key, (campaign, buyer), counted);
                Room::Dormant
            };
            self.shared.health(campaign).still_unknown();
            // Without its own catalog the present one stands for it, as far as it has the campaign.
            let own =
                snapshot_of(sale.lead.catalog_version).map(|own| (own, intended.campaign, intended.buyer));
            let (snapshot, campaign, buyer) = own.unwrap_or_else(|| {
                let campaign = present.unwrap_or(CampaignIndex(u32::MAX));
                let found = current.snapshot.campaign(campaign);
                let buyer = found.map_or(BuyerIndex(u32::MAX), |found| found.buyer);
                (Arc::clone(&current.snapshot), campaign, buyer)
            });
            let unknown = Unknown {
                key,
                campaign,
                buyer,
                snapshot,
                submission: submission.clone(),
                kind: sale.lead.kind,
                price: intended.price,
                payout: intended.payout,
                exclusive: intended.exclusive,
                bid_id: intended.bid_id.into(),
                admitted: sale.lead.admitted,
                // Where the clock was set back it counts as of a later moment than it was written.
                intent_at: intended.at.min(intended.give_up_at),
                give_up_at: intended.give_up_at,
            };
            self.add_unknown(now, unknown, Some(room));
        }
    }

    /// Opens the offers of a ping again, and takes again what they hold, whatever the limits are by now. One whose
    /// lead or catalog is gone is lost, as pings may be by a power cut.
    fn restore_ping(
        &mut self,
        world: &mut impl World,
        now: Now,
        (recovered, sale): (&Recovery, &OpenSale),
        snapshot_of: &dyn Fn(u64) -> Option<Arc<Snapshot>>,
    ) -> Option<()> {
        let offered = sale.open_offers().filter(|offered| now.utc < offered.story.expires_at)?;
        let story = &offered.story;
        let snapshot = snapshot_of(story.catalog_version)?;
        let submission = unseal_sale(world, sale)?;
        let numbers: Vec<u64> = story
            .candidates
            .iter()
            .map(|entry| {
                let name = snapshot.campaign(entry.campaign).map_or("", |campaign| &*campaign.name);
                self.shared.seller_key(name)
            })
            .collect();
        let vertical = snapshot.vertical(story.vertical)?;
        let rotation = self.shared.tie_keys().rotation(&vertical.name);
        let restored = Restored {
            offered,
            submission,
            snapshot: Arc::clone(&snapshot),
            rotation,
            rotation_ids: &numbers,
        };
        let key = self.engine.restore(now, restored)?;
        self.shared.pings.insert(story.id, Arc::clone(&snapshot), story.vertical);
        let current = self.shared.current();
        let name = recovered.seller(sale.lead.catalog_version, sale.lead.seller);
        let seller = current.snapshot.seller_named(name);
        let away = || Arc::new(SellerShared::new(self.shared.seller_key(name)));
        let shared = seller.map_or_else(away, |index| current.seller(index));
        let tenant = self.tenants.begin(key, story.id)?;
        tenant.seller = shared;
        tenant.fingerprints = sale.prints();
        tenant.persons = sale.persons();
        for kept in &sale.claims {
            // Of a post that began and sent nothing no more is known than that: the same post may come again.
            if kept.told.is_none() && sale.is_of_post(kept) {
                continue;
            }
            tenant.claims.push(kept.claim.key);
            let told = told_of(kept, &snapshot);
            self.shared.claims.recall(kept.claim.key, kept.claim.digest, story.id, told);
        }
        for (position, entry) in (0_u16..).zip(&story.candidates) {
            let candidate = CandidateIndex(position);
            if !self.engine.auction(key).is_some_and(|auction| auction.offer_is_live(candidate)) {
                continue;
            }
            let held = story.offers.iter().zip(&offered.held);
            let held = held.filter(|(offer, _)| offer.key.candidate == candidate).map(|(_, held)| held);
            let Some(held) = held.max_by_key(|held| held.reserved) else { continue };
            let campaign = snapshot.campaign(entry.campaign).map_or("", |campaign| &*campaign.name);
            let Some(index) = current.snapshot.campaign_named(campaign) else { continue };
            let reservation = current.caps.restore(index, held.at, held.reserved);
            self.keep_restored(key, candidate, reservation);
        }
        Some(())
    }
}

/// Returns what the step of a key was told, where its sale has gone on since.
fn told_of(kept: &KeptClaim, snapshot: &Arc<Snapshot>) -> Option<Arc<Told>> {
    let answer = closed_story(kept.told.as_deref()?)?.answer();
    Some(Arc::new(Told { answer, snapshot: Arc::clone(snapshot) }))
}

fn closed_story(record: &[u8]) -> Option<Story> {
    let Ok((Record::Closed(story), _)) = decode_record(record) else { return None };
    Some(story)
}
