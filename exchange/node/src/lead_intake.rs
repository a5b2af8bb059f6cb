//! A lead or ping comes in: claimed, checked against the persons known, sealed, considered, auctioned.

use std::sync::Arc;

use exchange_protocol::{
    AnswerStatus, Input, LeadRecord, Record, Refusal, Reply, SaleKind, Story, Submit, Waiter, encode_record,
};
use exchange_types::{
    DuplicateScope, Nanos, Now, Person, Prints, QualityFault, UnsoldReason, UtcMicros, Uuid7,
};

use crate::allowance::Allowance;
use crate::bars::Bars;
use crate::claims::Claimed;
use crate::eligibility;
use crate::fingerprints::Seen;
use crate::meter::SupplyMeters;
use crate::tenants::Waiting;
use crate::test_mode;
use crate::{Admission, Arrival, ClaimKey, Shard, World};

/// Fingerprints of one person: those of the ping and those of the post.
pub(crate) const PRINTS_MAX: usize = 8;
/// Partitions of the ids; twelve bits of an id name one.
const PARTITIONS: u16 = 4_096;

impl Shard {
    /// Takes in a lead or a ping.
    ///
    /// Overload and refusals store nothing: the same key may come again.
    pub fn lead(&mut self, world: &mut impl World, now: Now, arrival: Arrival) {
        let waiter = Waiter { place: self.place, token: arrival.token };
        let mut arrival = arrival;
        if arrival.submission.test.is_some() {
            // A test is nobody's: it neither finds a person nor leaves one.
            arrival.person = Person::default();
        }
        if !self.engine.has_room() || self.shared.admission() != Admission::Open {
            self.give_submission(arrival.submission);
            return self.reply(world, waiter, Reply::Refusal(Refusal::Overloaded));
        }
        let id = self.new_id(now, world.entropy());
        if let Some(claim) = arrival.claim {
            match self.claim(world, now, claim, id) {
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
        match self.left_memory(arrival.claim, &self.prints_of(&arrival)) {
            Some(asked) => self.park_lead(world, now, id, arrival, asked),
            None => self.admit(world, now, id, arrival, Vec::new()),
        }
    }

    /// Claims a key for a lead or ping. What a ping says of its person names it only as long as it is open and its body
    /// is the same; else the new one takes the name over, and what the earlier one holds is given back.
    fn claim(&mut self, world: &mut impl World, now: Now, claim: ClaimKey, id: Uuid7) -> Claimed {
        let claimed = self.shared.claims.claim(claim.key, claim.digest, id);
        if !claim.weak || matches!(claimed, Claimed::New | Claimed::Join(_)) {
            return claimed;
        }
        if let Some(earlier) = self.shared.claims.take_over(claim.key, claim.digest, id) {
            self.supersede(world, now, earlier);
        }
        Claimed::New
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
        let allowance = Allowance::of(&arrival);
        if let Err(refusal) = allowance.take(now) {
            self.shared.unclaim(arrival.claim, id);
            self.give_submission(arrival.submission);
            return self.refuse_all(world, waiter, joined, &refusal);
        }
        let record = if self.engine.has_room() { self.lead_record(world, now, id, &arrival) } else { None };
        let Some(record) = record else {
            allowance.give_back(now);
            self.shared.unclaim(arrival.claim, id);
            self.give_submission(arrival.submission);
            return self.refuse_all(world, waiter, joined, &Refusal::Overloaded);
        };
        let seller = arrival.current.seller(arrival.submission.seller).key;
        let prints = self.prints_of(&arrival);
        // Before the person is claimed, whereby a small memory forgets what it knew.
        let bars = Bars::of(&self.shared, &[arrival.person], &[prints]);
        match self.at_once(now, id, &mut arrival, (&prints, seller)) {
            Ok(None) => {}
            Ok(Some(status)) => {
                self.engine.append_sealed(&Record::Lead(record), &self.sealed);
                self.answer_at_once(world, now, (id, arrival, joined), status);
                return self.carry_out(world, now);
            }
            Err(refusal) => {
                allowance.give_back(now);
                self.shared.unclaim(arrival.claim, id);
                self.give_submission(arrival.submission);
                return self.refuse_all(world, waiter, joined, &refusal);
            }
        }
        self.engine.append_sealed(&Record::Lead(record), &self.sealed);
        let mut waiting = vec![Waiting { waiter, replayed: false, kept: Vec::new() }];
        waiting.extend(joined);
        self.auction_lead(now, id, arrival, (prints, bars), (waiting, allowance.into_source()));
        self.carry_out(world, now);
    }

    /// Begins the auction of a lead that is written down.
    fn auction_lead(
        &mut self,
        now: Now,
        id: Uuid7,
        arrival: Arrival,
        (prints, bars): (Prints, Bars),
        (waiting, source): (Vec<Waiting>, Option<Arc<SupplyMeters>>),
    ) {
        let Arrival { kind, submission, current, claim, person, .. } = arrival;
        let mut considered = core::mem::take(&mut self.considered);
        if let Some(test) = submission.test {
            test_mode::consider(&current, &submission, test, &mut considered);
        } else {
            self.tally().admitted(kind);
            let market = (&*current, &*self.shared.stops());
            eligibility::consider(
                market,
                (&*self.shared, &bars),
                &submission,
                kind,
                now.utc,
                &mut considered,
            );
        }
        let (vertical, seller) = (submission.vertical, current.seller(submission.seller));
        if kind == SaleKind::TwoStep {
            self.shared.pings.insert(id, Arc::clone(&current.snapshot), vertical);
        }
        let submit = Submit {
            id,
            kind,
            submission,
            snapshot: Arc::clone(&current.snapshot),
            considered: &considered,
            rotation: current.rotation(vertical),
        };
        let key = self.engine.handle(now, Input::Submit(submit));
        self.considered = considered;
        if let Some(tenant) = key.and_then(|key| self.tenants.begin(key, id)) {
            tenant.waiters.extend(waiting);
            tenant.claims.extend(claim.filter(|claim| !claim.weak).map(|claim| claim.key));
            tenant.weak_claim = claim.filter(|claim| claim.weak).map(|claim| claim.key);
            tenant.fingerprints = [prints, Prints::default()];
            tenant.persons = [person, Person::default()];
            tenant.seller = seller;
            tenant.source = source;
        }
    }

    /// Returns what a lead is told that is written down and not auctioned; nothing of one that is, whose person is
    /// claimed then.
    fn at_once(
        &mut self,
        now: Now,
        id: Uuid7,
        arrival: &mut Arrival,
        (prints, seller): (&Prints, u64),
    ) -> Result<Option<(AnswerStatus, Vec<QualityFault>)>, Refusal> {
        if !arrival.faults.is_empty() {
            // It makes nobody a duplicate and is none: its person may come again with what was wrong mended.
            return Ok(Some((AnswerStatus::Invalid, core::mem::take(&mut arrival.faults))));
        }
        if let Some(test) = arrival.submission.test {
            // Neither its person nor its look is noted or compared.
            return Ok(test_mode::told_at_once(test, id));
        }
        if self.shared.suppressions.bar_sale(&[arrival.person]) {
            let status = match arrival.kind {
                SaleKind::OneCall => AnswerStatus::Unsold(UnsoldReason::Suppressed),
                SaleKind::TwoStep => AnswerStatus::NoOffer(UnsoldReason::Suppressed),
            };
            return Ok(Some((status, Vec::new())));
        }
        let seen = match arrival.kind {
            SaleKind::OneCall => self.claim_person(prints, id, seller, now.utc),
            // A ping that is never posted makes nobody a duplicate: its person is claimed by the post.
            SaleKind::TwoStep => self.shared.fingerprints.look(prints, seller, now.utc),
        };
        match seen {
            Seen::Fresh => Ok(self.near_duplicate(now, id, arrival, prints)),
            Seen::Duplicate(scope, earlier) => {
                Ok(Some((status_of_duplicate(arrival.kind, scope, earlier), Vec::new())))
            }
            Seen::TooSoon(retry_after) => Err(Refusal::TooSoon { retry_after }),
        }
    }

    /// Notes the look of a lead, or returns what it is told because another one of its seller had it lately. Then its
    /// person is not claimed any more.
    fn near_duplicate(
        &mut self,
        now: Now,
        id: Uuid7,
        arrival: &Arrival,
        prints: &Prints,
    ) -> Option<(AnswerStatus, Vec<QualityFault>)> {
        let look = self.shared.look_of(arrival, now.utc)?;
        match self.shared.nears.claim(look, id, *prints, now.utc) {
            Ok(()) => {
                self.looks.push_back((look, id));
                // As many as finished auctions, beside whose records they are counted.
                let looks_max = self.shared.config().history_max;
                while self.looks.len() > looks_max
                    || self.looks.front().is_some_and(|(look, _)| look.until < now.utc)
                {
                    let Some((oldest, owner)) = self.looks.pop_front() else { break };
                    self.shared.nears.forget(oldest.print, owner);
                }
                None
            }
            Err(earlier) => {
                for print in prints.iter().flatten() {
                    self.shared.fingerprints.forget(*print, id);
                }
                Some((AnswerStatus::Duplicate(DuplicateScope::Own, Some(earlier)), Vec::new()))
            }
        }
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
            test: arrival.submission.test.is_some(),
            catalog_version: snapshot.version,
            admitted: now.utc,
            claim: arrival.claim.filter(|claim| !claim.weak).map(ClaimKey::record),
            prints: self.prints_of(arrival),
            person: if arrival.kind == SaleKind::TwoStep { arrival.person } else { Person::default() },
            seller_ref,
            taken_until: until(vertical.map_or(Nanos::ZERO, |vertical| vertical.duplicate_window)),
            again_from: until(vertical.map_or(Nanos::ZERO, |vertical| vertical.resubmit_after)),
            sealed,
            consent,
        })
    }

    /// Returns the fingerprints of the person of a lead or ping.
    fn prints_of(&self, arrival: &Arrival) -> Prints {
        let vertical = arrival.current.snapshot.vertical(arrival.submission.vertical);
        vertical.map_or_else(Prints::default, |own| self.shared.person_prints(&arrival.person, &own.name))
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
            test: arrival.submission.test.is_some(),
            ..Story::default()
        };
        let answer = story.answer();
        if !story.test {
            self.tally().admitted(arrival.kind);
            self.tally().ended(arrival.kind, &story.status);
        }
        let record = Record::Closed(story);
        self.engine.append(&record);
        let mut place = self.make_room_in_history(now.utc);
        place.id = id;
        self.shared.unclaim(arrival.claim.filter(|claim| claim.weak), id);
        place.claims.extend(arrival.claim.filter(|claim| !claim.weak).map(|claim| claim.key));
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
