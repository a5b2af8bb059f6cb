//! What has left the memory is asked of the store; requests wait for it, few and not for long.
//!
//! A request whose key or person a filter takes for seen is parked. The store's answer lets it go on; without one
//! in time it is refused as overloaded and nothing is stored, so that the same key may come again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use exchange_protocol::{ClaimRecord, Refusal, Reply, SaleKind, Waiter};
use exchange_types::{Nanos, Now, Uuid7};

use crate::tenants::Waiting;
use crate::{Arrival, ClaimKey, PostArrival, Question, Remembered, RememberedClaim, Requester, Shard, World};

/// The longest wait for the store: a look-up by key takes a few milliseconds, and what is over is the seller's.
const WAIT_MAX: Nanos = Nanos::from_millis(250);

/// The requests of a shard that wait for the store.
#[derive(Debug, Default)]
pub(crate) struct Parking {
    places: BTreeMap<u64, Parked>,
    /// The tokens of sales that are not admitted yet, so that repeats wait with them.
    by_id: BTreeMap<Uuid7, u64>,
    deadlines: BTreeSet<(Nanos, u64)>,
    last_token: u64,
}

/// What has left the memory: a key with its body, and fingerprints.
pub(crate) type Asked = (Option<ClaimRecord>, Vec<u128>);

/// A request that waits for the store.
#[derive(Debug)]
struct Parked {
    request: Request,
    /// Repeats that came meanwhile.
    joined: Vec<Waiting>,
    since: Nanos,
    until: Nanos,
}

/// What waits.
#[derive(Debug)]
enum Request {
    Lead { id: Uuid7, arrival: Box<Arrival> },
    Post(Box<PostArrival>),
    Read { requester: Requester, waiter: Waiter },
}

impl Parking {
    /// Returns when the first of those that wait is refused.
    pub(crate) fn next_timeout(&self) -> Option<Nanos> {
        self.deadlines.first().map(|(until, _)| *until)
    }

    /// Has a repeat of a sale's first or second step wait with the first one of that step; hands it back where
    /// the step does not wait.
    pub(crate) fn join(&mut self, id: Uuid7, first: bool, waiting: Waiting) -> Result<(), Waiting> {
        let place = self.by_id.get(&id).and_then(|token| self.places.get_mut(token));
        let same_step = |parked: &&mut Parked| matches!(parked.request, Request::Lead { .. }) == first;
        let Some(parked) = place.filter(same_step) else { return Err(waiting) };
        parked.joined.push(waiting);
        Ok(())
    }

    fn park(&mut self, request: Request, now: Nanos, wait: Nanos) -> u64 {
        self.last_token = self.last_token.wrapping_add(1);
        let (token, until) = (self.last_token, now.saturating_add(wait));
        match &request {
            Request::Lead { id, .. } => self.by_id.insert(*id, token),
            Request::Post(arrival) => self.by_id.insert(arrival.ping, token),
            Request::Read { .. } => None,
        };
        self.deadlines.insert((until, token));
        self.places.insert(token, Parked { request, joined: Vec::new(), since: now, until });
        token
    }

    fn take(&mut self, token: u64) -> Option<Parked> {
        let parked = self.places.remove(&token)?;
        self.deadlines.remove(&(parked.until, token));
        match &parked.request {
            Request::Lead { id, .. } => self.by_id.remove(id),
            Request::Post(arrival) => self.by_id.remove(&arrival.ping),
            Request::Read { .. } => None,
        };
        Some(parked)
    }

    fn take_overdue(&mut self, now: Nanos) -> Option<Parked> {
        let (until, token) = *self.deadlines.first()?;
        if until > now { None } else { self.take(token) }
    }
}

impl Shard {
    /// Takes what the store knows, as it was asked by `Past::look_up`; nothing where it cannot answer.
    pub fn remembered(
        &mut self,
        world: &mut impl World,
        now: Now,
        token: u64,
        remembered: Option<Remembered>,
    ) {
        let Some(parked) = self.parking.take(token) else { return };
        match remembered {
            Some(remembered) => self.go_on(world, now, parked, remembered),
            None => self.refuse_parked(world, parked),
        }
    }

    /// Refuses the requests for which the store took too long.
    pub(crate) fn refuse_overdue(&mut self, world: &mut impl World, now: Now) {
        while let Some(parked) = self.parking.take_overdue(now.mono) {
            self.refuse_parked(world, parked);
        }
    }

