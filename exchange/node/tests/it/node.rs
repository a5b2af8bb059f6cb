//! A whole node in a [`World`], driven by hand or at random.

use std::collections::BTreeMap;
use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_counters::{Counters, CountersConfig};
use exchange_node::{
    Arrival, ClaimKey, Mesh, NodeConfig, PostArrival, Recovery, RecoveryLimits, Requester, ResolverReply,
    Shard, Shared,
};
use exchange_protocol::{CatalogNames, Record, SaleKind, SellerPost, Waiter};
use exchange_types::{
    Amount, BidEntries, BidEntry, FieldIndex, HashKey, Nanos, Now, Person, PingReply, PostOutcome, PostReply,
    SellerIndex, ShardIndex, SmallText, UtcMicros, Uuid7, Value, VerticalIndex,
};

use crate::market::{Plan, catalog};
use crate::world::{Entry, World};

/// 2026-11-21T10:00:00Z: far from the edge of any window.
const BEGIN: UtcMicros = UtcMicros(1_795_255_200_000_000);

/// A node with its world.
pub(crate) struct Node {
    pub(crate) shared: Arc<Shared>,
    pub(crate) shards: Vec<Shard>,
    pub(crate) world: World,
    pub(crate) now: Now,
    pub(crate) snapshots: BTreeMap<u64, Arc<Snapshot>>,
    /// How much of the journal is on disk.
    pub(crate) durable: usize,
    tokens: u64,
    config: NodeConfig,
}

pub(crate) fn config(shards: u16) -> NodeConfig {
    NodeConfig {
        shards,
        auctions_max: 1_000,
        history_max: 1_000,
        fingerprints_max: 10_000,
        filter_bytes: 1 << 16,
        ..NodeConfig::default()
    }
}

impl Node {
    pub(crate) fn new(config: NodeConfig) -> Self {
        let now = Now { mono: Nanos::from_secs(1), utc: BEGIN };
        let mut world = World::default();
        let snapshot = catalog(1, Plan::Whole, now.utc);
        world.journal.push(desk(&snapshot, now.utc));
        let (shared, shards) = shards(config, snapshot, now);
        let snapshot = Arc::clone(&shared.current().snapshot);
        let snapshots = BTreeMap::from([(1, snapshot)]);
        Self { shared, shards, world, now, snapshots, durable: 1, tokens: 0, config }
    }

    /// Stops at once and starts again from the first records of the journal, which has at least those that were
    /// told to be on disk. The present catalog stays.
    pub(crate) fn restart(self, durable: usize, config: NodeConfig) -> Self {
        assert!(self.durable <= durable, "what was told to be on disk stays there");
        let recovered = recover(&self.world.journal[..durable], config);
        self.restart_from(durable, config, &recovered)
    }

    pub(crate) fn restart_from(self, durable: usize, config: NodeConfig, recovered: &Recovery) -> Self {
        let Self { world, now, snapshots, shared, tokens, .. } = self;
        let now = Now { mono: Nanos::from_secs(5), utc: now.utc };
        let snapshot = Snapshot::clone(&shared.current().snapshot);
        let (shared, shards) = shards(config, snapshot, now);
        let world = world.restarted(durable);
        let mut node = Self { shared, shards, world, now, snapshots, durable, tokens, config };
        node.shared.restore(recovered, now.utc);
        for place in 0..config.shards {
            let snapshots = node.snapshots.clone();
            node.at(ShardIndex(place), |shard, world| {
                shard.restore(world, now, recovered, &|version| snapshots.get(&version).cloned());
            });
        }
        node
    }

    pub(crate) fn at<T>(&mut self, place: ShardIndex, act: impl FnOnce(&mut Shard, &mut World) -> T) -> T {
        self.world.place = place;
        act(&mut self.shards[place.at()], &mut self.world)
    }

    pub(crate) fn install(&mut self, version: u64, plan: Plan) {
        let snapshot = catalog(version, plan, self.now.utc);
        self.world.journal.push(desk(&snapshot, self.now.utc));
        self.shared.install(snapshot, self.now.utc);
        self.snapshots.insert(version, Arc::clone(&self.shared.current().snapshot));
    }

