//! The second step of a two-step sale comes in, at its shard or for another.

use std::sync::Arc;

use exchange_engine::Auction;
use exchange_protocol::{
    AnswerStatus, AnsweredRecord, ClaimRecord, CompletedRecord, Input, OfferKey, Record, Refusal, Reply,
    Sealed, SlotKey, Story,
};
use exchange_types::person::or;
use exchange_types::{
    Amount, DuplicateScope, Nanos, Now, OfferId, Person, Prints, QualityFault, UnsoldReason, Uuid7,
};

use crate::claims::{Claimed, Told};
use crate::fingerprints::Seen;
use crate::history::Finished;
use crate::mesh::Message;
use crate::tenants::Waiting;
use crate::{PostArrival, Requester, Shard, World};

/// Why a post changes nothing.
enum NotPosted {
    Refused(Refusal),
    Invalid(Vec<QualityFault>),
    Suppressed,
}

impl From<Refusal> for NotPosted {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Shard {
    /// Takes in the second step of a two-step sale, here or at the shard that has its ping.
    pub fn post(&mut self, world: &mut impl World, now: Now, arrival: PostArrival) {
        let owner = self.shared.owner(arrival.ping);
        if owner == self.place {
            return self.own_post(world, now, arrival);
        }
        let waiter = arrival.waiter;
        self.pass_on(world, owner, waiter, Message::Post(Box::new(arrival)));
    }

    pub(crate) fn own_post(&mut self, world: &mut impl World, now: Now, mut arrival: PostArrival) {
        let waiter = arrival.waiter;
        if self.tenants.find(arrival.ping).is_some_and(|auction| self.is_test(auction)) {
            arrival.person = Person::default();
        }
        if let Some(claim) = arrival.claim {
            match self.shared.claims.claim(claim.key, claim.digest, arrival.ping) {
                Claimed::New => {}
                Claimed::Join(earlier) => {
                    self.give_submission(arrival.post.submission);
                    return self.join(world, now, (earlier, false), waiter);
                }
                Claimed::Replay(told) => {
                    self.give_submission(arrival.post.submission);
                    return self.replay(world, waiter, &told);
                }
                Claimed::Conflict => {
                    self.give_submission(arrival.post.submission);
                    return self.reply(world, waiter, Reply::Refusal(Refusal::KeyReused));
                }
            }
        }
        let (_, prints) = self.person_of_post(&arrival);
        let tenant = self.tenants.find(arrival.ping).and_then(|auction| self.tenants.get_mut(auction));
        let [first, later] = tenant.map_or_else(Default::default, |tenant| tenant.fingerprints);
        let asked = self.left_memory(arrival.claim, [prints, later, first].as_flattened());
        if let Some(asked) = asked {
            return self.park_post(world, now, arrival, asked);
        }
        self.admit_post(world, now, arrival, Vec::new());
    }

    /// Goes on with a post whose key is claimed.
    pub(crate) fn admit_post(
        &mut self,
        world: &mut impl World,
        now: Now,
        mut arrival: PostArrival,
        mut joined: Vec<Waiting>,
    ) {
        match self.start_post(world, now, &mut arrival, &mut joined) {
            Ok(()) => {}
            Err(NotPosted::Refused(Refusal::Duplicate(scope, earlier))) => {
                self.answer_duplicate_post(world, now, &arrival, joined, (scope, earlier));
            }
            Err(NotPosted::Invalid(faults)) => {
                self.answer_in_vain(world, now, &arrival, joined, (AnswerStatus::Invalid, faults));
            }
            Err(NotPosted::Suppressed) => {
                let status = AnswerStatus::Unsold(UnsoldReason::Suppressed);
                self.answer_in_vain(world, now, &arrival, joined, (status, Vec::new()));
            }
            Err(NotPosted::Refused(refusal)) => {
                self.shared.unclaim(arrival.claim, arrival.ping);
                self.refuse_all(world, arrival.waiter, joined, &refusal);
            }
        }
        self.give_submission(arrival.post.submission);
    }

    /// Answers a post whose person is known already. The offers stay as they are; the same post is told the same
    /// again for as long as its ping is remembered, whatever becomes of them.
    fn answer_duplicate_post(
        &mut self,
        world: &mut impl World,
        now: Now,
        arrival: &PostArrival,
        joined: Vec<Waiting>,
        (scope, earlier): (DuplicateScope, Option<Uuid7>),
    ) {
        let status = AnswerStatus::Duplicate(scope, earlier);
        let Some(told) = self.keep_told_of_post(arrival, (status, Vec::new()), now) else {
            self.shared.unclaim(arrival.claim, arrival.ping);
            return self.refuse_all(world, arrival.waiter, joined, &Refusal::Duplicate(scope, earlier));
        };
        self.carry_out(world, now);
        self.refuse_all(world, arrival.waiter, Vec::new(), &Refusal::Duplicate(scope, earlier));
        for Waiting { waiter, .. } in joined {
            self.replay(world, waiter, &told);
        }
    }

