//! [`Shard`]: an engine with everything around it but the world.

use std::collections::VecDeque;
use std::sync::Arc;

use exchange_engine::{Auction, Engine, Post};
use exchange_protocol::{
    Answer, AnswerStatus, CandidateIndex, Considered, Effect, Input, Outcome, Refusal, Reply, SlotKey, Waiter,
};
use exchange_types::{Nanos, Now, PingReply, PostReply, Reason, ShardIndex, Submission, UtcMicros, Uuid7};

use crate::alert::Alerts;
use crate::history::{Finished, History};
use crate::mesh::{Mesh, Message};
use crate::near::Look;
use crate::past::Parking;
use crate::resolving::Resolving;
use crate::tallies::{Posted, ShardTally};
use crate::tenants::{Tenants, Waiting};
use crate::test_mode::LateReplies;
use crate::{Alert, Shared, UnknownKey, World};

/// Submissions that a shard keeps ready; more would only hold memory after a burst.
const POOL_MAX: usize = 1_024;

/// A shard: one owner of its auctions, on one thread.
///
/// Every method that takes a world carries out all that follows from the call before it returns, so between
/// two calls nothing is left to do until [`Shard::next_timeout`], a reply, or a message of the mesh.
#[derive(Debug)]
pub struct Shard {
    pub(crate) place: ShardIndex,
    pub(crate) shared: Arc<Shared>,
    pub(crate) mesh: Mesh,
    pub(crate) engine: Engine,
    pub(crate) tenants: Tenants,
    pub(crate) history: History,
    pub(crate) considered: Vec<Considered>,
    /// Fingerprints that this shard has claimed, oldest first.
    pub(crate) prints: VecDeque<(u128, Uuid7)>,
    /// Looks of leads that this shard has noted, oldest first.
    pub(crate) looks: VecDeque<(Look, Uuid7)>,
    pub(crate) resolving: Resolving,
    pub(crate) parking: Parking,
    pub(crate) late_replies: LateReplies,
    pub(crate) alerts: Alerts,
    /// The bytes of a submission that is being sealed, and its ciphertexts.
    pub(crate) plain: Vec<u8>,
    pub(crate) sealed: Vec<u8>,
    #[expect(clippy::vec_box, reason = "a submission is moved about boxed; unboxing it would copy it")]
    pool: Vec<Box<Submission>>,
    /// Replies for other places whose queues were full. There are at most as many as requests that wait, and
    /// erasures, which somebody asks for one by one.
    unsent: VecDeque<(ShardIndex, Message)>,
}

impl Shard {
    /// Returns a shard of a node.
    pub fn new(place: ShardIndex, shared: Arc<Shared>, mesh: Mesh) -> Self {
        let config = *shared.config();
        Self {
            place,
            engine: Engine::new(config.auctions_max),
            tenants: Tenants::default(),
            history: History::new(config.history_max),
            considered: Vec::new(),
            prints: VecDeque::new(),
            looks: VecDeque::new(),
            resolving: Resolving::new(config.unknowns_max),
            parking: Parking::default(),
            late_replies: LateReplies::default(),
            alerts: Alerts::default(),
            plain: Vec::new(),
            sealed: Vec::new(),
            pool: Vec::new(),
            unsent: VecDeque::new(),
            shared,
            mesh,
        }
    }

    /// Returns what all shards have in common.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Returns an auction in flight.
    pub fn auction(&self, key: SlotKey) -> Option<&Auction> {
        self.engine.auction(key)
    }

    /// Returns whether the lead of an auction in flight was erased meanwhile: nothing personal of it is kept any more.
    pub fn is_erased(&self, key: SlotKey) -> bool {
        self.tenants.is_erased(key)
    }

    /// Returns how many auctions are in flight or hold offers.
    pub fn auctions(&self) -> usize {
        self.engine.auctions()
    }

    /// Returns how many auctions are in flight, without those that only wait for their seller; for a drain.
    pub fn in_flight(&self) -> usize {
        self.engine.in_flight()
    }

    /// Returns when [`Shard::tick`] is wanted next.
    pub fn next_timeout(&self) -> Option<Nanos> {
        if !self.unsent.is_empty() {
            return Some(Nanos::ZERO);
        }
        let others = [
            self.parking.next_timeout(),
            self.resolving.unknowns.next_timeout(),
            self.late_replies.next_timeout(),
        ];
        self.engine.next_timeout().into_iter().chain(others.into_iter().flatten()).min()
    }

    /// Takes the next thing that an operator has to know.
    pub fn poll_alert(&mut self) -> Option<Alert> {
        self.alerts.pop()
    }

    /// Takes a submission whose buffers are free; parsing resets it.
    pub fn take_submission(&mut self) -> Box<Submission> {
        self.pool.pop().or_else(|| self.engine.take_spare()).unwrap_or_default()
    }

    /// Gives a submission back to the pool.
    pub fn give_submission(&mut self, submission: Box<Submission>) {
        if self.pool.len() < POOL_MAX {
            self.pool.push(submission);
        }
    }