    /// Returns what has left the memory of a key and a person: what a filter takes for seen and nobody here knows.
    pub(crate) fn left_memory(&self, claim: Option<ClaimKey>, prints: &[Option<u128>]) -> Option<Asked> {
        let shared = &self.shared;
        let claim = claim.filter(|claim| !claim.weak && shared.seen_claims.has_seen(claim.key));
        let claim = claim.map(ClaimKey::record);
        let left = |print: &u128| !shared.fingerprints.knows(*print) && shared.seen_persons.has_seen(*print);
        let mut prints: Vec<u128> = prints.iter().copied().flatten().filter(left).collect();
        prints.dedup();
        (claim.is_some() || !prints.is_empty()).then_some((claim, prints))
    }

    /// Has a lead wait for the store. Its key is claimed, so repeats wait with it.
    pub(crate) fn park_lead(
        &mut self,
        world: &mut impl World,
        now: Now,
        id: Uuid7,
        arrival: Arrival,
        (claim, prints): Asked,
    ) {
        if self.parking.places.len() >= self.shared.config().parked_max {
            let waiter = Waiter { place: self.place, token: arrival.token };
            self.shared.unclaim(arrival.claim, id);
            self.give_submission(arrival.submission);
            return self.reply(world, waiter, Reply::Refusal(Refusal::Overloaded));
        }
        let limit = answer_within(&arrival);
        let request = Request::Lead { id, arrival: Box::new(arrival) };
        // Half of what the answer may take is left to the auction.
        let token = self.parking.park(request, now.mono, WAIT_MAX.min(Nanos(limit.0.div_euclid(2))));
        world.look_up(token, Question::Admission { claim, prints, at: now.utc });
    }

    /// Has a seller's post wait for the store.
    pub(crate) fn park_post(
        &mut self,
        world: &mut impl World,
        now: Now,
        arrival: PostArrival,
        (claim, prints): Asked,
    ) {
        if self.parking.places.len() >= self.shared.config().parked_max {
            let waiter = arrival.waiter;
            self.shared.unclaim(arrival.claim, arrival.ping);
            self.give_submission(arrival.post.submission);
            return self.reply(world, waiter, Reply::Refusal(Refusal::Overloaded));
        }
        let token = self.parking.park(Request::Post(Box::new(arrival)), now.mono, WAIT_MAX);
        world.look_up(token, Question::Admission { claim, prints, at: now.utc });
    }

    /// Has somebody who asks for an old sale wait for the store.
    pub(crate) fn park_read(
        &mut self,
        world: &mut impl World,
        now: Now,
        id: Uuid7,
        (requester, waiter): (Requester, Waiter),
    ) {
        if self.parking.places.len() >= self.shared.config().parked_max {
            return self.reply(world, waiter, Reply::Refusal(Refusal::Overloaded));
        }
        let token = self.parking.park(Request::Read { requester, waiter }, now.mono, WAIT_MAX);
        world.look_up(token, Question::Sale(id));
    }

    fn go_on(&mut self, world: &mut impl World, now: Now, parked: Parked, remembered: Remembered) {
        let Parked { request, joined, since, .. } = parked;
        match request {
            Request::Lead { id, mut arrival } => {
                if let (Some(claim), Some(known)) = (arrival.claim, &remembered.claim) {
                    let waiter = Waiter { place: self.place, token: arrival.token };
                    self.shared.unclaim(arrival.claim, id);
                    self.give_submission(arrival.submission);
                    return self.tell_remembered(world, known, claim.digest, (waiter, joined));
                }
                self.recall_persons(&remembered, now);
                // What it has waited is taken off what its answer may take. The engine counts in microseconds.
                let waited = now.mono.saturating_sub(since);
                let left = answer_within(&arrival).saturating_sub(waited);
                arrival.submission.wait = Some(left.floor_to_micros());
                self.admit(world, now, id, *arrival, joined);
                self.note_had(&remembered, now);
            }
            Request::Post(mut arrival) => {
                let waiter = arrival.waiter;
                if let (Some(claim), Some(known)) = (arrival.claim, &remembered.claim) {
                    self.shared.unclaim(arrival.claim, arrival.ping);
                    self.give_submission(arrival.post.submission);
                    return self.tell_remembered(world, known, claim.digest, (waiter, joined));
                }
                self.recall_persons(&remembered, now);
                if let Some((snapshot, vertical)) = self.shared.ping_schema(arrival.ping) {
                    let limit = snapshot.vertical(vertical).map_or(Nanos::ZERO, |own| own.answer_by);
                    let limit = arrival.post.wait.map_or(limit, |wait| wait.min(limit));
                    let left = limit.saturating_sub(now.mono.saturating_sub(since));
                    arrival.post.wait = Some(left.floor_to_micros());
                }
                self.admit_post(world, now, *arrival, joined);
                self.note_had(&remembered, now);
            }
            Request::Read { requester, waiter } => {
                let own = remembered.sale.filter(|sale| {
                    let seller = sale.snapshot.seller(sale.answer.seller);
                    matches!(&requester, Requester::Seller(name)
                        if seller.is_some_and(|known| known.name == *name))
                });
                let reply = own.map_or(Reply::Refusal(Refusal::NotFound), |sale| Reply::Answer {
                    answer: sale.answer,
                    snapshot: sale.snapshot,
                    replayed: false,
                    kept: Vec::new(),
                });
                self.reply(world, waiter, reply);
            }
        }
    }

