//! What happens at a step: one event of the queue, carried out.

use std::sync::Arc;

use exchange_node::{Admission, ResolverReply, UnknownKey};
use exchange_protocol::{CandidateIndex, CatalogNames, Record, SaleKind, SlotKey};
use exchange_types::{BidEntries, Nanos, PingReply, PostReply, ShardIndex, Uuid7};

use crate::fault::Fault;
use crate::queue::Event;
use crate::run::Sim;
use crate::storage::Failing;
use crate::violation::Promise;
use crate::world::{World, forged};

/// Messages that a shard takes at a time.
const MESSAGES_MAX: usize = 16;
/// How long windows are looked after; what is left of a run then is few posts of which nobody knows.
const HORIZON: Nanos = Nanos::from_secs(600);
/// After how long something comes again that found the process down, once that is up.
const RETRY: Nanos = Nanos::from_millis(3);

impl Sim {
    pub(crate) fn step(&mut self) {
        let now = self.world.clock.now();
        let Some(event) = self.world.queue.pop() else { return };
        match event {
            Event::Request(number) => match self.down_until {
                None => self.hand_in(number),
                Some(until) => self.world.queue.push(until.saturating_add(RETRY), Event::Request(number)),
            },
            Event::PingReply { place, auction, candidate, reply } => {
                self.ping_reply(place, auction, candidate, &reply);
            }
            Event::PostReply { place, auction, candidate, outcome } => {
                self.world.trace.write(format_args!(
                    "at {} post's reply {place:?} {auction:?} {candidate:?} {outcome:?}",
                    now.mono.0
                ));
                self.at(place, |shard, world| {
                    shard.post_reply(world, now, auction, candidate, PostReply::bare(outcome));
                });
            }
            Event::Synced { place, up_to } => self.sync(place, up_to),
            Event::ToldEarly { place, up_to } => self.tell_durable(place, up_to),
            Event::Wake(place) => {
                let more = self.at(place, |shard, world| shard.take_messages(world, now, MESSAGES_MAX));
                if more == Some(true) {
                    self.world.queue.push(now.mono, Event::Wake(place));
                }
            }
            Event::Resolver { key, outcome } => {
                let place = self.shared.owner(key.auction);
                self.world.trace.write(format_args!("at {} is told {key:?} {outcome:?}", now.mono.0));
                let reply = ResolverReply { outcome, digest: [9; 16] };
                self.at(place, |shard, world| shard.resolver_reply(world, now, key, reply));
            }
            Event::Remembered { place, token, question } => {
                let known = self.world.remember(&question);
                self.world.trace.write(format_args!("at {} the store says {known:?}", now.mono.0));
                self.at(place, |shard, world| shard.remembered(world, now, token, known));
            }
            Event::Install | Event::Report { .. } if self.down_until.is_some() => {
                let until = self.down_until.unwrap_or(now.mono);
                self.world.queue.push(until.saturating_add(RETRY), event);
            }
            Event::Report { key } => self.report(key),
            Event::Install => self.install(),
            Event::Refresh => self.refresh(),
            Event::Crash => self.crash(),
            Event::Restart => self.restart(),
            Event::Jump(micros) => {
                self.world.clock.jump(micros);
                self.world.clock_jumps = self.world.clock_jumps.saturating_add(1);
                self.world.trace.write(format_args!("at {} the clock jumps by {micros}", now.mono.0));
                let mut draw = self.world.draws.of("noticed", &[u128::from(now.mono.0)]);
                self.world.queue.push(now.mono.saturating_add(draw.micros(0, 2_000_000)), Event::Refresh);
            }
            Event::DiskFails => {
                let mut draw = self.world.draws.of("disk fails", &[]);
                let how = [Failing::Device, Failing::Full, Failing::Short];
                let how = how.get(draw.index(3)).copied().unwrap_or(Failing::Device);
                self.world.disk_failures = self.world.disk_failures.saturating_add(1);
                self.world.trace.write(format_args!("at {} the disk fails: {how:?}", now.mono.0));
                self.world.disk.fail_at(draw.between(0, 6), how);
            }
        }
    }

    fn ping_reply(
        &mut self,
        place: ShardIndex,
        auction: SlotKey,
        candidate: CandidateIndex,
        reply: &PingReply,
    ) {
        let now = self.world.clock.now();
        self.world.trace.write(format_args!("at {} bid {place:?} {auction:?} {candidate:?}", now.mono.0));
        self.at(place, |shard, world| {
            if let Some(found) = shard.auction(auction) {
                let (id, kind) = (found.id(), found.kind());
                // A ping that had to wait for the store has less time than it was given.
                let wait = found.submission().wait.filter(|_| kind == SaleKind::TwoStep);
                note_bid(world, id, wait, candidate, reply);
            }
            let reply = if world.fault == Fault::ForgedBids { forged(reply, candidate) } else { *reply };
            shard.ping_reply(world, now, auction, candidate, &reply);
        });
    }