    /// Takes what came of a ping.
    pub fn ping_reply(
        &mut self,
        world: &mut impl World,
        now: Now,
        auction: SlotKey,
        candidate: CandidateIndex,
        reply: &PingReply,
    ) {
        self.engine.handle(now, Input::PingReply { auction, candidate, reply });
        self.carry_out(world, now);
    }

    /// Takes what came of a post.
    pub fn post_reply(
        &mut self,
        world: &mut impl World,
        now: Now,
        auction: SlotKey,
        candidate: CandidateIndex,
        reply: PostReply<'_>,
    ) {
        self.engine.handle(now, Input::PostReply { auction, candidate, reply });
        self.carry_out(world, now);
    }

    /// Notes that records up to this number are on disk.
    pub fn durable(&mut self, world: &mut impl World, now: Now, up_to: u64) {
        self.engine.handle(now, Input::Durable { up_to });
        self.settle_durable(world);
        self.carry_out(world, now);
    }

    /// Lets time pass.
    pub fn tick(&mut self, world: &mut impl World, now: Now) {
        self.send_replies(world);
        self.refuse_overdue(world, now);
        self.ask_due(world, now);
        self.answer_late_tests(world, now);
        self.engine.handle(now, Input::Tick);
        self.carry_out(world, now);
    }

    /// Carries out every effect of the engine, and what follows from it.
    pub(crate) fn carry_out(&mut self, world: &mut impl World, now: Now) {
        while let Some(effect) = self.engine.poll_effect() {
            match effect {
                Effect::SendPing(auction, candidate) => {
                    if !self.ping_test_buyer(now, auction, candidate)
                        && let Some(auction) = self.engine.auction(auction)
                    {
                        world.send_ping(auction, candidate);
                    }
                }
                Effect::SendPost(auction, candidate) => {
                    if !self.post_test_buyer(now, auction, candidate)
                        && let Some(auction) = self.engine.auction(auction)
                    {
                        world.send_post(auction, candidate);
                    }
                }
                Effect::Reserve(auction, candidate) => {
                    let room = self.reserve(auction, candidate, now);
                    self.engine.handle(now, Input::Reserved { auction, candidate, room });
                }
                Effect::CountSent(auction, candidate) => self.count_sent(auction, candidate),
                Effect::Release(auction, candidate) => self.release(auction, candidate),
                Effect::ReleaseUnsent(auction, candidate) => self.release_unsent(auction, candidate),
                Effect::Commit(auction, candidate) => self.commit(auction, candidate),
                Effect::PostEnded(auction, candidate) => {
                    self.note_buyer(auction, candidate);
                    self.note_health(auction, candidate);
                }
                Effect::Append(_) => self.engine.take_batch(|batch| world.append(batch)),
                Effect::Answer(auction) => self.answer(world, auction, now),
                Effect::Ended(auction) => self.retire(auction, now),
            }
        }
        self.tally().open(self.engine.auctions());
        self.tally().unknown(self.resolving.unknowns.len());
    }

    /// Returns what this shard counts for whoever watches it.
    pub(crate) fn tally(&self) -> &ShardTally {
        self.shared.tallies.of(self.place)
    }

    /// Sends a reply to whoever waits for it, here or at another place of the mesh.
    pub(crate) fn reply(&mut self, world: &mut impl World, waiter: Waiter, reply: Reply) {
        if let Reply::Refusal(Refusal::Overloaded) = reply {
            self.tally().shed();
        }
        if waiter.place == self.place {
            return world.reply(waiter.token, reply);
        }
        self.send_surely(world, waiter.place, Message::Reply { token: waiter.token, reply });
    }

    /// Sends a message to another place of the mesh, later where its queue is full.
    pub(crate) fn send_surely(&mut self, world: &mut impl World, place: ShardIndex, message: Message) {
        self.unsent.push_back((place, message));
        self.send_replies(world);
    }

    /// Sends the replies for other places, as far as their queues have room.
    fn send_replies(&mut self, world: &mut impl World) {
        while let Some((place, message)) = self.unsent.pop_front() {
            match self.mesh.send(self.place, place, message) {
                Ok(()) => world.wake(place),
                Err(message) => return self.unsent.push_front((place, *message)),
            }
        }
    }

    fn answer(&mut self, world: &mut impl World, auction: SlotKey, now: Now) {
        let Some(answer) = self.engine.answer(auction, now) else { return };
        let Some(snapshot) = self.engine.auction(auction).and_then(|auction| auction.snapshot().cloned())
        else {
            return;
        };
        let Some(tenant) = self.tenants.get_mut(auction) else { return };
        let mut waiters = core::mem::take(&mut tenant.waiters);
        self.settle_fingerprints(auction, &answer);
        if answer.status == AnswerStatus::Offers && !answer.test {
            self.note_unposted(auction, now);
        }
        for Waiting { waiter, replayed, kept } in waiters.drain(..) {
            self.reply(
                world,
                waiter,
                Reply::Answer {
                    answer: Box::new(answer.clone()),
                    snapshot: Arc::clone(&snapshot),
                    replayed,
                    kept,
                },
            );
        }
        let offering = self.engine.auction(auction).is_some_and(Auction::is_offering);
        let Some(tenant) = self.tenants.get_mut(auction) else { return };
        tenant.waiters = waiters;
        if offering && core::mem::take(&mut tenant.superseded) {
            self.engine.handle(now, Input::GiveBack { auction });
        }
    }