    /// Lets time pass, and all that follows from it.
    pub(crate) fn pass(&mut self, length: Nanos) {
        self.now.mono = self.now.mono.saturating_add(length);
        self.now.utc = self.now.utc.saturating_add(length);
        let now = self.now;
        for place in 0..self.config.shards {
            self.at(ShardIndex(place), |shard, world| shard.tick(world, now));
        }
        self.deliver();
    }

    /// Brings everything that was written to the disk.
    pub(crate) fn sync(&mut self) {
        self.sync_up_to(usize::MAX);
    }

    /// Brings the journal to the disk up to a record.
    pub(crate) fn sync_up_to(&mut self, durable: usize) {
        let durable = durable.min(self.world.journal.len());
        while self.durable < durable {
            let entry = &self.world.journal[self.durable];
            self.durable += 1;
            let (place, number, now) = (entry.place, entry.number, self.now);
            if number > 0 {
                self.at(place, |shard, world| shard.durable(world, now, number));
            }
        }
        self.deliver();
    }

    /// Has every place look into its queues until nothing waits.
    pub(crate) fn deliver(&mut self) {
        let now = self.now;
        while let Some(place) = self.world.woken.pop_first() {
            self.at(place, |shard, world| while shard.take_messages(world, now, 16) {});
        }
    }

    fn token(&mut self) -> u64 {
        self.tokens += 1;
        self.tokens
    }

    /// Hands a lead or ping in and returns its token.
    pub(crate) fn lead(&mut self, place: u16, kind: SaleKind, person: u64, key: Option<u64>) -> u64 {
        let (token, now) = (self.token(), self.now);
        let current = self.shared.current();
        let claim = key.map(claim);
        let person = known_person(person);
        self.at(ShardIndex(place), |shard, world| {
            let mut submission = shard.take_submission();
            submission.reset(VerticalIndex(0), seller(&current.snapshot), 2);
            let zip = submission.push_text("80331");
            submission.set_value(FieldIndex(0), Some(Value::Text(zip)));
            if kind == SaleKind::OneCall {
                let phone = submission.push_text("+498912345");
                submission.set_value(FieldIndex(1), Some(Value::Text(phone)));
            }
            submission.push_named_seller("north");
            submission.push_named_seller("south");
            shard.lead(
                world,
                now,
                Arrival { kind, submission, current, claim, person, faults: Vec::new(), quota: None, token },
            );
        });
        self.deliver();
        token
    }

    /// Posts to every offer of a ping and returns the token.
    pub(crate) fn post(&mut self, place: u16, ping: Uuid7, person: u64, key: Option<u64>) -> u64 {
        let (token, now) = (self.token(), self.now);
        let mut submission = Box::<exchange_types::Submission>::default();
        let mut seller_index = SellerIndex(u32::MAX);
        if let Some((snapshot, vertical)) = self.shared.ping_schema(ping) {
            seller_index = seller(&snapshot);
            submission.reset(vertical, seller_index, 2);
            let phone = submission.push_text("+498912345");
            submission.set_value(FieldIndex(1), Some(Value::Text(phone)));
        }
        let arrival = PostArrival {
            ping,
            seller: seller_index,
            seller_name: "web".into(),
            post: SellerPost { submission, named: Vec::new(), fallback: true, wait: None },
            offer_ids: Vec::new(),
            keep_on_changed: false,
            claim: key.map(claim),
            by_test_key: false,
            person: known_person(person),
            faults: Vec::new(),
            waiter: Waiter { place: ShardIndex(place), token },
        };
        self.at(ShardIndex(place), |shard, world| shard.post(world, now, arrival));
        self.deliver();
        token
    }

    pub(crate) fn read(&mut self, place: u16, id: Uuid7) -> u64 {
        let (token, now) = (self.token(), self.now);
        let waiter = Waiter { place: ShardIndex(place), token };
        let requester = Requester::Seller("web".into());
        self.at(ShardIndex(place), |shard, world| shard.read(world, now, id, requester, waiter));
        self.deliver();
        token
    }