    /// Answers a post that is well formed and no good, or of somebody who is not to be sold. The offers stay as they
    /// are: a mended post may follow, under another key.
    fn answer_in_vain(
        &mut self,
        world: &mut impl World,
        now: Now,
        arrival: &PostArrival,
        joined: Vec<Waiting>,
        status: (AnswerStatus, Vec<QualityFault>),
    ) {
        let Some(told) = self.keep_told_of_post(arrival, status, now) else {
            self.shared.unclaim(arrival.claim, arrival.ping);
            return self.refuse_all(world, arrival.waiter, joined, &Refusal::PingLost);
        };
        self.carry_out(world, now);
        let (answer, snapshot) = (Box::new(told.answer.clone()), Arc::clone(&told.snapshot));
        let first = Reply::Answer { answer, snapshot, replayed: false, kept: Vec::new() };
        self.reply(world, arrival.waiter, first);
        for Waiting { waiter, .. } in joined {
            self.replay(world, waiter, &told);
        }
    }

    /// Keeps what a post is told that changes nothing about its ping, and writes it down.
    fn keep_told_of_post(
        &mut self,
        arrival: &PostArrival,
        (status, faults): (AnswerStatus, Vec<QualityFault>),
        now: Now,
    ) -> Option<Arc<Told>> {
        let auction = self.tenants.find(arrival.ping)?;
        let story = self.engine.story(auction, now)?;
        let snapshot = Arc::clone(self.engine.auction(auction)?.snapshot()?);
        let bare = Story {
            candidates: Vec::new(),
            posts: Vec::new(),
            offers: Vec::new(),
            steps: Vec::new(),
            ..story
        };
        let story = Story { status, faults, payout: Amount::ZERO, ..bare };
        let told = Arc::new(Told { answer: story.answer(), snapshot });
        if let Some(claim) = arrival.claim {
            self.shared.claims.keep(claim.key, arrival.ping, &told);
            let claim_record = ClaimRecord { key: claim.key, digest: claim.digest };
            let answered = AnsweredRecord { claim: claim_record, at: now.utc, told: story };
            self.engine.append(&Record::Answered(answered));
            if let Some(tenant) = self.tenants.get_mut(auction) {
                tenant.claims.push(claim.key);
            }
        }
        Some(told)
    }

    fn start_post(
        &mut self,
        world: &mut impl World,
        now: Now,
        arrival: &mut PostArrival,
        joined: &mut Vec<Waiting>,
    ) -> Result<(), NotPosted> {
        let id = arrival.ping;
        let requester = Requester::Seller(arrival.seller_name.clone());
        let Some(auction) = self.tenants.find(id) else {
            let known = self.state(id, &requester, now).is_some();
            return Err(if known { self.why_closed(id) } else { Refusal::NotFound }.into());
        };
        if self.state(id, &requester, now).is_none() {
            return Err(Refusal::NotFound.into());
        }
        let told = self.check_test(auction, arrival)?;
        arrival.post.named = self.named_offers(auction, &arrival.offer_ids)?;
        let mut kept = Vec::new();
        match self.engine.check_post(auction, &arrival.post, now) {
            Err(Refusal::FieldsChanged(fields)) if arrival.keep_on_changed => {
                kept = fields;
                for field in &kept {
                    arrival.post.submission.set_value(*field, None);
                }
                self.engine.check_post(auction, &arrival.post, now)?;
            }
            other => other?,
        }
        let faults = self.faults_of_post(auction, arrival);
        if !faults.is_empty() {
            return Err(NotPosted::Invalid(faults));
        }
        match told {
            Some((AnswerStatus::Duplicate(scope, earlier), _)) => {
                return Err(Refusal::Duplicate(scope, earlier).into());
            }
            Some((_, faults)) => return Err(NotPosted::Invalid(faults)),
            None => {}
        }
        let [first, later] = self.tenants.get(auction).map_or_else(Default::default, |tenant| tenant.persons);
        if self.shared.suppressions.bar_sale(&[arrival.person, later, first]) {
            return Err(NotPosted::Suppressed);
        }
        let sealed = self.seal(world, id, &arrival.post.submission).ok_or(Refusal::Overloaded)?;
        let person = self.person_of_post(arrival);
        self.claim_person_of_post(auction, person, now)?;
        if let Some(tenant) = self.tenants.get_mut(auction)
            && let Some(key) = tenant.weak_claim.take()
        {
            self.shared.claims.forget(key, id);
        }
        self.keep_told(auction, now);
        self.append_completed(arrival, person, sealed, now);
        self.note_posted(auction);
        if let Some(tenant) = self.tenants.get_mut(auction) {
            tenant.waiters.push(Waiting { waiter: arrival.waiter, replayed: false, kept });
            tenant.waiters.append(joined);
            tenant.claims.extend(arrival.claim.map(|claim| claim.key));
        }
        self.engine.handle(now, Input::SellerPost { auction, post: &arrival.post });
        self.carry_out(world, now);
        Ok(())
    }