    fn recall_persons(&mut self, remembered: &Remembered, now: Now) {
        for had in &remembered.had {
            self.shared.recall_had(had.print, &had.buyer, had.post, had.since);
        }
        for person in &remembered.persons {
            let known = (person.id, self.shared.seller_key(&person.seller));
            // What another request has brought back meanwhile is noted already.
            if self.shared.fingerprints.recall(person.print, known, person.taken, person.until) {
                self.note_print(person.print, person.id, now.utc);
            }
        }
    }

    /// Has what the store said of buyers leave the memory again in its turn, where no sale of the person is known by now.
    /// That is after the admission, which reads it: a small memory forgets at once.
    fn note_had(&mut self, remembered: &Remembered, now: Now) {
        for had in &remembered.had {
            if !self.shared.fingerprints.knows(had.print) {
                self.note_print(had.print, had.post.0, now.utc);
            }
        }
    }

    /// Tells once more what came of a submission that has left the memory.
    fn tell_remembered(
        &mut self,
        world: &mut impl World,
        known: &RememberedClaim,
        digest: u128,
        (first, joined): (Waiter, Vec<Waiting>),
    ) {
        for waiter in core::iter::once(first).chain(joined.into_iter().map(|waiting| waiting.waiter)) {
            let reply = if known.digest == digest && known.erased {
                Reply::Refusal(Refusal::LeadErased)
            } else if known.digest == digest {
                Reply::Answer {
                    answer: known.answer.clone(),
                    snapshot: Arc::clone(&known.snapshot),
                    replayed: true,
                    kept: Vec::new(),
                }
            } else {
                Reply::Refusal(Refusal::KeyReused)
            };
            self.reply(world, waiter, reply);
        }
    }

    fn refuse_parked(&mut self, world: &mut impl World, parked: Parked) {
        let waiter = match parked.request {
            Request::Lead { id, arrival } => {
                self.shared.unclaim(arrival.claim, id);
                self.give_submission(arrival.submission);
                Waiter { place: self.place, token: arrival.token }
            }
            Request::Post(arrival) => {
                self.shared.unclaim(arrival.claim, arrival.ping);
                self.give_submission(arrival.post.submission);
                arrival.waiter
            }
            Request::Read { waiter, .. } => waiter,
        };
        self.refuse_all(world, waiter, parked.joined, &Refusal::Overloaded);
    }

    /// Refuses a request and those that wait with it.
    pub(crate) fn refuse_all(
        &mut self,
        world: &mut impl World,
        first: Waiter,
        joined: Vec<Waiting>,
        refusal: &Refusal,
    ) {
        for waiter in core::iter::once(first).chain(joined.into_iter().map(|waiting| waiting.waiter)) {
            self.reply(world, waiter, Reply::Refusal(refusal.clone()));
        }
    }
}

/// Returns the most that the answer to a lead or ping may take.
fn answer_within(arrival: &Arrival) -> Nanos {
    let vertical = arrival.current.snapshot.vertical(arrival.submission.vertical);
    let limit = vertical.map_or(Nanos::ZERO, |vertical| match arrival.kind {
        SaleKind::OneCall => vertical.answer_by,
        SaleKind::TwoStep => vertical.bid_window,
    });
    arrival.submission.wait.map_or(limit, |wait| wait.min(limit))
}