    /// Notes what the answer means for the person: sold or perhaps sold, unsold, or still on the way.
    ///
    /// Both windows count from the admission, as the lead's record says.
    pub(crate) fn settle_fingerprints(&mut self, auction: SlotKey, answer: &Answer) {
        let Some(found) = self.engine.auction(auction) else { return };
        let Some(vertical) = found.vertical() else { return };
        let admitted = found.admitted().utc;
        let taken_until = admitted.saturating_add(vertical.duplicate_window);
        let again_from = admitted.saturating_add(vertical.resubmit_after);
        let posted = found.was_posted_or_called();
        let Some(tenant) = self.tenants.get_mut(auction) else { return };
        let fingerprints = &self.shared.fingerprints;
        for print in tenant.fingerprints.into_iter().flatten().flatten() {
            match answer.status {
                AnswerStatus::Sold | AnswerStatus::Pending(_) => {
                    fingerprints.taken(print, tenant.id, taken_until);
                }
                AnswerStatus::Unsold(_) if posted => fingerprints.unsold(print, tenant.id, again_from),
                AnswerStatus::Unsold(_) | AnswerStatus::NoOffer(_) | AnswerStatus::Invalid => {
                    fingerprints.forget(print, tenant.id);
                }
                AnswerStatus::Running | AnswerStatus::Duplicate(..) | AnswerStatus::Offers => {}
            }
        }
    }

    /// Moves a finished auction into the history, and its unknown posts to the resolver.
    fn retire(&mut self, auction: SlotKey, now: Now) {
        if let Some(answer) = &self.engine.answer(auction, Now::default()) {
            self.settle_fingerprints(auction, answer);
            if let Some(found) = self.engine.auction(auction).filter(|found| !found.is_test()) {
                self.tally().ended(found.kind(), &answer.status);
            }
        }
        let unknown = self.unknown_posts(auction);
        let mut place = self.make_room_in_history(now.utc);
        let Some(tenant) = self.tenants.get_mut(auction) else { return };
        place.id = tenant.id;
        core::mem::swap(&mut place.claims, &mut tenant.claims);
        if let Some(key) = tenant.weak_claim.take() {
            self.shared.claims.forget(key, tenant.id);
        }
        let (prints, erased) = (tenant.fingerprints, tenant.erased);
        let unknown: Vec<_> = unknown
            .into_iter()
            .map(|post| {
                let reservation = tenant.take_reservation(post.candidate);
                (post, reservation)
            })
            .collect();
        self.tenants.end(place.id);
        self.shared.pings.remove(place.id);
        if self.engine.free(auction, &mut place.content) {
            if !unknown.is_empty() {
                self.resolve_later(now, unknown, (prints, &place));
            }
            if erased {
                let id = place.id;
                for claim in place.forget_lead() {
                    self.shared.retire_claim(claim, id, now.utc);
                }
            }
            self.history.push(place);
        }
    }

    /// Makes room for a finished auction. The keys of the one that leaves are known to the store alone then.
    pub(crate) fn make_room_in_history(&mut self, now: UtcMicros) -> Finished {
        let mut place = self.history.make_room();
        for claim in place.claims.drain(..) {
            self.shared.retire_claim(claim, place.id, now);
        }
        place.without_lead = false;
        place
    }

    fn note_health(&mut self, auction: SlotKey, candidate: CandidateIndex) {
        if self.is_test(auction) {
            return;
        }
        let post = self.engine.auction(auction).and_then(|auction| auction.post(candidate));
        if let Some(outcome) = post.and_then(Post::outcome) {
            self.tally().posted(match outcome {
                Outcome::Accepted => Posted::Accepted,
                Outcome::Failed(_) => Posted::Failed,
                Outcome::Unknown => Posted::Unknown,
            });
        }
        let campaign = self.engine.auction(auction).and_then(|auction| auction.campaign(candidate));
        let Some(name) = campaign.map(|campaign| &campaign.name) else { return };
        let health = self.shared.health(name);
        let post = self.engine.auction(auction).and_then(|auction| auction.post(candidate));
        match post.and_then(Post::outcome) {
            Some(Outcome::Unknown) => {
                if let (true, Some(found)) = (health.unknown(), self.engine.auction(auction)) {
                    let key = UnknownKey { auction: found.id(), candidate };
                    self.alerts.push(Alert::FirstUnknown { key, campaign: name.clone() });
                }
            }
            // What never left says nothing about the buyer.
            None | Some(Outcome::Failed(Reason::Deadline)) => {}
            Some(Outcome::Accepted | Outcome::Failed(_)) => health.definite(),
        }
    }
}
