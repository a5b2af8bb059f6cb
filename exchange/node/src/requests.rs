//! What sellers and operators ask of a shard.

use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_engine::Auction;
use exchange_protocol::{
    Account, Answer, AnswerStatus, Input, OfferKey, Record, Refusal, Reply, SaleKind, SlotKey, Story, Submit,
    Waiter, encode_record,
};
use exchange_types::{
    Amount, DuplicateScope, HashKey, Now, OfferId, ShardIndex, Submission, UnsoldReason, UtcMicros, Uuid7,
};

use crate::claims::Claimed;
use crate::eligibility;
use crate::fingerprints::Seen;
use crate::history::Finished;
use crate::mesh::Message;
use crate::{Arrival, PostArrival, Requester, Shard, World};

/// Partitions of the ids; twelve bits of an id name one.
const PARTITIONS: u16 = 4_096;

impl Shard {
    /// Takes in a lead or a ping.
    ///
    /// Overload and refusals store nothing: the same key may come again.
    pub fn lead(&mut self, world: &mut impl World, now: Now, arrival: Arrival) {
        let waiter = Waiter { place: self.place, token: arrival.token };
        if !self.engine.has_room() {
            self.give_submission(arrival.submission);
            return self.reply(world, waiter, Reply::Refusal(Refusal::Overloaded));
        }
        let id = self.new_id(now, world.entropy());
        if let Some(claim) = arrival.claim {
            match self.shared.claims.claim(claim.key, claim.digest, id) {
                Claimed::New => {}
                Claimed::Join(earlier) => {
                    self.give_submission(arrival.submission);
                    return self.join(world, now, earlier, waiter);
                }
                Claimed::Conflict => {
                    self.give_submission(arrival.submission);
                    return self.reply(world, waiter, Reply::Refusal(Refusal::KeyReused));
                }
            }
        }
        let current = self.shared.current();
        let seller = current.seller(arrival.submission.seller);
        match self.claim_person(&arrival.fingerprints, id, seller.key, now.utc) {
            Seen::Fresh => {}
            Seen::Duplicate(scope, earlier) => {
                return self.answer_duplicate(world, now, arrival, id, (scope, earlier));
            }
            Seen::TooSoon(retry_after) => {
                if let Some(claim) = arrival.claim {
                    self.shared.claims.forget(claim.key, id);
                }
                self.give_submission(arrival.submission);
                return self.reply(world, waiter, Reply::Refusal(Refusal::TooSoon { retry_after }));
            }
        }
        let mut considered = core::mem::take(&mut self.considered);
        eligibility::consider(&current, &arrival.submission, arrival.kind, now.utc, &mut considered);
        let rotation = current.rotation(arrival.submission.vertical);
        if arrival.kind == SaleKind::TwoStep {
            self.shared.pings.insert(id, Arc::clone(&arrival.snapshot), arrival.submission.vertical);
        }
        let submit = Submit {
            id,
            kind: arrival.kind,
            submission: arrival.submission,
            snapshot: arrival.snapshot,
            considered: &considered,
            rotation,
        };
        let key = self.engine.handle(now, Input::Submit(submit));
        self.considered = considered;
        if let Some(tenant) = key.and_then(|key| self.tenants.begin(key, id)) {
            tenant.waiters.push((waiter, false));
            tenant.claims = [arrival.claim.map(|claim| claim.key), None];
            tenant.fingerprints = arrival.fingerprints;
            tenant.seller = seller;
        }
        self.carry_out(world, now);
    }

    /// Takes in the second step of a two-step sale, here or at the shard that has its ping.
    pub fn post(&mut self, world: &mut impl World, now: Now, arrival: PostArrival) {
        let owner = self.shared.owner(arrival.ping);
        if owner == self.place {
            return self.own_post(world, now, arrival);
        }
        let waiter = arrival.waiter;
        self.pass_on(world, owner, waiter, Message::Post(Box::new(arrival)));
    }

    /// Answers how a sale stands, here or at the shard that has it.
    pub fn read(
        &mut self,
        world: &mut impl World,
        now: Now,
        id: Uuid7,
        requester: Requester,
        waiter: Waiter,
    ) {
        let owner = self.shared.owner(id);
        if owner != self.place {
            return self.pass_on(world, owner, waiter, Message::Read { id, requester, waiter });
        }
        let reply = self.state(id, &requester, now).unwrap_or(Reply::Refusal(Refusal::NotFound));
        self.reply(world, waiter, reply);
    }

