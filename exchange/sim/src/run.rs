//! [`run`]: one seed from its first request to its rest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use exchange_counters::{Counters, CountersConfig};
use exchange_node::{Mesh, NodeConfig, Shard, Shared};
use exchange_protocol::{CandidateIndex, SaleKind};
use exchange_types::{BidEntries, HashKey, Nanos, PingReply, PostReply, ShardIndex, UtcMicros, Uuid7};

use crate::catalog::Market;
use crate::clock::Clock;
use crate::disk::Disk;
use crate::draws::Draws;
use crate::fault::Fault;
use crate::invariants::{self, Counted};
use crate::ledger::Ledger;
use crate::oracle;
use crate::queue::{Event, Queue};
use crate::seller::{self, What};
use crate::trace::Trace;
use crate::violation::{Promise, Verdicts, Violation};
use crate::world::{World, forged};

/// Steps after which a run is taken for endless; a long one has some thousand.
const STEPS_MAX: u64 = 50_000;
/// Messages that a shard takes at a time.
const MESSAGES_MAX: usize = 16;
/// How long windows are looked after; no run lasts longer.
const HORIZON: Nanos = Nanos::from_secs(600);
/// The midnight of Berlin around which runs begin: 2026-11-21.
const MIDNIGHT: i64 = 1_795_215_600_000_000;

/// What is run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// What everything follows from but the order of what happens at the same moment.
    pub seed: u64,
    /// Decides that order.
    pub tie_seed: u64,
    /// Whether no two requests arrive at the same moment.
    pub spread: bool,
    /// A deliberate fault of the world.
    pub fault: Fault,
}

/// What came of a run.
#[derive(Debug)]
pub struct Report {
    /// What happened.
    pub trace: Trace,
    /// How often each promise was checked, and what was broken.
    pub verdicts: Verdicts,
    /// What came of each auction.
    pub outcomes: BTreeMap<Uuid7, String>,
}

/// The node and its world.
pub(crate) struct Sim {
    pub(crate) world: World,
    pub(crate) shared: Arc<Shared>,
    pub(crate) shards: Vec<Shard>,
    counted: Counted,
    changes: u64,
    /// When each shard was ticked last.
    ticked: Vec<Nanos>,
}

/// Runs a seed until nothing is left to happen, or a promise is broken.
pub fn run(options: Options) -> Report {
    match Sim::new(options) {
        Ok(mut sim) => {
            sim.go();
            let outcomes = oracle::judge(&mut sim.world, &sim.shards);
            Report { trace: sim.world.trace, verdicts: sim.world.verdicts, outcomes }
        }
        Err(violation) => {
            let mut verdicts = Verdicts::default();
            verdicts.check(violation.promise, false, || violation.detail);
            Report { trace: Trace::default(), verdicts, outcomes: BTreeMap::new() }
        }
    }
}

impl Sim {
    fn new(options: Options) -> Result<Self, Violation> {
        let draws = Draws::new(options.seed);
        let mut draw = draws.of("run", &[]);
        let shards = u16::try_from(draw.between(1, 3)).unwrap_or(1);
        let before = if draw.percent(60) { draw.amount(0, 20_000_000) } else { 7_200_000_000 };
        let clock = Clock::new(UtcMicros(MIDNIGHT.saturating_sub(before)));
        let config = NodeConfig {
            shards,
            auctions_max: if draw.percent(20) { 3 } else { 64 },
            history_max: 1_000,
            fingerprints_max: 1_000,
            mesh_queue_max: draw.index(16).saturating_add(1),
        };
        let now = clock.now();
        let market = Market::first(&draws);
        let snapshot = market.compile(now.utc).map_err(|mistakes| Violation {
            promise: Promise::Rest,
            detail: format!("the catalog has mistakes: {mistakes:?}"),
        })?;
        let counters = Counters::new(CountersConfig { cells_max: 512, ..CountersConfig::default() });
        let shared = Arc::new(Shared::new(config, HashKey::new([9; 16]), counters, snapshot, now.utc));
        let mesh = Mesh::new(shards.saturating_add(1), config.mesh_queue_max);
        let place = |index| Shard::new(ShardIndex(index), Arc::clone(&shared), mesh.clone());
        let mut sim = Self {
            shards: (0..shards).map(place).collect(),
            counted: Counted::default(),
            changes: draw.between(0, 3),
            ticked: vec![Nanos::ZERO; usize::from(shards)],
            world: World {
                clock,
                queue: Queue::new(options.tie_seed),
                draws,
                fault: options.fault,
                shards,
                requests: Vec::new(),
                named: BTreeMap::new(),
                waiting: BTreeSet::new(),
                disk: Disk::new(shards),
                ledger: Ledger::default(),
                markets: BTreeMap::from([(1, market)]),
                snapshots: BTreeMap::from([(1, Arc::clone(&shared.current().snapshot))]),
                currents: BTreeMap::from([(1, shared.current())]),
                place: ShardIndex(0),
                request: 0,
                trace: Trace::default(),
                verdicts: Verdicts::default(),
            },
            shared,
        };
        sim.plan(options.spread);
        Ok(sim)
    }

    fn plan(&mut self, spread: bool) {
        let begin = self.world.clock.now().mono;
        for request in seller::workload(&self.world.draws, self.world.shards, begin, spread) {
            self.world.add_request(request);
        }
        for change in 0..self.changes {
            let mut draw = self.world.draws.of("change at", &[u128::from(change)]);
            let at = begin.saturating_add(draw.micros(0, 16_000_000));
            self.world.queue.push(at, Event::Install);
        }
        self.plan_refresh();
    }