    /// Returns what makes a post invalid: by itself, and together with its ping.
    fn faults_of_post(&self, auction: SlotKey, arrival: &mut PostArrival) -> Vec<QualityFault> {
        let mut faults = core::mem::take(&mut arrival.faults);
        let Some(found) = self.engine.auction(auction) else { return faults };
        let Some(vertical) = found.vertical().filter(|vertical| !vertical.rules.is_empty()) else {
            return faults;
        };
        let mut whole = found.submission().clone();
        whole.complete_with(&arrival.post.submission);
        faults.extend(vertical.broken_rules(&whole));
        faults
    }

    /// Writes down what the post brought, its ciphertexts being in `self.sealed`.
    fn append_completed(
        &mut self,
        arrival: &PostArrival,
        (person, prints): (Person, Prints),
        (sealed, consent): (Sealed, Option<Sealed>),
        now: Now,
    ) {
        let record = Record::Completed(CompletedRecord {
            id: arrival.ping,
            at: now.utc,
            claim: arrival.claim.map(|claim| ClaimRecord { key: claim.key, digest: claim.digest }),
            prints,
            person,
            sealed,
            consent,
        });
        self.engine.append_sealed(&record, &self.sealed);
    }

    /// Keeps what the ping and earlier posts were told: this post changes how the sale stands.
    fn keep_told(&mut self, auction: SlotKey, now: Now) {
        let Some((id, claims)) = self.tenants.get_mut(auction).map(|tenant| (tenant.id, &tenant.claims))
        else {
            return;
        };
        let Some(answer) = self.engine.answer(auction, now) else { return };
        let Some(snapshot) = self.engine.auction(auction).and_then(Auction::snapshot) else { return };
        let told = Arc::new(Told { answer, snapshot: Arc::clone(snapshot) });
        for claim in claims {
            self.shared.claims.keep(*claim, id, &told);
        }
    }

    /// Returns the person whom a post names, with its fingerprints in the vertical of its ping.
    fn person_of_post(&self, arrival: &PostArrival) -> (Person, Prints) {
        let schema = self.shared.ping_schema(arrival.ping);
        let vertical = schema.as_ref().and_then(|(snapshot, vertical)| snapshot.vertical(*vertical));
        let prints = vertical.map(|own| self.shared.person_prints(&arrival.person, &own.name));
        (arrival.person, prints.unwrap_or_default())
    }

    /// Claims the person that the post names, besides what the ping's identity claimed already.
    fn claim_person_of_post(
        &mut self,
        auction: SlotKey,
        (person, prints): (Person, Prints),
        now: Now,
    ) -> Result<(), Refusal> {
        let Some(tenant) = self.tenants.get_mut(auction) else { return Ok(()) };
        let (id, seller) = (tenant.id, tenant.seller.key);
        // What the ping, or a post in vain, said of the person still holds where this post is silent.
        let [first, earlier] = tenant.fingerprints;
        let both = [first, or(prints, earlier)];
        match self.claim_person(both.as_flattened(), id, seller, now.utc) {
            Seen::Fresh => {
                if let Some(tenant) = self.tenants.get_mut(auction) {
                    tenant.fingerprints = both;
                    let [_, later] = &mut tenant.persons;
                    *later = person.or(*later);
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
        let keys = self.shared.sale_keys();
        ids.iter()
            .enumerate()
            .map(|(position, id)| {
                let offer = found.offers().iter().find(|offer| keys.offer(found.id(), offer.key) == *id);
                offer.map(|offer| offer.key).ok_or(Refusal::UnknownOffer(position))
            })
            .collect()
    }

    fn why_closed(&self, id: Uuid7) -> Refusal {
        let Some(story) = self.history.get(id).and_then(Finished::story) else { return Refusal::PingLost };
        let expired = story.status == AnswerStatus::Unsold(UnsoldReason::OffersExpired);
        let ended = story.admitted.saturating_add(Nanos(u64::from(story.ended_us).saturating_mul(1_000)));
        // Offers that ended before their time were given back.
        if expired && ended >= story.expires_at { Refusal::PingExpired } else { Refusal::PingClosed }
    }
}
