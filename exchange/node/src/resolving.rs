//! What becomes of posts whose outcome nobody knows: asked about, resolved once, and only then counted.
//!
//! A resolution moves counters, persons, circuits and answers when its record is on disk, never before.

use std::collections::{BTreeMap, VecDeque};

use exchange_counters::Reservation;
use exchange_protocol::{Dispute, Outcome, Record, Refusal, Reply, Resolution, Resolved, ResolvedBy, Waiter};
use exchange_types::{Now, PostId, PostOutcome, Prints, Reason, UtcMicros, Uuid7};

use crate::had::has_person;
use crate::history::Finished;
use crate::unknowns::{Action, Evidence, Late, ResolveError, Unknowns, Verdict};
use crate::{Alert, Message, ResolveRequest, ResolverReply, Shard, Unknown, UnknownKey, World};

/// Resolved posts whose ids are still known, so that a late contradiction finds them.
const RESOLVED_MAX: usize = 4_096;

/// The posts of a shard whose outcome nobody knows, with what hangs on them.
#[derive(Debug)]
pub(crate) struct Resolving {
    pub(crate) unknowns: Unknowns,
    rooms: BTreeMap<UnknownKey, Room>,
    sales: BTreeMap<Uuid7, UnknownSale>,
    /// What waits for the disk, in the order of its records. Bounded by the open posts, and for disputes by the
    /// callers that wait.
    settling: VecDeque<Settling>,
    resolved: VecDeque<PostId>,
    /// Answers that came after their posts were given up, of sales that still run for other buyers. Bounded by the
    /// connections that late answers can come over.
    early: BTreeMap<UnknownKey, Evidence>,
}

/// What the counters hold for an unknown post.
#[derive(Debug)]
pub(crate) enum Room {
    /// A reservation in every cap of its campaign and its buyer.
    Reserved(Reservation),
    /// What [`Shared::restore_dormant`](crate::Shared) counts: the campaign had left the catalog at a restart.
    Dormant,
}

/// A sale with unknown posts.
#[derive(Debug)]
pub(crate) struct UnknownSale {
    pub(crate) prints: [Prints; 2],
    pub(crate) taken_until: UtcMicros,
    pub(crate) again_from: UtcMicros,
    /// How many of its posts are unknown.
    pub(crate) open: usize,
    /// Whether somebody bought the lead.
    pub(crate) sold: bool,
}

/// A record that is on its way to the disk, with what follows from it.
#[derive(Debug)]
struct Settling {
    record: u64,
    key: UnknownKey,
    /// The resolution and the campaign's name; nothing where a contradiction was written down.
    resolution: Option<Box<(Resolution, Box<str>)>>,
    waiters: Vec<(Waiter, Resolved)>,
}

impl Resolving {
    pub(crate) fn new(leads_max: usize) -> Self {
        Self {
            unknowns: Unknowns::new(leads_max),
            rooms: BTreeMap::new(),
            sales: BTreeMap::new(),
            settling: VecDeque::new(),
            resolved: VecDeque::new(),
            early: BTreeMap::new(),
        }
    }
}

impl Shard {
    /// Returns the posts of this shard whose outcome nobody knows.
    pub fn unknowns(&self) -> &Unknowns {
        &self.resolving.unknowns
    }

    /// Forgets the lead of a sale, whose key is destroyed: it is not posted again, no account shows it, and what comes
    /// again under its idempotency keys is refused. Here or at the shard that has it.
    pub fn erase(&mut self, world: &mut impl World, now: Now, id: Uuid7) {
        let owner = self.shared.owner(id);
        if owner == self.place {
            self.resolving.unknowns.erase(id, now);
            let claims = match self.tenants.find(id).and_then(|auction| self.tenants.get_mut(auction)) {
                Some(tenant) => {
                    tenant.erased = true;
                    core::mem::take(&mut tenant.claims)
                }
                None => self.history.forget_lead(id),
            };
            // What comes again under its keys is the store's to refuse.
            for claim in claims {
                self.shared.retire_claim(claim, id, now.utc);
            }
        } else {
            self.send_surely(world, owner, Message::Erase { id });
        }
    }

    /// Takes what a re-post or a status request of `Net` brought.
    pub fn resolver_reply(
        &mut self,
        world: &mut impl World,
        now: Now,
        key: UnknownKey,
        reply: ResolverReply,
    ) {
        if let Some(verdict) = self.resolving.unknowns.reply(now, key, &reply) {
            self.take_verdict(key, verdict, None);
        }
        self.ask_due(world, now);
        self.carry_out(world, now);
    }

