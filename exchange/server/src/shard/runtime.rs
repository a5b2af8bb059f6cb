//! [`ShardRuntime`]: a shard on its thread: one inbox of events, one synchronous call for each.

mod requests;

use core::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use exchange_catalog::{DisposableDomains, Snapshot};
use exchange_engine::Auction;
use exchange_node::{Current, Gate, Requester, ResolverReply, Shard, Shared, UnknownKey};
use exchange_protocol::{AnswerStatus, CandidateIndex, Refusal, Reply, SlotKey, Waiter};
use exchange_transport::{Failure, Reply as BuyerReply};
use exchange_types::{Currency, DuplicateScope, EndpointIndex, HashKey, Now, PostReply, ShardIndex};
use exchange_wire::problem::Problem;
use exchange_wire::{FingerprintKey, ProblemKind, reply};
use tokio::sync::Notify;
use tokio::task::spawn_local;
use tokio::time::Instant;

use super::answer_body;
use super::event::{Deliver, Event, Reading};
use super::http_answer::HttpAnswer;
use super::links;
use super::names::Names;
use super::outbound::Outbound;
use super::pending::{Duplicate, Pending, Pendings};
use super::thread::Before;
use crate::clock::Clock;
use crate::keys::KeyStore;
use crate::lifecycle::Lifecycle;

/// Messages of the mesh that are taken before other events have their turn.
const MESSAGES_A_TURN: usize = 64;

/// A shard on its thread.
///
/// Everything that happens is delivered as an [`Event`]; one delivered while another is being taken waits in
/// the inbox until that turn is over, so no call ever finds the shard in the middle of another.
#[derive(Debug)]
pub(crate) struct ShardRuntime {
    place: ShardIndex,
    shared: Arc<Shared>,
    keys: Arc<KeyStore>,
    gate: Arc<Gate>,
    lifecycle: Arc<Lifecycle>,
    names: Rc<Names>,
    claim_keys: HashKey,
    fingerprint_keys: FingerprintKey,
    disposable: Arc<DisposableDomains>,
    clock: Clock,
    shard: RefCell<Shard>,
    world: RefCell<Outbound>,
    pendings: RefCell<Pendings>,
    inbox: RefCell<VecDeque<Event>>,
    busy: Cell<bool>,
    /// Rings when the next timeout may have moved to the front.
    pub(super) timer: Notify,
    /// For when the timer is set.
    pub(super) armed: Cell<Option<Instant>>,
}

/// What a [`ShardRuntime`] is made of.
pub(crate) struct Parts {
    pub(crate) shard: Shard,
    pub(crate) place: ShardIndex,
    pub(crate) keys: Arc<KeyStore>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) names: Rc<Names>,
    pub(crate) fingerprint_keys: FingerprintKey,
    pub(crate) disposable: Arc<DisposableDomains>,
    pub(crate) clock: Clock,
}

impl Deliver for ShardRuntime {
    fn deliver(&self, event: Event) {
        self.inbox.borrow_mut().push_back(event);
        if self.busy.replace(true) {
            return;
        }
        let now = self.clock.now();
        self.world.borrow_mut().now = now;
        loop {
            // The borrow has to end before the event is taken, since that may deliver more.
            let next = self.inbox.borrow_mut().pop_front();
            let Some(event) = next else { break };
            self.take(now, event);
            self.answer_replies(now);
        }
        self.busy.set(false);
        self.say_alerts();
        self.arm();
    }
}

impl ShardRuntime {
    /// Returns the runtime of a shard; `outbound` gets the way back to it.
    pub(crate) fn new(parts: Parts, outbound: impl FnOnce(Weak<Self>) -> Outbound) -> Rc<Self> {
        let Parts { shard, place, keys, gate, lifecycle, names, fingerprint_keys, disposable, clock } = parts;
        let shared = Arc::clone(shard.shared());
        Rc::new_cyclic(|weak| Self {
            place,
            claim_keys: shared.derived_key("claims"),
            shared,
            keys,
            gate,
            lifecycle,
            names,
            fingerprint_keys,
            disposable,
            clock,
            shard: RefCell::new(shard),
            world: RefCell::new(outbound(Weak::clone(weak))),
            pendings: RefCell::default(),
            inbox: RefCell::default(),
            busy: Cell::new(false),
            timer: Notify::new(),
            armed: Cell::new(None),
        })
    }

    /// Tells the operator of posts that wait for somebody to decide.
    fn say_alerts(&self) {
        while let Some(alert) = self.shard.borrow_mut().poll_alert() {
            tracing::warn!(?alert, "a post has no outcome: see `exchange unknown list`");
        }
    }

