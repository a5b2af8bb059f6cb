//! A lead or ping comes in: claimed, checked against the persons known, considered, auctioned.

use std::sync::Arc;

use exchange_protocol::{
    AnswerStatus, Input, Record, Refusal, Reply, SaleKind, Story, Submit, Waiter, encode_record,
};
use exchange_types::{Amount, DuplicateScope, Now, UnsoldReason, UtcMicros, Uuid7};

use crate::claims::Claimed;
use crate::eligibility;
use crate::fingerprints::Seen;
use crate::tenants::Waiting;
use crate::{Arrival, Shard, World};

/// Fingerprints of one person: two of the ping, two of the post.
const PRINTS_MAX: usize = 4;
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
        let current = Arc::clone(&arrival.current);
        let id = self.new_id(now, world.entropy());
        if let Some(claim) = arrival.claim {
            match self.shared.claims.claim(claim.key, claim.digest, id) {
                Claimed::New => {}
                Claimed::Join(earlier) => {
                    self.give_submission(arrival.submission);
                    return self.join(world, now, (earlier, true), waiter);
                }
                Claimed::Replay(told) => {
                    self.give_submission(arrival.submission);
                    return self.replay(world, waiter, &told);
                }
                Claimed::Conflict => {
                    self.give_submission(arrival.submission);
                    return self.reply(world, waiter, Reply::Refusal(Refusal::KeyReused));
                }
            }
        }
        let seller = current.seller(arrival.submission.seller);
        let prints = arrival.fingerprints;
        let seen = match arrival.kind {
            SaleKind::OneCall => self.claim_person(&prints, id, seller.key, now.utc),
            // A ping that is never posted makes nobody a duplicate: its person is claimed by the post.
            SaleKind::TwoStep => self.shared.fingerprints.look(&prints, seller.key, now.utc),
        };
        match seen {
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
            self.shared.pings.insert(id, Arc::clone(&current.snapshot), arrival.submission.vertical);
        }
        let submit = Submit {
            id,
            kind: arrival.kind,
            submission: arrival.submission,
            snapshot: Arc::clone(&current.snapshot),
            considered: &considered,
            rotation,
        };
        let key = self.engine.handle(now, Input::Submit(submit));
        self.considered = considered;
        if let Some(tenant) = key.and_then(|key| self.tenants.begin(key, id)) {
            tenant.waiters.push(Waiting { waiter, replayed: false, kept: Vec::new() });
            tenant.claims.extend(arrival.claim.map(|claim| claim.key));
            let [phone, email] = arrival.fingerprints;
            tenant.fingerprints = [phone, email, None, None];
            tenant.seller = seller;
        }
        self.carry_out(world, now);
    }

    pub(crate) fn claim_person(
        &mut self,
        prints: &[Option<u128>],
        id: Uuid7,
        seller: u64,
        now: UtcMicros,
    ) -> Seen {
        let mut given = [0; PRINTS_MAX];
        let mut count = 0_usize;
        for (place, print) in given.iter_mut().zip(prints.iter().flatten()) {
            *place = *print;
            count = count.saturating_add(1);
        }
        let given = given.get_mut(..count).unwrap_or(&mut []);
        // In one order everywhere: two claims of one person then cannot each take a print that the other needs.
        given.sort_unstable();
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
            catalog_version: arrival.current.snapshot.version,
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
        for claim in place.claims.drain(..) {
            self.shared.claims.forget(claim, place.id);
        }
        place.id = id;
        place.claims.extend(arrival.claim.map(|claim| claim.key));
        place.content.submission = arrival.submission;
        place.content.snapshot = Some(Arc::clone(&arrival.current.snapshot));
        place.content.record.clear();
        encode_record(&Record::Closed(story), &mut place.content.record);
        self.history.push(place);
        let waiter = Waiter { place: self.place, token: arrival.token };
        self.reply(
            world,
            waiter,
            Reply::Answer {
                answer,
                snapshot: Arc::clone(&arrival.current.snapshot),
                replayed: false,
                kept: Vec::new(),
            },
        );
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
