//! [`World`]: everything that the node asks of the world, with the checks that belong where it asks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_engine::Auction;
use exchange_node::{Current, Disk as JournalSeam, Net, Past, Question, Seed, Unknown, Vault};
use exchange_protocol::{Answer, CandidateIndex, Record, RecordBatch, Reply, SealClass, Sealed};
use exchange_types::{Amount, BidEntries, BidEntry, Nanos, PingReply, PostOutcome, ShardIndex, Uuid7};

use crate::catalog::Market;
use crate::clock::Clock;
use crate::disk::Disk;
use crate::draws::Draws;
use crate::fault::Fault;
use crate::ledger::{AuctionLog, Ledger};
use crate::network::{answer_ping, answer_post};
use crate::queue::{Event, Queue};
use crate::resolver::{REPORTS, ReportLog, Way};
use crate::run::Options;
use crate::seller::{self, Request};
use crate::trace::Trace;
use crate::vault::SimVault;
use crate::violation::{Promise, Verdicts};

/// Everything around the node.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) queue: Queue,
    pub(crate) draws: Draws,
    pub(crate) fault: Fault,
    pub(crate) shards: u16,
    pub(crate) requests: Vec<Request>,
    /// Requests by their names, which stand in the ids of what they began.
    pub(crate) named: BTreeMap<u32, usize>,
    /// Requests without an answer yet, by when it is due.
    pub(crate) waiting: BTreeSet<(Nanos, usize)>,
    pub(crate) disk: Disk,
    pub(crate) ledger: Ledger,
    pub(crate) markets: BTreeMap<u64, Market>,
    pub(crate) snapshots: BTreeMap<u64, Arc<Snapshot>>,
    /// The same with what hangs on them, as the shell hands them in with a lead.
    pub(crate) currents: BTreeMap<u64, Arc<Current>>,
    /// The shard that is being called.
    pub(crate) place: ShardIndex,
    /// The request that is being handed in.
    pub(crate) request: usize,
    pub(crate) vault: SimVault,
    /// What buyers and persons said of posts.
    pub(crate) reports: Vec<ReportLog>,
    /// Resolutions of which no shard was told yet that they are on disk: place, number, post.
    pub(crate) settling: Vec<(ShardIndex, u64, (Uuid7, CandidateIndex))>,
    /// How often the process has started.
    pub(crate) life: u64,
    /// How often the disk was made to fail.
    pub(crate) disk_failures: u64,
    /// How often the clock was set.
    pub(crate) clock_jumps: u64,
    /// How often it may still stop.
    pub(crate) crashes_left: u64,
    /// Whether a start is under way: what it finds was counted before.
    pub(crate) restoring: bool,
    /// Sales that a stop has interrupted between an intent and the last record.
    pub(crate) interrupted: BTreeSet<Uuid7>,
    pub(crate) trace: Trace,
    pub(crate) verdicts: Verdicts,
}

impl World {
    pub(crate) fn new(options: &Options, clock: Clock, draws: Draws, shards: u16) -> Self {
        Self {
            clock,
            queue: Queue::new(options.tie_seed),
            draws,
            fault: options.fault,
            shards,
            requests: Vec::new(),
            named: BTreeMap::new(),
            waiting: BTreeSet::new(),
            disk: Disk::new(options.fault == Fault::IdleSyncs),
            ledger: Ledger::default(),
            markets: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            currents: BTreeMap::new(),
            place: ShardIndex(0),
            request: 0,
            vault: SimVault::default(),
            reports: Vec::new(),
            settling: Vec::new(),
            life: 0,
            disk_failures: 0,
            clock_jumps: 0,
            crashes_left: 0,
            restoring: false,
            interrupted: BTreeSet::new(),
            trace: Trace::default(),
            verdicts: Verdicts::default(),
        }
    }

    fn now(&self) -> Nanos {
        self.clock.now().mono
    }

    /// Returns the request that began a sale: its name stands in the last bits of the id.
    pub(crate) fn request_of(&self, id: Uuid7) -> Option<&Request> {
        let name = u32::try_from(id.as_u128() & u128::from(u32::MAX)).ok()?;
        self.requests.get(*self.named.get(&name)?)
    }

    /// Returns the person whom a sale is about.
    pub(crate) fn person(&self, id: Uuid7) -> Option<u64> {
        self.request_of(id).map(|request| request.person)
    }

    fn campaign_name(auction: &Auction, candidate: CandidateIndex) -> String {
        auction.campaign(candidate).map(|campaign| campaign.name.to_string()).unwrap_or_default()
    }

    fn auction_log(&mut self, auction: &Auction) -> &mut AuctionLog {
        self.ledger.auctions.entry(auction.id()).or_insert_with(|| AuctionLog {
            admitted: auction.admitted(),
            catalog: auction.snapshot().map_or(0, |snapshot| snapshot.version),
            pinged: BTreeMap::new(),
            bids: BTreeMap::new(),
            told: BTreeMap::new(),
        })
    }

