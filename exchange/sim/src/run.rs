//! [`run`]: one seed from its first request to its rest.

use std::collections::BTreeMap;
use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_counters::{Counters, CountersConfig};
use exchange_node::{Mesh, NodeConfig, Shard, Shared};
use exchange_protocol::{CatalogNames, Record};
use exchange_types::{HashKey, Nanos, ShardIndex, UtcMicros, Uuid7};

use crate::catalog::Market;
use crate::clock::Clock;
use crate::draws::Draws;
use crate::fault::Fault;
use crate::invariants::{self, Counted};
use crate::oracle;
use crate::queue::Event;
use crate::seller;
use crate::trace::Trace;
use crate::violation::{Promise, Verdicts, Violation};
use crate::world::World;

/// Runs, in percent, in which the clock is set.
const JUMPS_PERCENT: u64 = 12;
/// The most by which it is set at a time, in microseconds: 26 hours, so that days are left out and come again.
const JUMP_MAX: i64 = 93_600_000_000;
/// What half of them stay below: 50 minutes, less than the shortest window.
const JUMP_SHORT: i64 = 3_000_000_000;
/// Runs, in percent, in which the node remembers so little that it has to ask the store.
const FORGETS_PERCENT: u64 = 25;
/// Steps after which a run is taken for endless; a long one has some thousand.
const STEPS_MAX: u64 = 50_000;
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
    /// Whether the process never stops, the disk never fails and nobody sets the clock.
    pub calm: bool,
    /// A deliberate fault of the world.
    pub fault: Fault,
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// What happened.
    pub trace: Trace,
    /// How often each promise was checked, and what was broken.
    pub verdicts: Verdicts,
    /// What came of each auction.
    pub outcomes: BTreeMap<Uuid7, String>,
    /// How often the process has stopped and started again.
    pub starts: u64,
    /// How often the disk was made to fail.
    pub disk_failures: u64,
    /// How often the clock was set.
    pub clock_jumps: u64,
}

/// The node and its world.
pub(crate) struct Sim {
    pub(crate) world: World,
    pub(crate) shared: Arc<Shared>,
    pub(crate) shards: Vec<Shard>,
    pub(crate) counted: Counted,
    changes: u64,
    /// When each shard was ticked last.
    pub(crate) ticked: Vec<Nanos>,
    pub(crate) config: NodeConfig,
    /// When the process starts again, while it is down.
    pub(crate) down_until: Option<Nanos>,
}

/// Returns the limits of the node.
fn limits(draws: &Draws, shards: u16) -> NodeConfig {
    let mut draw = draws.of("limits", &[]);
    let forgets = draw.percent(FORGETS_PERCENT);
    NodeConfig {
        shards,
        auctions_max: if draw.percent(20) { 3 } else { 64 },
        history_max: if forgets { draw.index(8).saturating_add(1) } else { 1_000 },
        fingerprints_max: if forgets { draw.index(8).saturating_add(2) } else { 1_000 },
        filter_bytes: 1 << 10,
        unknowns_max: if draw.percent(10) { 1 } else { 1_000 },
        parked_max: if draw.percent(20) { 2 } else { 100 },
        mesh_queue_max: draw.index(16).saturating_add(1),
    }
}

/// Returns what the shards of a process have in common, before anything is known.
pub(crate) fn shared(config: NodeConfig, snapshot: Snapshot, now: UtcMicros) -> Shared {
    let counters = Counters::new(CountersConfig { cells_max: 512, ..CountersConfig::default() });
    Shared::new(config, HashKey::new([9; 16]), counters, snapshot, now)
}

/// Returns the shards of a process.
pub(crate) fn place_shards(shared: &Arc<Shared>) -> Vec<Shard> {
    let config = shared.config();
    let mesh = Mesh::new(config.shards.saturating_add(1), config.mesh_queue_max);
    let place = |index| Shard::new(ShardIndex(index), Arc::clone(shared), mesh.clone());
    (0..config.shards).map(place).collect()
}

/// Runs a seed until nothing is left to happen, or a promise is broken.
pub fn run(options: Options) -> Report {
    match Sim::new(options) {
        Ok(mut sim) => {
            sim.go();
            let outcomes = oracle::judge(&mut sim.world, &sim.shards);
            let World { life: starts, disk_failures, clock_jumps, trace, verdicts, .. } = sim.world;
            Report { trace, verdicts, outcomes, starts, disk_failures, clock_jumps }
        }
        Err(violation) => {
            let mut verdicts = Verdicts::default();
            verdicts.check(violation.promise, false, || violation.detail);
            Report { verdicts, ..Report::default() }
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
        let config = limits(&draws, shards);
        let now = clock.now();
        let market = Market::first(&draws);
        let snapshot = market.compile(now.utc).map_err(|mistakes| Violation {
            promise: Promise::Rest,
            detail: format!("the catalog has mistakes: {mistakes:?}"),
        })?;
        let names = CatalogNames::of(&snapshot, now.utc);
        let shared = Arc::new(shared(config, snapshot, now.utc));
        let mut sim = Self {
            shards: place_shards(&shared),
            counted: Counted::default(),
            changes: draw.between(0, 3),
            ticked: vec![Nanos::ZERO; usize::from(shards)],
            config,
            down_until: None,
            world: World::new(&options, clock, draws, shards),
            shared,
        };
        let snapshot = Arc::clone(&sim.shared.current().snapshot);
        sim.world.markets.insert(1, market);
        sim.world.snapshots.insert(1, snapshot);
        sim.world.currents.insert(1, sim.shared.current());
        sim.open_disk(names)?;
        sim.plan(options.spread);
        if !options.calm {
            sim.plan_trouble();
        }
        Ok(sim)
    }

    /// Opens the journal for the first time, and writes down the first catalog.
    fn open_disk(&mut self, names: CatalogNames) -> Result<(), Violation> {
        let broken = |detail| Violation { promise: Promise::NothingLost, detail };
        let utc = self.world.clock.now().utc;
        let mut draw = self.world.draws.of("first start", &[]);
        self.world.disk.open(utc, &mut draw).map_err(broken)?;
        self.world.disk.write(Record::Catalog(names), utc).map_err(broken)?;
        Ok(())
    }

    /// Plans when the process stops of itself, when the disk fails and when the clock is set.
    fn plan_trouble(&mut self) {
        let begin = self.world.clock.now().mono;
        let mut draw = self.world.draws.of("trouble", &[]);
        let crashes = u64::try_from(draw.weighted([20, 40, 25, 15])).unwrap_or(0);
        self.world.crashes_left = crashes;
        for _ in 0..crashes {
            let longest = if draw.percent(80) { 18_000_000 } else { 120_000_000 };
            let at = begin.saturating_add(draw.micros(0, longest));
            if draw.percent(50) {
                self.world.crashes_left = self.world.crashes_left.saturating_sub(1);
                self.world.queue.push(at, Event::Crash);
            }
        }
        if draw.percent(10) {
            let at = begin.saturating_add(draw.micros(0, 18_000_000));
            self.world.queue.push(at, Event::DiskFails);
        }
        if draw.percent(JUMPS_PERCENT) {
            for _ in 0..draw.between(1, 3) {
                let at = begin.saturating_add(draw.micros(0, 30_000_000));
                let most = if draw.percent(50) { JUMP_SHORT } else { JUMP_MAX };
                self.world.queue.push(at, Event::Jump(draw.amount(-most, most)));
            }
        }
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
            if self.down_until.is_none() {
                let current = self.shared.current();
                invariants::check_caps(&mut self.world, &self.shards, &current, &mut self.counted);
            }
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
}