    /// Gives the offers of a ping back, here or at the shard that has it.
    pub fn give_back(
        &mut self,
        world: &mut impl World,
        now: Now,
        id: Uuid7,
        requester: Requester,
        waiter: Waiter,
    ) {
        let owner = self.shared.owner(id);
        if owner != self.place {
            return self.pass_on(world, owner, waiter, Message::GiveBack { id, requester, waiter });
        }
        let Some(state) = self.state(id, &requester, now) else {
            return self.reply(world, waiter, Reply::Refusal(Refusal::NotFound));
        };
        match self.tenants.find(id) {
            Some(auction) if self.engine.auction(auction).is_some_and(Auction::is_offering) => {
                self.engine.handle(now, Input::GiveBack { auction });
                self.carry_out(world, now);
                self.reply(world, waiter, state);
            }
            Some(_) => self.reply(world, waiter, Reply::Refusal(Refusal::PingClosed)),
            // A ping that is over holds nothing: giving it back again is the same as having done so.
            None => self.reply(world, waiter, state),
        }
    }

    /// Takes what other places of the mesh have sent, at most `limit` messages; returns whether more may wait.
    pub fn take_messages(&mut self, world: &mut impl World, now: Now, limit: usize) -> bool {
        for _ in 0..limit {
            let Some(message) = self.mesh.receive(self.place) else { return false };
            match message {
                Message::Join { id, waiter } => self.join(world, now, id, waiter),
                Message::Post(arrival) => self.own_post(world, now, *arrival),
                Message::Read { id, requester, waiter } => self.read(world, now, id, requester, waiter),
                Message::GiveBack { id, requester, waiter } => {
                    self.give_back(world, now, id, requester, waiter);
                }
                Message::Reply { token, reply } => world.reply(token, reply),
            }
        }
        true
    }

    fn pass_on(&mut self, world: &mut impl World, owner: ShardIndex, waiter: Waiter, message: Message) {
        match self.mesh.send(self.place, owner, message) {
            Ok(()) => world.wake(owner),
            Err(_full) => self.reply(world, waiter, Reply::Refusal(Refusal::Overloaded)),
        }
    }

    /// Has somebody wait for a sale that began under the same key, or tells how it ended.
    fn join(&mut self, world: &mut impl World, now: Now, id: Uuid7, waiter: Waiter) {
        let owner = self.shared.owner(id);
        if owner != self.place {
            return self.pass_on(world, owner, waiter, Message::Join { id, waiter });
        }
        if let Some(auction) = self.tenants.find(id) {
            let waits = self.engine.auction(auction).is_some_and(|auction| !auction.is_answered());
            if waits {
                if let Some(tenant) = self.tenants.get_mut(auction) {
                    tenant.waiters.push((waiter, true));
                }
                return;
            }
        }
        // A claim whose sale is gone was refused, or is being forgotten: the same key may come again.
        let reply = self.known(id, now).map_or(Reply::Refusal(Refusal::Overloaded), |(answer, snapshot)| {
            Reply::Answer { answer: Box::new(answer), snapshot, replayed: true }
        });
        self.reply(world, waiter, reply);
    }

    fn own_post(&mut self, world: &mut impl World, now: Now, mut arrival: PostArrival) {
        let waiter = arrival.waiter;
        let id = arrival.ping;
        if let Some(claim) = arrival.claim {
            match self.shared.claims.claim(claim.key, claim.digest, id) {
                Claimed::New => {}
                Claimed::Join(earlier) => return self.join(world, now, earlier, waiter),
                Claimed::Conflict => return self.reply(world, waiter, Reply::Refusal(Refusal::KeyReused)),
            }
        }
        let outcome = self.start_post(world, now, &mut arrival);
        if let Err(refusal) = outcome {
            if let Some(claim) = arrival.claim {
                self.shared.claims.forget(claim.key, id);
            }
            self.reply(world, waiter, Reply::Refusal(refusal));
        }
        self.give_submission(arrival.post.submission);
    }