    fn go(&mut self) {
        while self.world.verdicts.broken().is_none() {
            let event = self.world.queue.next();
            let tick = self.next_tick();
            let tick_first = match (event, tick) {
                (None, None) => break,
                (Some(_), None) => None,
                (None, Some((_, _, place))) => Some(place),
                (Some(event), Some((at, tie, place))) => ((at, tie) < event).then_some(place),
            };
            let at = tick_first.and(tick.map(|(at, ..)| at)).or(event.map(|(at, _)| at));
            self.world.clock.advance_to(at.unwrap_or_default());
            self.world.trace.next_step();
            invariants::check_deadlines(&mut self.world);
            match tick_first {
                Some(place) => self.tick(place),
                None => self.step(),
            }
            let current = self.shared.current();
            invariants::check_caps(&mut self.world, &self.shards, &current, &mut self.counted);
            let step = self.world.trace.step();
            self.world.verdicts.check(Promise::Rest, step < STEPS_MAX, || "the run has no end".to_owned());
        }
    }

    /// Returns which shard wants to be told that time has passed, when, and what breaks a tie.
    fn next_tick(&self) -> Option<(Nanos, u64, ShardIndex)> {
        if self.world.fault == Fault::NoTicks {
            return None;
        }
        let step = self.world.trace.step();
        let wanted = (0_u16..).zip(&self.shards).filter_map(|(place, shard)| {
            let at = shard.next_timeout()?;
            // A shard whose replies found a queue full asks again at once; a microsecond stands for "at once".
            let last = self.ticked.get(usize::from(place)).copied().unwrap_or_default();
            let at = if at == Nanos::ZERO { last.saturating_add(Nanos(1_000)) } else { at };
            let tie = self
                .world
                .queue
                .tie(u64::MAX.saturating_sub(step.saturating_mul(8)).saturating_sub(u64::from(place)));
            Some((at.max(self.world.clock.now().mono), tie, ShardIndex(place)))
        });
        wanted.min_by_key(|(at, tie, _)| (*at, *tie))
    }

    fn tick(&mut self, place: ShardIndex) {
        let now = self.world.clock.now();
        if let Some(last) = self.ticked.get_mut(place.at()) {
            *last = now.mono;
        }
        self.world.trace.write(format_args!("at {} tick {}", now.mono.0, place.0));
        self.at(place, |shard, world| shard.tick(world, now));
    }

    /// Calls a shard.
    pub(crate) fn at<T>(
        &mut self,
        place: ShardIndex,
        act: impl FnOnce(&mut Shard, &mut World) -> T,
    ) -> Option<T> {
        self.world.place = place;
        self.shards.get_mut(place.at()).map(|shard| act(shard, &mut self.world))
    }

    fn step(&mut self) {
        let now = self.world.clock.now();
        let Some(event) = self.world.queue.pop() else { return };
        match event {
            Event::Request(number) => self.hand_in(number),
            Event::PingReply { place, auction, candidate, reply } => {
                self.world
                    .trace
                    .write(format_args!("at {} bid {place:?} {auction:?} {candidate:?}", now.mono.0));
                self.at(place, |shard, world| {
                    if let Some(found) = shard.auction(auction) {
                        let id = found.id();
                        note_bid(world, id, found.kind(), candidate, &reply);
                    }
                    let reply =
                        if world.fault == Fault::ForgedBids { forged(&reply, candidate) } else { *reply };
                    shard.ping_reply(world, now, auction, candidate, &reply);
                });
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
            Event::Synced { place, up_to } => {
                self.world.trace.write(format_args!("at {} synced {place:?} {up_to}", now.mono.0));
                self.world.disk.synced(place, up_to);
                self.at(place, |shard, world| shard.durable(world, now, up_to));
            }
            Event::ToldEarly { place, up_to } => {
                self.at(place, |shard, world| shard.durable(world, now, up_to));
            }
            Event::Wake(place) => {
                let more = self.at(place, |shard, world| shard.take_messages(world, now, MESSAGES_MAX));
                if more == Some(true) {
                    self.world.queue.push(now.mono, Event::Wake(place));
                }
            }
            Event::Install => self.install(),
            Event::Refresh => {
                self.shared.refresh_windows(now.utc);
                self.world.ledger.changes = self.world.ledger.changes.saturating_add(1);
                self.plan_refresh();
            }
        }
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
    fn plan_refresh(&mut self) {
        let begin = self.world.clock.begin();
        let boundary = self.shared.current().caps.next_boundary().0;
        let micros = u64::try_from(boundary.saturating_sub(begin.utc.0)).unwrap_or(0);
        let after = Nanos(micros.saturating_mul(1_000)).saturating_add(Nanos::from_millis(700));
        if after < HORIZON {
            let at = begin.mono.saturating_add(after).max(self.world.clock.now().mono);
            self.world.queue.push(at, Event::Refresh);
        }
    }
}

/// Notes what came of a ping, if it came first and before the close.
fn note_bid(world: &mut World, id: Uuid7, kind: SaleKind, candidate: CandidateIndex, reply: &PingReply) {
    let now = world.clock.now().mono;
    let wait = match world.request_of(id).map(|request| &request.what) {
        Some(What::Ping(terms)) if kind == SaleKind::TwoStep => terms.wait_ms.map(Nanos::from_millis),
        _ => None,
    };
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