    /// Brings what waits to the disk, of one place or of all, and tells one of them.
    fn sync(&mut self, place: ShardIndex, up_to: u64) {
        let now = self.world.clock.now();
        self.world.trace.write(format_args!("at {} synced {place:?} {up_to}", now.mono.0));
        if self.world.disk.has_failed() {
            return;
        }
        let mut draw = self.world.draws.of("group", &[u128::from(now.mono.0), u128::from(place.0)]);
        let of = (!draw.percent(50)).then_some(place);
        if self.world.disk.commit(of, now.utc).is_err() {
            return self.fail();
        }
        let told = self.world.disk.of_place(place).get(..usize::try_from(up_to).unwrap_or(0));
        let all = told.is_some_and(|told| told.iter().all(|entry| self.world.disk.is_on_disk(*entry)));
        self.world.verdicts.check(Promise::NothingLost, all, || {
            format!("{place:?} is told of {up_to} records that are not all on disk")
        });
        self.tell_durable(place, up_to);
    }

    fn tell_durable(&mut self, place: ShardIndex, up_to: u64) {
        let now = self.world.clock.now();
        self.world.settle(place, up_to);
        self.at(place, |shard, world| shard.durable(world, now, up_to));
    }

    /// The journal has failed: nothing is written any more, and the process ends.
    fn fail(&mut self) {
        let now = self.world.clock.now();
        self.world.trace.write(format_args!("at {} the journal has failed", now.mono.0));
        self.shared.set_admission(Admission::DiskFull);
        let mut draw = self.world.draws.of("ends", &[u128::from(now.mono.0)]);
        self.world.queue.push(now.mono.saturating_add(draw.micros(0, 50_000)), Event::Crash);
    }

    fn report(&mut self, key: UnknownKey) {
        let now = self.world.clock.now();
        let Some(request) = self.world.report(key) else { return };
        self.world.trace.write(format_args!("at {} report {request:?}", now.mono.0));
        self.at(request.waiter.place, |shard, world| shard.resolve(world, now, request));
    }

    fn refresh(&mut self) {
        self.shared.refresh_windows(self.world.clock.now().utc);
        self.world.ledger.changes = self.world.ledger.changes.saturating_add(1);
        self.plan_refresh();
    }

    fn install(&mut self) {
        let now = self.world.clock.now();
        let Some(market) = self.world.markets.values().next_back().map(|last| last.next(&self.world.draws))
        else {
            return;
        };
        self.world.trace.write(format_args!("at {} catalog {}", now.mono.0, market.version));
        match market.compile(now.utc) {
            Ok(snapshot) => {
                let names = CatalogNames::of(&snapshot, now.utc);
                if self.world.disk.write(Record::Catalog(names), now.utc).is_err() {
                    return self.fail();
                }
                self.shared.install(snapshot, now.utc);
                let snapshot = Arc::clone(&self.shared.current().snapshot);
                self.world.snapshots.insert(market.version, snapshot);
                self.world.currents.insert(market.version, self.shared.current());
                self.world.markets.insert(market.version, market);
                self.world.ledger.changes = self.world.ledger.changes.saturating_add(1);
            }
            Err(mistakes) => self
                .world
                .verdicts
                .check(Promise::Rest, false, || format!("the catalog has mistakes: {mistakes:?}")),
        }
    }

    /// Has the windows looked after soon after the first of them closes.
    pub(crate) fn plan_refresh(&mut self) {
        let now = self.world.clock.now();
        let boundary = self.shared.current().caps.next_boundary().0;
        let micros = u64::try_from(boundary.saturating_sub(now.utc.0)).unwrap_or(0);
        let after = Nanos(micros.saturating_mul(1_000)).saturating_add(Nanos::from_millis(700));
        if after < HORIZON {
            self.world.queue.push(now.mono.saturating_add(after), Event::Refresh);
        }
    }
}

/// Notes what came of a ping, if it came first and before the close.
fn note_bid(world: &mut World, id: Uuid7, wait: Option<Nanos>, candidate: CandidateIndex, reply: &PingReply) {
    let now = world.clock.now().mono;
    let World { ledger, markets, fault, .. } = world;
    let Some(log) = ledger.auctions.get_mut(&id) else { return };
    let Some(market) = markets.get(&log.catalog) else { return };
    let window = Nanos::from_millis(market.bid_window_ms);
    let close = log.admitted.mono.saturating_add(wait.map_or(window, |wait| wait.min(window)));
    let usable = |reply: &PingReply| match reply {
        PingReply::Bids(entries) if now < close => *entries,
        PingReply::Bids(_)
        | PingReply::NoBid
        | PingReply::Timeout
        | PingReply::ConnectFailed
        | PingReply::BadReply
        | PingReply::BadPrice => BidEntries::new(),
    };
    log.bids.entry(candidate).or_insert(usable(reply));
    let told = if *fault == Fault::ForgedBids { forged(reply, candidate) } else { *reply };
    log.told.entry(candidate).or_insert(usable(&told));
}