    fn start_post(
        &mut self,
        world: &mut impl World,
        now: Now,
        arrival: &mut PostArrival,
    ) -> Result<(), Refusal> {
        let id = arrival.ping;
        let requester = Requester::Seller(arrival.seller_name.clone());
        let Some(auction) = self.tenants.find(id) else {
            let known = self.state(id, &requester, now).is_some();
            return Err(if known { self.why_closed(id) } else { Refusal::NotFound });
        };
        if self.state(id, &requester, now).is_none() {
            return Err(Refusal::NotFound);
        }
        arrival.post.named = self.named_offers(auction, &arrival.offer_ids)?;
        match self.engine.check_post(auction, &arrival.post, now) {
            Err(Refusal::FieldsChanged(fields)) if arrival.keep_on_changed => {
                for field in fields {
                    arrival.post.submission.set_value(field, None);
                }
                self.engine.check_post(auction, &arrival.post, now)?;
            }
            other => other?,
        }
        self.claim_person_of_post(auction, arrival, now)?;
        if let Some(tenant) = self.tenants.get_mut(auction) {
            tenant.waiters.push((arrival.waiter, false));
            let [_, place] = &mut tenant.claims;
            if let Some(before) = place.take() {
                self.shared.claims.forget(before, id);
            }
            *place = arrival.claim.map(|claim| claim.key);
        }
        self.engine.handle(now, Input::SellerPost { auction, post: &arrival.post });
        self.carry_out(world, now);
        Ok(())
    }

    /// Claims the person of a ping that came without identity; a person who is known gives the offers back.
    fn claim_person_of_post(
        &mut self,
        auction: SlotKey,
        arrival: &PostArrival,
        now: Now,
    ) -> Result<(), Refusal> {
        let Some(tenant) = self.tenants.get_mut(auction) else { return Ok(()) };
        let (id, seller) = (tenant.id, tenant.seller.key);
        match self.claim_person(&arrival.fingerprints, id, seller, now.utc) {
            Seen::Fresh => {
                if let Some(tenant) = self.tenants.get_mut(auction) {
                    tenant.fingerprints = arrival.fingerprints;
                }
                Ok(())
            }
            Seen::Duplicate(DuplicateScope::Own, earlier) => {
                Err(Refusal::Duplicate(DuplicateScope::Own, Some(earlier)))
            }
            Seen::Duplicate(DuplicateScope::Exchange, _) => {
                Err(Refusal::Duplicate(DuplicateScope::Exchange, None))
            }
            Seen::TooSoon(retry_after) => Err(Refusal::TooSoon { retry_after }),
        }
    }

    fn named_offers(&self, auction: SlotKey, ids: &[OfferId]) -> Result<Vec<OfferKey>, Refusal> {
        let Some(found) = self.engine.auction(auction) else { return Err(Refusal::PingLost) };
        let key = self.shared.derived_key("offers");
        ids.iter()
            .enumerate()
            .map(|(position, id)| {
                let offer = found.offers().iter().find(|offer| offer_id(found.id(), offer.key, &key) == *id);
                offer.map(|offer| offer.key).ok_or(Refusal::UnknownOffer(position))
            })
            .collect()
    }

    /// Returns how a sale stands, where the requester may see it.
    fn state(&mut self, id: Uuid7, requester: &Requester, now: Now) -> Option<Reply> {
        let Requester::Seller(seller) = requester else { return self.account(id, now) };
        let (answer, snapshot) = self.known(id, now)?;
        let own = snapshot.seller(answer.seller).is_some_and(|known| known.name == *seller);
        own.then(|| Reply::Answer { answer: Box::new(answer), snapshot, replayed: false })
    }

    /// Returns how a sale of this shard stands, with the catalog in which its indices hold.
    fn known(&self, id: Uuid7, now: Now) -> Option<(Answer, Arc<Snapshot>)> {
        if let Some(auction) = self.tenants.find(id) {
            let snapshot = self.engine.auction(auction)?.snapshot()?;
            return Some((self.engine.answer(auction, now)?, Arc::clone(snapshot)));
        }
        let finished = self.history.get(id)?;
        Some((finished.story()?.answer(), Arc::clone(finished.content.snapshot.as_ref()?)))
    }

    fn account(&mut self, id: Uuid7, now: Now) -> Option<Reply> {
        let account = if let Some(auction) = self.tenants.find(id) {
            let story = self.engine.story(auction, now)?;
            let found = self.engine.auction(auction)?;
            account(story, found.snapshot()?, found.submission(), true)
        } else {
            let finished = self.history.get(id)?;
            account(
                finished.story()?,
                finished.content.snapshot.as_ref()?,
                &finished.content.submission,
                false,
            )
        };
        Some(Reply::Account(Box::new(account)))
    }