    /// Has the process stop at about this moment, if it may and the draw says so.
    pub(crate) fn perhaps_crash(&mut self, purpose: &str, id: Uuid7, chance: u64) {
        let mut draw = self.draws.of(purpose, &[id.as_u128()]);
        if self.crashes_left > 0 && draw.percent(chance) {
            self.crashes_left = self.crashes_left.saturating_sub(1);
            let at = self.now().saturating_add(draw.micros(0, 5_000));
            self.queue.push(at, Event::Crash);
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "few kinds are of interest here")]
    fn take_record(&mut self, entry: usize, number: u64, record: &Record) {
        match record {
            Record::Intent { auction, .. } => {
                self.take_intent(entry, record);
                self.perhaps_crash("crash at an intent", *auction, 4);
            }
            Record::Outcome { .. } => self.take_outcome(entry, record),
            Record::Closed(story) => self.take_story(story),
            Record::Resolved(found) => self.take_resolved(entry, number, found),
            Record::Offered(offered) => self.take_offered(offered),
            _ => {}
        }
    }

    fn deliver(&mut self, token: u64, reply: &Reply) {
        if token >= REPORTS {
            return self.take_report_reply(token, reply);
        }
        let number = usize::try_from(token).unwrap_or(usize::MAX);
        let now = self.now();
        let shown = show(reply);
        self.trace.write(format_args!("reply {number} {shown}"));
        let Some(request) = self.requests.get_mut(number) else { return };
        let on_time = request.due.is_none_or(|due| now <= due);
        request.replies.push(reply.clone());
        self.ledger.changes = self.ledger.changes.saturating_add(1);
        let count = request.replies.len();
        let due = request.due;
        self.waiting.remove(&(due.unwrap_or(Nanos::NEVER), number));
        self.verdicts.check(Promise::OneAnswer, count == 1, || format!("request {number}: {count} answers"));
        self.verdicts.check(Promise::Deadline, on_time, || {
            format!("request {number} was due at {due:?} and is answered at {now:?}")
        });
        if let Reply::Answer { answer, .. } = reply {
            self.check_answer(answer);
            self.check_isolation(number, answer);
            let asked = self.requests.get(number).cloned();
            if let Some(asked) = asked.filter(|_| count == 1) {
                for next in seller::follow_up(&self.draws, &asked, answer, (self.shards, now)) {
                    self.add_request(next);
                }
            }
        }
    }

    pub(crate) fn add_request(&mut self, request: Request) {
        self.queue.push(request.at, Event::Request(self.requests.len()));
        self.named.insert(request.name, self.requests.len());
        self.requests.push(request);
    }
}

impl Net for World {
    fn send_ping(&mut self, auction: &Auction, candidate: CandidateIndex) {
        let (id, key, place) = (auction.id(), auction.key(), self.place);
        let name = Self::campaign_name(auction, candidate);
        let Some(deadline) = auction.candidate(candidate).map(|candidate| candidate.ping_deadline) else {
            return;
        };
        let window = deadline.saturating_sub(self.now());
        let mut draw = self.draws.of("ping", &[id.as_u128(), u128::from(candidate.0)]);
        for (after, reply) in answer_ping(&mut draw, window) {
            let reply = Box::new(reply);
            let at = self.now().saturating_add(after);
            self.queue.push(at, Event::PingReply { place, auction: key, candidate, reply });
        }
        self.trace.write(format_args!("ping {id:?} {name}"));
        self.check_eligible(auction, &name);
        self.auction_log(auction).pinged.insert(candidate, name);
    }

    fn send_post(&mut self, auction: &Auction, candidate: CandidateIndex) {
        let (id, key, place, now) = (auction.id(), auction.key(), self.place, self.now());
        let name = Self::campaign_name(auction, candidate);
        self.trace.write(format_args!("post {id:?} {name}"));
        self.auction_log(auction);
        let post = self.ledger.posts.get(&(id, candidate));
        let durable = post.is_some_and(|post| self.disk.is_on_disk(post.intent));
        self.verdicts
            .check(Promise::IntentFirst, durable, || format!("post of {id:?} to {name} before its intent"));
        let timeout = auction.post(candidate).map_or(Nanos::ZERO, |post| post.give_up_at.saturating_sub(now));
        let price = post.map_or(Amount::ZERO, |post| post.price);
        let mut draw = self.draws.of("post", &[id.as_u128(), u128::from(candidate.0)]);
        let plan = answer_post(&mut draw, price, timeout, self.fault);
        if let Some((after, outcome)) = plan.report {
            let event = Event::PostReply { place, auction: key, candidate, outcome };
            self.queue.push(now.saturating_add(after), event);
        }
        let copies = if self.fault == Fault::PostsTwice { 2 } else { 1 };
        if let Some(post) = self.ledger.posts.get_mut(&(id, candidate)) {
            let arrives = !matches!(plan.report, Some((_, PostOutcome::NotSent(_))));
            post.sent = post.sent.saturating_add(copies);
            post.sent_at = now;
            post.truth = arrives.then_some(plan.truth);
            post.again = plan.again;
            post.lower = match plan.again {
                Some(PostOutcome::Accepted { price }) => price,
                _ => None,
            };
            let sent = post.sent;
            self.verdicts.check(Promise::OneCharge, sent == 1, || {
                format!("post of {id:?} to {name} leaves {sent} times")
            });
        }
        self.check_exclusivity(auction);
        self.perhaps_crash("crash at a post", id, 4);
    }