    /// Brings the shard to where it was before a restart, and says when that is done.
    pub(super) fn restore(&self, before: Before) {
        let Before { recovered, old_catalogs, restored } = before;
        let now = self.clock.now();
        self.world.borrow_mut().now = now;
        let shared = Arc::clone(&self.shared);
        let snapshot_of = |version| old_catalogs.snapshot_beside(&shared, version);
        self.with_shard(|shard, world| shard.restore(world, now, &recovered, &snapshot_of));
        // Nobody listens where another shard could not be restored; the process ends then.
        let _ = restored.send(());
    }

    /// Rings the timer where the next timeout lies before the one for which it is set.
    fn arm(&self) {
        let next = self.next_timeout();
        let earlier = match (next, self.armed.get()) {
            (Some(next), Some(armed)) => next < armed,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if earlier {
            self.armed.set(next);
            self.timer.notify_one();
        }
    }

    /// Opens connections to the buyers of a catalog ahead of the first lead.
    pub(super) fn warm(&self, snapshot: &Arc<Snapshot>) {
        let mut world = self.world.borrow_mut();
        let world = &mut *world;
        let cache = world.caches.of(snapshot, &world.client);
        for position in 0..snapshot.endpoints.len() {
            let index = EndpointIndex(u32::try_from(position).unwrap_or(u32::MAX));
            if let Some(handle) = cache.handle(index) {
                world.client.warm(handle, 1);
            }
        }
    }

    fn take(&self, now: Now, event: Event) {
        match event {
            Event::Request(intake) => self.take_request(now, *intake),
            Event::PingDone { auction, candidate, result } => self.ping_done(now, auction, candidate, result),
            Event::PostDone { auction, candidate, result } => {
                self.post_done(now, auction, candidate, &result);
            }
            Event::Bell => {
                let durable = self.world.borrow().journal.durable(self.place);
                let more = self.with_shard(|shard, world| {
                    shard.durable(world, now, durable);
                    while let Some((token, remembered)) = world.past.take(world.place) {
                        shard.remembered(world, now, token, remembered);
                    }
                    shard.take_messages(world, now, MESSAGES_A_TURN)
                });
                if more {
                    self.world.borrow().peers.wake(self.place);
                }
            }
            Event::LateAnswer { key, currency, reply } => self.late_answer(now, key, currency, &reply),
            Event::Asked { key, reading, result } => self.asked(now, key, reading, &result),
            Event::Tick => self.with_shard(|shard, world| shard.tick(world, now)),
        }
    }

    fn ping_done(
        &self,
        now: Now,
        auction: SlotKey,
        candidate: CandidateIndex,
        result: Result<BuyerReply, Failure>,
    ) {
        let read = match result {
            Err(failure) => failure.ping_reply(),
            Ok(came) => {
                let shard = self.shard.borrow();
                // An auction that is over has no use for the reply.
                let Some(vertical) = shard.auction(auction).and_then(Auction::vertical) else { return };
                reply::parse_ping(came.status, &came.body, vertical.currency, vertical.bid_max)
            }
        };
        self.with_shard(|shard, world| shard.ping_reply(world, now, auction, candidate, &read));
    }

    fn post_done(
        &self,
        now: Now,
        auction: SlotKey,
        candidate: CandidateIndex,
        result: &Result<BuyerReply, Failure>,
    ) {
        let (mut scratch, mut link) = (String::new(), None);
        let mut read = match result {
            Err(failure) => PostReply::bare(failure.post_outcome()),
            Ok(came) => {
                let shard = self.shard.borrow();
                let Some(found) = shard.auction(auction) else { return };
                let (Some(campaign), Some(vertical)) = (found.campaign(candidate), found.vertical()) else {
                    return;
                };
                let read = reply::parse_post(
                    came.status,
                    &came.body,
                    campaign.unmatched,
                    vertical.currency,
                    &mut scratch,
                );
                // Its key would outlive the erasure.
                if !read.redirect_url.is_empty() && !shard.is_erased(auction) {
                    link = self.world.borrow_mut().seal_text(found.id(), read.redirect_url);
                }
                read
            }
        };
        read.redirect_url = link.as_deref().unwrap_or_default();
        self.with_shard(|shard, world| shard.post_reply(world, now, auction, candidate, read));
    }

    /// Reads the answer to a post that came after the post was given up.
    fn late_answer(&self, now: Now, key: UnknownKey, currency: Currency, came: &BuyerReply) {
        let mut scratch = String::new();
        let read = reply::parse_repost(came.status, &came.body, currency, &mut scratch);
        let told = ResolverReply { outcome: read.outcome, digest: read.digest };
        self.with_shard(|shard, world| shard.late_answer(world, now, key, told));
    }

    /// Reads what a buyer says of a post whose outcome nobody knows.
    fn asked(&self, now: Now, key: UnknownKey, reading: Reading, result: &Result<BuyerReply, Failure>) {
        let mut scratch = String::new();
        let read = match result {
            Err(failure) => PostReply::bare(failure.post_outcome()),
            Ok(came) if reading.reposted => {
                reply::parse_repost(came.status, &came.body, reading.currency, &mut scratch)
            }
            Ok(came) => reply::parse_status(came.status, &came.body, reading.currency, &mut scratch),
        };
        let told = ResolverReply { outcome: read.outcome, digest: read.digest };
        self.with_shard(|shard, world| shard.resolver_reply(world, now, key, told));
    }

    /// Answers the requests for which the shard has replied in this turn.
    fn answer_replies(&self, now: Now) {
        loop {
            let mut replies = core::mem::take(&mut self.world.borrow_mut().replies);
            if replies.is_empty() {
                return;
            }
            for (token, reply) in replies.drain(..) {
                let taken = self.pendings.borrow_mut().take(token);
                if let Some(pending) = taken {
                    self.answer_one(now, pending, reply);
                }
            }
        }
    }

    fn answer_one(&self, now: Now, mut pending: Pending, reply: Reply) {
        if let Some(found) = pending.duplicate {
            let earlier = match &reply {
                Reply::Answer { answer, .. } => Some(&**answer),
                Reply::Refusal(_) | Reply::Account(_) | Reply::Resolved(_) | Reply::Inquiries(_) => None,
            };
            let answer = answer_body::duplicate(&found, earlier, &pending);
            return (pending.respond)(answer);
        }
        match reply {
            Reply::Answer { answer, snapshot, replayed, kept } => {
                pending.warn_of_kept(&kept);
                if let AnswerStatus::Duplicate(DuplicateScope::Own, Some(earlier)) = answer.status
                    && let Some(vertical) = snapshot.vertical(answer.vertical)
                {
                    let (id, elapsed_us) = (answer.id, answer.elapsed_us);
                    pending.duplicate =
                        Some(Duplicate { id, currency: vertical.currency, elapsed_us, replayed, earlier });
                    return self.ask_earlier(now, pending);
                }
                if !links::are_sealed(&answer) {
                    let body = answer_body::render(&answer, replayed, &pending, &snapshot, &self.names);
                    return (pending.respond)(body);
                }
                let (vault, names) = (self.world.borrow().vault.clone(), Rc::clone(&self.names));
                spawn_local(async move {
                    let body = match links::opened(vault, answer).await {
                        Some(answer) => answer_body::render(&answer, replayed, &pending, &snapshot, &names),
                        None => HttpAnswer::problem(&Problem::new(
                            ProblemKind::Internal,
                            "the answer cannot be read; ask again",
                        )),
                    };
                    (pending.respond)(body);
                });
            }
            Reply::Refusal(Refusal::Duplicate(DuplicateScope::Own, Some(earlier))) => {
                let Some((id, currency)) = pending.ping_currency() else { return };
                let (elapsed_us, replayed) = (0, false);
                pending.duplicate = Some(Duplicate { id, currency, elapsed_us, replayed, earlier });
                self.ask_earlier(now, pending);
            }
            Reply::Refusal(refusal) => {
                let answer = answer_body::refused(&refusal, &pending);
                (pending.respond)(answer);
            }
            // These go to the control plane, which has waiters of its own.
            Reply::Account(_) | Reply::Resolved(_) | Reply::Inquiries(_) => {}
        }
    }

    /// Asks how the lead stands of which a submission is a duplicate.
    fn ask_earlier(&self, now: Now, pending: Pending) {
        let Some(found) = pending.duplicate else { return };
        let requester = Requester::Seller(pending.seller.clone());
        let waiter = self.wait(pending);
        self.with_shard(|shard, world| shard.read(world, now, found.earlier, requester, waiter));
    }

    /// Notes a request that waits, and returns how the node names it.
    pub(super) fn wait(&self, pending: Pending) -> Waiter {
        Waiter { place: self.place, token: self.pendings.borrow_mut().insert(pending) }
    }

    pub(super) fn with_shard<T>(&self, act: impl FnOnce(&mut Shard, &mut Outbound) -> T) -> T {
        act(&mut self.shard.borrow_mut(), &mut self.world.borrow_mut())
    }

    pub(super) fn place(&self) -> ShardIndex {
        self.place
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn current(&self) -> Arc<Current> {
        self.shared.current()
    }

    pub(super) fn keys(&self) -> &KeyStore {
        &self.keys
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }

    pub(super) fn claim_keys(&self) -> HashKey {
        self.claim_keys
    }

    pub(super) fn fingerprint_keys(&self) -> &FingerprintKey {
        &self.fingerprint_keys
    }

    pub(super) fn disposable(&self) -> &DisposableDomains {
        &self.disposable
    }

    pub(super) fn is_draining(&self) -> bool {
        self.lifecycle.is_draining()
    }

    /// Returns when the shard wants a tick.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.shard.borrow().next_timeout().map(|at| self.clock.instant(at))
    }

    /// Returns how many auctions are on their way; offers that wait for their seller do not hold up a drain.
    pub(super) fn in_flight(&self) -> usize {
        self.shard.borrow().in_flight()
    }
}