    fn why_closed(&self, id: Uuid7) -> Refusal {
        let status = self.history.get(id).and_then(Finished::story).map(|story| story.status);
        match status {
            Some(AnswerStatus::Unsold(UnsoldReason::OffersExpired)) => Refusal::PingExpired,
            Some(_) => Refusal::PingClosed,
            None => Refusal::PingLost,
        }
    }

    fn claim_person(&mut self, prints: &[Option<u128>; 2], id: Uuid7, seller: u64, now: UtcMicros) -> Seen {
        let mut given = [0; 2];
        let mut count = 0_usize;
        for (place, print) in given.iter_mut().zip(prints.iter().flatten()) {
            *place = *print;
            count = count.saturating_add(1);
        }
        let given = given.get(..count).unwrap_or(&[]);
        let seen = self.shared.fingerprints.claim(given, id, seller, now);
        if seen == Seen::Fresh {
            for print in given {
                self.prints.push_back((*print, id));
            }
            while self.prints.len() > self.shared.config().fingerprints_max {
                if let Some((oldest, owner)) = self.prints.pop_front() {
                    self.shared.fingerprints.forget(oldest, owner);
                }
            }
        }
        seen
    }

    fn answer_duplicate(
        &mut self,
        world: &mut impl World,
        now: Now,
        arrival: Arrival,
        id: Uuid7,
        (scope, earlier): (DuplicateScope, Uuid7),
    ) {
        let status = match (arrival.kind, scope) {
            // Nobody may ask through a ping whether another seller's person is known here.
            (SaleKind::TwoStep, DuplicateScope::Exchange) => {
                AnswerStatus::NoOffer(UnsoldReason::NoEligibleBuyer)
            }
            (_, DuplicateScope::Own) => AnswerStatus::Duplicate(scope, Some(earlier)),
            (SaleKind::OneCall, DuplicateScope::Exchange) => AnswerStatus::Duplicate(scope, None),
        };
        let story = Story {
            id,
            kind: arrival.kind,
            seller: arrival.submission.seller,
            vertical: arrival.submission.vertical,
            catalog_version: arrival.snapshot.version,
            admitted: now.utc,
            bids_closed_us: 0,
            answered_us: 0,
            ended_us: 0,
            expires_at: UtcMicros(0),
            status,
            payout: Amount::ZERO,
            candidates: Vec::new(),
            posts: Vec::new(),
            offers: Vec::new(),
        };
        let answer = Box::new(story.answer());
        let mut place = self.history.make_room();
        for claim in core::mem::take(&mut place.claims).into_iter().flatten() {
            self.shared.claims.forget(claim, place.id);
        }
        place.id = id;
        place.claims = [arrival.claim.map(|claim| claim.key), None];
        place.content.submission = arrival.submission;
        place.content.snapshot = Some(Arc::clone(&arrival.snapshot));
        place.content.record.clear();
        encode_record(&Record::Closed(story), &mut place.content.record);
        self.history.push(place);
        let waiter = Waiter { place: self.place, token: arrival.token };
        self.reply(world, waiter, Reply::Answer { answer, snapshot: arrival.snapshot, replayed: false });
    }

    /// Returns a new id in one of this shard's partitions.
    fn new_id(&self, now: Now, entropy: u128) -> Uuid7 {
        let shards = self.shared.config().shards.max(1);
        let id = Uuid7::new(now.utc, entropy);
        let within = id.partition() - id.partition() % shards;
        let partition = within.saturating_add(self.place.0);
        id.with_partition(if partition < PARTITIONS { partition } else { self.place.0 })
    }
}

fn account(story: Story, snapshot: &Arc<Snapshot>, submission: &Submission, live: bool) -> Account {
    let left_out = eligibility::left_out(snapshot, submission, story.admitted);
    Account { left_out, snapshot: Arc::clone(snapshot), story, live }
}

/// Returns the id of an offer, which only the holder of `key` can compute.
pub(crate) fn offer_id(sale: Uuid7, offer: OfferKey, key: &HashKey) -> OfferId {
    OfferId(sale.derive(key, offer.number()))
}