    /// Takes the answer to a post of this shard that came after the post was given up: it resolves the post, or
    /// contradicts how it was resolved since, which is written down and changes no charge.
    pub fn late_answer(&mut self, world: &mut impl World, now: Now, key: UnknownKey, reply: ResolverReply) {
        let (says, price) = match reply.outcome {
            PostOutcome::Accepted { price } => (Outcome::Accepted, price),
            PostOutcome::Rejected => (Outcome::Failed(Reason::PostRejected), None),
            PostOutcome::Duplicate => (Outcome::Failed(Reason::PostDuplicate), None),
            PostOutcome::Refused { .. } => (Outcome::Failed(Reason::PostRefused), None),
            PostOutcome::NotSent(_) | PostOutcome::Unknown(_) => return,
        };
        let (by, digest) = (ResolvedBy::LateAnswer, reply.digest);
        let evidence = Evidence { says, price, by, digest, note: Box::default() };
        if self.tenants.find(key.auction).is_some() {
            // Its auction still runs for others; the post is taken up when that is over.
            self.resolving.early.insert(key, evidence);
            return;
        }
        self.take_evidence(now, key, evidence);
        self.ask_due(world, now);
        self.carry_out(world, now);
    }

    fn take_evidence(&mut self, now: Now, key: UnknownKey, evidence: Evidence) {
        let (says, by, digest) = (evidence.says, evidence.by, evidence.digest);
        let verdict = match self.resolving.unknowns.resolve(now, key, evidence) {
            Ok(verdict) => Some(verdict),
            Err(ResolveError::NotFound) => self.contradicts(key, (says, by, digest), now),
            // Only a person is told so.
            Err(ResolveError::PriceTooLow) => None,
        };
        if let Some(verdict) = verdict {
            self.take_verdict(key, verdict, None);
        }
    }

    /// Takes a buyer's or a person's word of a post, here or at the shard that has it.
    pub fn resolve(&mut self, world: &mut impl World, now: Now, request: ResolveRequest) {
        let owner = self.shared.owner(request.key.auction);
        let waiter = request.waiter;
        if owner != self.place {
            return self.pass_on(world, owner, waiter, Message::Resolve(Box::new(request)));
        }
        let ResolveRequest { key, says, price, by, digest, note, .. } = request;
        let evidence = Evidence { says, price, by, digest, note };
        let verdict = match self.resolving.unknowns.resolve(now, key, evidence) {
            Ok(verdict) => verdict,
            Err(ResolveError::PriceTooLow) => {
                return self.reply(world, waiter, Reply::Resolved(Resolved::PriceTooLow));
            }
            Err(ResolveError::NotFound) => match self.contradicts(key, (says, by, digest), now) {
                Some(verdict) => verdict,
                None => return self.reply(world, waiter, Reply::Refusal(Refusal::NotFound)),
            },
        };
        if matches!(verdict, Verdict::Same) && !self.settles(key) {
            return self.reply(world, waiter, Reply::Resolved(Resolved::Before(says)));
        }
        self.take_verdict(key, verdict, Some((waiter, says)));
        self.ask_due(world, now);
        self.carry_out(world, now);
    }

    /// Judges what is said of a post that was never unknown, as far as the memory has its sale.
    fn contradicts(
        &mut self,
        key: UnknownKey,
        (says, by, digest): (Outcome, ResolvedBy, [u8; 16]),
        now: Now,
    ) -> Option<Verdict> {
        let story = match self.tenants.find(key.auction) {
            Some(auction) => self.engine.story(auction, now),
            None => self.history.get(key.auction).and_then(Finished::story),
        }?;
        let post = story.posts.iter().find(|post| post.candidate == key.candidate)?;
        Some(match Late::judge(post.outcome?, says) {
            Late::Same => Verdict::Same,
            Late::Contrary => Verdict::Disputed(Dispute {
                auction: key.auction,
                candidate: key.candidate,
                says,
                by,
                digest,
                at: now.utc,
            }),
        })
    }

    /// Asks about the posts whose time has come.
    pub(crate) fn ask_due(&mut self, world: &mut impl World, now: Now) {
        while let Some((key, action)) = self.resolving.unknowns.due(now) {
            let unknown = self.resolving.unknowns.get(key);
            match (action, unknown) {
                (Action::Repost, Some(unknown)) => world.repost(unknown),
                (Action::AskStatus, Some(unknown)) => world.ask_status(unknown),
                (Action::Assume(says), Some(_)) => {
                    let evidence = Evidence {
                        says,
                        price: None,
                        by: ResolvedBy::Rule,
                        digest: [0; 16],
                        note: Box::default(),
                    };
                    if let Ok(verdict) = self.resolving.unknowns.resolve(now, key, evidence) {
                        self.take_verdict(key, verdict, None);
                    }
                }
                (Action::HandOver, Some(unknown)) => {
                    let campaign =
                        unknown.campaign().map_or(Box::default(), |campaign| campaign.name.clone());
                    self.alerts.push(Alert::HandedOver { key, campaign });
                }
                (_, None) => {}
            }
        }
    }