    /// Answers the pings that are out with a bid of so many cents each.
    pub(crate) fn bid(&mut self, cents: i64) {
        for (place, auction, candidate) in core::mem::take(&mut self.world.pings) {
            let mut entries = BidEntries::new();
            let amount = Amount::from_micros(cents * 10_000);
            let bid_id = SmallText::try_new("bid-7").expect("a short text");
            entries.push(BidEntry { amount, max_buyers: 2, bid_id });
            let now = self.now;
            self.at(place, |shard, world| {
                shard.ping_reply(world, now, auction, candidate, &PingReply::Bids(entries));
            });
        }
        self.deliver();
    }

    /// Tells what came of the oldest post that is out; returns whether one was.
    pub(crate) fn answer_post(&mut self, outcome: PostOutcome) -> bool {
        if self.world.posts.is_empty() {
            return false;
        }
        let (place, auction, candidate) = self.world.posts.remove(0);
        let now = self.now;
        self.at(place, |shard, world| {
            shard.post_reply(world, now, auction, candidate, PostReply::bare(outcome));
        });
        self.deliver();
        true
    }

    /// Tells what came of the oldest post that was sent again; returns whether one was.
    pub(crate) fn answer_repost(&mut self, outcome: PostOutcome) -> bool {
        if self.world.reposts.is_empty() {
            return false;
        }
        let key = self.world.reposts.remove(0);
        let (place, now) = (self.shared.owner(key.auction), self.now);
        self.at(place, |shard, world| {
            shard.resolver_reply(world, now, key, ResolverReply { outcome, digest: [9; 16] });
        });
        self.deliver();
        true
    }

    /// Sells a lead to the campaign that bids highest, whatever that takes, but for the answer to its post.
    pub(crate) fn sell_until_post(&mut self, person: u64, key: Option<u64>) -> u64 {
        let token = self.lead(0, SaleKind::OneCall, person, key);
        self.bid(5_000);
        self.pass(Nanos::from_millis(100));
        self.sync();
        token
    }
}

/// Folds records as the shell does at start.
pub(crate) fn recover(journal: &[Entry], config: NodeConfig) -> Recovery {
    let mut recovered = Recovery::new(RecoveryLimits::of(&config));
    apply(&mut recovered, journal, 0);
    recovered
}

/// Takes in the records from a position on.
pub(crate) fn apply(recovered: &mut Recovery, journal: &[Entry], from: usize) {
    for (position, entry) in journal.iter().enumerate().skip(from) {
        let sequence = u64::try_from(position).expect("small") + 1;
        recovered.apply(sequence, &entry.record, Some(&entry.sealed));
    }
}

pub(crate) fn claim(key: u64) -> ClaimKey {
    let hash = HashKey::new([7; 16]).hasher().number(u128::from(key));
    ClaimKey { key: hash.finish(), digest: hash.text("body").finish(), weak: false }
}

/// Returns a person who is known by a phone.
pub(crate) fn known_person(person: u64) -> Person {
    Person::new([Some(digest(person)), None, None, None])
}

fn digest(person: u64) -> u128 {
    HashKey::new([8; 16]).hasher().number(u128::from(person)).finish()
}

fn seller(snapshot: &Snapshot) -> SellerIndex {
    snapshot.seller_named("web").expect("the seller of these tests")
}

fn desk(snapshot: &Snapshot, at: UtcMicros) -> Entry {
    let record = Record::Catalog(CatalogNames::of(snapshot, at));
    Entry { place: ShardIndex(u16::MAX), number: 0, record, sealed: Vec::new() }
}

fn shards(config: NodeConfig, snapshot: Snapshot, now: Now) -> (Arc<Shared>, Vec<Shard>) {
    let counters = Counters::new(CountersConfig { cells_max: 512, ..CountersConfig::default() });
    let secret = HashKey::new([1; 16]);
    let shared = Arc::new(Shared::new(config, secret, counters, snapshot, now.utc));
    let mesh = Mesh::new(config.shards + 1, 64);
    let at = |place| Shard::new(ShardIndex(place), Arc::clone(&shared), mesh.clone());
    let all = (0..config.shards).map(at).collect();
    (shared, all)
}