    fn repost(&mut self, unknown: &Unknown) {
        self.ask_again(unknown, Way::Repost);
    }

    fn ask_status(&mut self, unknown: &Unknown) {
        self.ask_again(unknown, Way::Status);
    }

    fn reply(&mut self, token: u64, reply: Reply) {
        if self.fault == Fault::LostReplies && token % 5 == 3 && token < REPORTS {
            return;
        }
        if self.fault == Fault::RepliesTwice {
            self.deliver(token, &reply);
        }
        self.deliver(token, &reply);
    }

    fn wake(&mut self, place: ShardIndex) {
        let now = self.now();
        let after = self.draws.of("wake", &[u128::from(now.0), u128::from(place.0)]).micros(1, 50);
        self.queue.push(now.saturating_add(after), Event::Wake(place));
    }
}

impl JournalSeam for World {
    fn append(&mut self, batch: RecordBatch<'_>) {
        let place = self.place;
        let now = self.now();
        let up_to = batch.first.saturating_add(batch.count).saturating_sub(1);
        let first = batch.first;
        let entries = self.disk.append(place, batch);
        self.verdicts
            .check(Promise::Account, entries.is_some(), || format!("a batch of {place:?} cannot be read"));
        for (number, entry) in (first..).zip(entries.unwrap_or_default()) {
            self.ledger.changes = self.ledger.changes.saturating_add(1);
            let Some(record) = self.disk.entries.get(entry).map(|entry| entry.record.clone()) else {
                continue;
            };
            self.take_record(entry, number, &record);
        }
        let mut draw = self.draws.of("sync", &[u128::from(now.0), u128::from(place.0)]);
        let at = self.disk.sync_at(place, now, &mut draw);
        if self.fault == Fault::EarlySync {
            self.queue.push(now, Event::ToldEarly { place, up_to });
        }
        self.queue.push(at, Event::Synced { place, up_to });
    }
}

impl Seed for World {
    fn entropy(&mut self) -> u128 {
        let name = u128::from(self.requests.get(self.request).map_or(0, |request| request.name));
        (self.draws.bits("id", &[name]) << 32) | name
    }
}

impl Vault for World {
    fn seal(&mut self, lead: Uuid7, class: SealClass, plain: &[u8], out: &mut Vec<u8>) -> Option<Sealed> {
        if self.draws.of("slots", &[lead.as_u128()]).percent(1) {
            // No key is ready.
            return None;
        }
        self.vault.seal(lead, class, plain, out)
    }

    fn unseal(&mut self, lead: Uuid7, sealed: &Sealed, ciphertext: &[u8]) -> Option<Vec<u8>> {
        self.vault.unseal(lead, sealed, ciphertext)
    }
}

impl Past for World {
    fn look_up(&mut self, token: u64, question: Question) {
        let (now, place) = (self.now(), self.place);
        let number = [u128::from(now.0), u128::from(place.0), u128::from(token)];
        let mut draw = self.draws.of("store", &number);
        self.trace.write(format_args!("asks the store {question:?}"));
        let after = match draw.weighted([85, 10, 5]) {
            0 => draw.micros(200, 20_000),
            1 => draw.micros(100_000, 400_000),
            _ => return,
        };
        let event = Event::Remembered { place, token, question: Box::new(question) };
        self.queue.push(now.saturating_add(after), event);
    }
}

/// Returns an amount without what is below a cent.
pub(crate) fn cents_below(amount: Amount) -> Amount {
    Amount::from_micros(amount.micros().saturating_sub(amount.micros().rem_euclid(10_000)))
}

/// Returns a reply in which another sum stands.
pub(crate) fn forged(reply: &PingReply, candidate: CandidateIndex) -> PingReply {
    let PingReply::Bids(entries) = reply else { return *reply };
    let mut higher = BidEntries::new();
    for entry in entries.as_slice() {
        let more = i64::from(candidate.0 % 3).saturating_mul(20_000_000);
        let amount = Amount::from_micros(entry.amount.micros().saturating_add(more));
        higher.push(BidEntry { amount, ..*entry });
    }
    PingReply::Bids(higher)
}

fn show(reply: &Reply) -> String {
    match reply {
        Reply::Answer { answer, replayed, .. } => {
            let Answer { id, status, payout, sales, offers, .. } = &**answer;
            let (sales, offers) = (sales.len(), offers.len());
            format!("{id:?} {status:?} payout {payout:?} sales {sales} offers {offers} replayed {replayed}")
        }
        Reply::Refusal(refusal) => format!("{refusal:?}"),
        Reply::Account(account) => format!("account {:?}", account.story.id),
        Reply::Resolved(resolved) => format!("{resolved:?}"),
        Reply::Inquiries(told) => format!("{told:?}"),
    }
}
