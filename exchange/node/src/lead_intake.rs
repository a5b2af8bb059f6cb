//! A lead or ping comes in: claimed, checked against the persons known, sealed, considered, auctioned.

use std::sync::Arc;

use exchange_protocol::{
    AnswerStatus, ClaimRecord, Input, LeadRecord, Record, Refusal, Reply, SaleKind, Story, Submit, Waiter,
    encode_record,
};
use exchange_types::{DuplicateScope, Nanos, Now, QualityFault, UnsoldReason, UtcMicros, Uuid7};

use crate::claims::Claimed;
use crate::eligibility;
use crate::fingerprints::Seen;
use crate::tenants::Waiting;
use crate::{Admission, Arrival, Shard, World};

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
        if !self.engine.has_room() || self.shared.admission() != Admission::Open {
            self.give_submission(arrival.submission);
            return self.reply(world, waiter, Reply::Refusal(Refusal::Overloaded));
        }
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
        match self.left_memory(arrival.claim, arrival.fingerprints) {
            Some(asked) => self.park_lead(world, now, id, arrival, asked),
            None => self.admit(world, now, id, arrival, Vec::new()),
        }
    }

    /// Admits a lead whose key is claimed: it is written down, and its auction begins.
    pub(crate) fn admit(
        &mut self,
        world: &mut impl World,
        now: Now,
        id: Uuid7,
        arrival: Arrival,
        joined: Vec<Waiting>,
    ) {
        let waiter = Waiter { place: self.place, token: arrival.token };
        let mut arrival = arrival;
        let record = if self.engine.has_room() { self.lead_record(world, now, id, &arrival) } else { None };
        let Some(record) = record else {
            self.shared.unclaim(arrival.claim, id);
            self.give_submission(arrival.submission);
            return self.refuse_all(world, waiter, joined, &Refusal::Overloaded);
        };
        if !arrival.faults.is_empty() {
            // It makes nobody a duplicate and is none: its person may come again with what was wrong mended.
            self.engine.append_sealed(&Record::Lead(record), &self.sealed);
            let faults = core::mem::take(&mut arrival.faults);
            self.answer_at_once(world, now, (id, arrival, joined), (AnswerStatus::Invalid, faults));
            return self.carry_out(world, now);
        }
        let current = Arc::clone(&arrival.current);
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
                self.engine.append_sealed(&Record::Lead(record), &self.sealed);
                let status = status_of_duplicate(arrival.kind, scope, earlier);
                self.answer_at_once(world, now, (id, arrival, joined), (status, Vec::new()));
                return self.carry_out(world, now);
            }
            Seen::TooSoon(retry_after) => {
                self.shared.unclaim(arrival.claim, id);
                self.give_submission(arrival.submission);
                return self.refuse_all(world, waiter, joined, &Refusal::TooSoon { retry_after });
            }
        }
        self.engine.append_sealed(&Record::Lead(record), &self.sealed);
        self.tally().admitted(arrival.kind);
        let mut considered = core::mem::take(&mut self.considered);
        let market = (&*current, &*self.shared.stops());
        eligibility::consider(market, &arrival.submission, arrival.kind, now.utc, &mut considered);
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
            tenant.waiters.extend(joined);
            tenant.claims.extend(arrival.claim.map(|claim| claim.key));
            let [phone, email] = arrival.fingerprints;
            tenant.fingerprints = [phone, email, None, None];
            tenant.seller = seller;
        }
        self.carry_out(world, now);
    }

    /// Returns the record of a lead, its ciphertexts in `self.sealed`; nothing where no key is ready for it.
    fn lead_record(
        &mut self,
        world: &mut impl World,
        now: Now,
        id: Uuid7,
        arrival: &Arrival,
    ) -> Option<LeadRecord> {
        let (sealed, consent) = self.seal(world, id, &arrival.submission)?;
        let snapshot = &arrival.current.snapshot;
        let vertical = snapshot.vertical(arrival.submission.vertical);
        let until = |length: Nanos| now.utc.saturating_add(length);
        let seller = snapshot.seller(arrival.submission.seller).map_or("", |seller| &seller.name);
        let seller_ref = arrival.submission.seller_ref().map(|text| self.shared.seller_ref(seller, text));
        Some(LeadRecord {
            id,
            kind: arrival.kind,
            seller: arrival.submission.seller,
            vertical: arrival.submission.vertical,
            catalog_version: snapshot.version,
            admitted: now.utc,
            claim: arrival.claim.map(|claim| ClaimRecord { key: claim.key, digest: claim.digest }),
            prints: arrival.fingerprints,
            seller_ref,
            taken_until: until(vertical.map_or(Nanos::ZERO, |vertical| vertical.duplicate_window)),
            again_from: until(vertical.map_or(Nanos::ZERO, |vertical| vertical.resubmit_after)),
            sealed,
            consent,
        })
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
                self.note_print(*print, id, now);
            }
        }
        seen
    }

    /// Notes that a fingerprint is in memory for a sale; the oldest leaves where there are too many.
    pub(crate) fn note_print(&mut self, print: u128, id: Uuid7, now: UtcMicros) {
        self.prints.push_back((print, id));
        // Each but the newest is looked at once. Of a sale on its way the store cannot tell yet: its person stays,
        // however many there are.
        for _ in 1..self.prints.len() {
            if self.prints.len() <= self.shared.config().fingerprints_max {
                return;
            }
            let Some((oldest, owner)) = self.prints.pop_front() else { return };
            if (oldest, owner) == (print, id) {
                // It was noted before, and counts as noted now.
                continue;
            }
            if self.tenants.find(owner).is_some() {
                self.prints.push_back((oldest, owner));
            } else {
                self.shared.retire_person(oldest, owner, now);
            }
        }
    }

    /// Answers a submission that is written down and not auctioned.
    fn answer_at_once(
        &mut self,
        world: &mut impl World,
        now: Now,
        (id, arrival, joined): (Uuid7, Arrival, Vec<Waiting>),
        (status, faults): (AnswerStatus, Vec<QualityFault>),
    ) {
        let snapshot = Arc::clone(&arrival.current.snapshot);
        let story = Story {
            id,
            kind: arrival.kind,
            seller: arrival.submission.seller,
            vertical: arrival.submission.vertical,
            catalog_version: snapshot.version,
            admitted: now.utc,
            status,
            faults,
            ..Story::default()
        };
        let answer = story.answer();
        self.tally().admitted(arrival.kind);
        self.tally().ended(arrival.kind, &story.status);
        let record = Record::Closed(story);
        self.engine.append(&record);
        let mut place = self.make_room_in_history(now.utc);
        place.id = id;
        place.claims.extend(arrival.claim.map(|claim| claim.key));
        place.content.submission = arrival.submission;
        place.content.snapshot = Some(Arc::clone(&snapshot));
        place.content.record.clear();
        encode_record(&record, &mut place.content.record);
        self.history.push(place);
        let first = Waiter { place: self.place, token: arrival.token };
        let others = joined.into_iter().map(|waiting| (waiting.waiter, true));
        for (waiter, replayed) in core::iter::once((first, false)).chain(others) {
            let (answer, snapshot) = (Box::new(answer.clone()), Arc::clone(&snapshot));
            self.reply(world, waiter, Reply::Answer { answer, snapshot, replayed, kept: Vec::new() });
        }
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

fn status_of_duplicate(kind: SaleKind, scope: DuplicateScope, earlier: Uuid7) -> AnswerStatus {
    match (kind, scope) {
        // Nobody may ask through a ping whether another seller's person is known here.
        (SaleKind::TwoStep, DuplicateScope::Exchange) => AnswerStatus::NoOffer(UnsoldReason::NoEligibleBuyer),
        (_, DuplicateScope::Own) => AnswerStatus::Duplicate(scope, Some(earlier)),
        (SaleKind::OneCall, DuplicateScope::Exchange) => AnswerStatus::Duplicate(scope, None),
    }
}