    /// Returns whether the resolution of a post is on its way to the disk.
    fn settles(&self, key: UnknownKey) -> bool {
        self.resolving.settling.iter().any(|settling| settling.key == key)
    }

    /// Writes down what follows. Whoever waits is answered when that is on disk.
    fn take_verdict(&mut self, key: UnknownKey, verdict: Verdict, waiter: Option<(Waiter, Outcome)>) {
        match verdict {
            Verdict::Resolved(found) => {
                let (resolution, unknown) = *found;
                let campaign = unknown.campaign().map_or(Box::default(), |campaign| campaign.name.clone());
                let record = self.engine.append(&Record::Resolved(resolution.clone()));
                let told = Resolved::Now(resolution.outcome);
                self.resolving.settling.push_back(Settling {
                    record,
                    key,
                    resolution: Some(Box::new((resolution, campaign))),
                    waiters: waiter.map(|(waiter, _)| (waiter, told)).into_iter().collect(),
                });
            }
            Verdict::Disputed(dispute) => {
                let record = self.engine.append(&Record::Disputed(dispute));
                let waiters = waiter.map(|(waiter, _)| (waiter, Resolved::Disputed)).into_iter().collect();
                self.resolving.settling.push_back(Settling { record, key, resolution: None, waiters });
            }
            Verdict::Same => {
                let mut settling = self.resolving.settling.iter_mut();
                if let Some(settling) = settling.find(|settling| settling.key == key)
                    && let Some((waiter, says)) = waiter
                {
                    settling.waiters.push((waiter, Resolved::Before(says)));
                }
            }
        }
    }

    /// Carries out the resolutions that have reached the disk.
    pub(crate) fn settle_durable(&mut self, world: &mut impl World) {
        while let Some(front) = self.resolving.settling.front()
            && self.engine.is_durable(front.record)
        {
            let Some(settling) = self.resolving.settling.pop_front() else { return };
            if let Some(resolved) = &settling.resolution {
                self.settle(settling.key, &resolved.0, &resolved.1);
            }
            for (waiter, told) in settling.waiters {
                self.reply(world, waiter, Reply::Resolved(told));
            }
        }
    }

    fn settle(&mut self, key: UnknownKey, resolution: &Resolution, campaign: &str) {
        let sold = resolution.outcome == Outcome::Accepted;
        if sold {
            self.tally().sold();
        }
        let cells = self.shared.counters.cells();
        match self.resolving.rooms.remove(&key) {
            Some(Room::Reserved(reservation)) if sold => cells.commit(reservation, resolution.price),
            Some(Room::Reserved(reservation)) => cells.release(reservation),
            Some(Room::Dormant) => self.shared.settle_dormant(key, sold.then_some(resolution.price)),
            None => {}
        }
        self.shared.health(campaign).resolved();
        self.settle_person(key, resolution.outcome);
        self.history.amend(key.auction, |story| {
            story.resolve(key.candidate, resolution.outcome, resolution.price, resolution.payout);
        });
        let post = self.shared.sale_keys().post(key.auction, key.candidate);
        self.resolving.resolved.push_back(post);
        if self.resolving.resolved.len() > RESOLVED_MAX
            && let Some(oldest) = self.resolving.resolved.pop_front()
        {
            self.shared.unknown_posts.remove(oldest);
        }
    }

    /// Notes for the person what one of the sale's unknown posts turned out to be.
    fn settle_person(&mut self, key: UnknownKey, outcome: Outcome) {
        let (id, sold) = (key.auction, outcome == Outcome::Accepted);
        let Some(sale) = self.resolving.sales.get_mut(&id) else { return };
        sale.open = sale.open.saturating_sub(1);
        sale.sold |= sold;
        for print in sale.prints.into_iter().flatten().flatten() {
            if !has_person(outcome) {
                self.shared.had_by.forget_post(print, id, key.candidate);
            }
            if sale.sold {
                self.shared.fingerprints.taken(print, id, sale.taken_until);
            } else if sale.open == 0 {
                self.shared.fingerprints.unsold(print, id, sale.again_from);
            }
        }
        if sale.open == 0 {
            self.resolving.sales.remove(&id);
        }
    }

    /// Takes a post whose outcome nobody knows, with what the counters hold for it.
    pub(crate) fn add_unknown(&mut self, now: Now, unknown: Unknown, room: Option<Room>) {
        let key = unknown.key;
        let post = self.shared.sale_keys().post(key.auction, key.candidate);
        self.shared.unknown_posts.insert(post, key);
        if let Some(room) = room {
            self.resolving.rooms.insert(key, room);
        }
        self.resolving.unknowns.add(now, unknown);
        if let Some(evidence) = self.resolving.early.remove(&key) {
            self.take_evidence(now, key, evidence);
        }
    }

    pub(crate) fn add_unknown_sale(&mut self, id: Uuid7, sale: UnknownSale) {
        self.resolving.sales.insert(id, sale);
    }
}
