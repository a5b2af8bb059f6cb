//! [`Shared`]: what the shards of a process have in common.

use core::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::{Source, SourceIndex, SupplyLimits};
use exchange_counters::{CapTable, Counters, HoldShares};
use exchange_protocol::{SaleKeys, Stop};
use exchange_types::{
    Amount, CampaignIndex, HashKey, PostId, SellerIndex, ShardIndex, UtcMicros, Uuid7, VerticalIndex,
};

use crate::claims::Claims;
use crate::fingerprints::Fingerprints;
use crate::had::HadBy;
use crate::health::{CampaignHealth, Healths};
use crate::meter::SupplyMeters;
use crate::near::Nears;
use crate::pings::Pings;
use crate::recovery::{CLAIMS_HORIZON, PERSONS_HORIZON};
use crate::restored_counts::Dormant;
use crate::seen_filter::SeenFilter;
use crate::suppressions::Suppressions;
use crate::tallies::Tallies;
use crate::unknown_posts::UnknownPosts;
use crate::{ClaimKey, NodeConfig, Stops, Tally, TieKeys, UnknownKey};

/// What the shards of a process have in common: the catalog, the counters, and what two of them must agree on
/// before a buyer is pinged.
#[derive(Debug)]
pub struct Shared {
    config: NodeConfig,
    secret: HashKey,
    pub(crate) person_key: HashKey,
    sale_keys: SaleKeys,
    pub(crate) claims: Claims,
    pub(crate) fingerprints: Fingerprints,
    pub(crate) pings: Pings,
    pub(crate) counters: Arc<Counters>,
    pub(crate) tallies: Tallies,
    pub(crate) holds: HoldShares,
    pub(crate) unknown_posts: UnknownPosts,
    /// Idempotency keys of the last 72 hours that have left the memory.
    pub(crate) seen_claims: SeenFilter,
    /// Fingerprints of persons that have left the memory.
    pub(crate) seen_persons: SeenFilter,
    /// What campaigns and buyers have counted before a restart that no catalog has named since.
    pub(crate) dormant: Mutex<Dormant>,
    /// How the posts of each campaign came out.
    healths: Healths,
    admission: AtomicU8,
    stops: ArcSwap<Stops>,
    pub(crate) suppressions: Suppressions,
    pub(crate) had_by: HadBy,
    pub(crate) nears: Nears,
    current: ArcSwap<Current>,
    /// Catalogs and windows are put in force one after another; no shard ever takes this lock.
    installing: Mutex<()>,
}

/// Whether new leads are taken in. Posts, outcomes and resolutions go on whatever it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Admission {
    /// They are.
    #[default]
    Open,
    /// The journal's disk is nearly full.
    DiskFull,
    /// The store lags too far behind the journal.
    ProjectorLag,
    /// The process is about to stop.
    Draining,
}

/// The catalog in force, with what hangs on its indices.
#[derive(Debug)]
pub struct Current {
    /// The catalog.
    pub snapshot: Arc<Snapshot>,
    /// The counters of its campaigns.
    pub caps: Arc<CapTable>,
    pub(crate) campaigns: Box<[CampaignShared]>,
    rotations: Box<[HashKey]>,
    sellers: Box<[Arc<SellerShared>]>,
    /// By seller and source; nothing for a source without limits.
    sources: Box<[SourceMeters]>,
}

/// What is used up of the limits of a seller's sources.
type SourceMeters = Box<[Option<Arc<SupplyMeters>>]>;

/// What hangs on a campaign over changes of the catalog.
#[derive(Debug)]
pub(crate) struct CampaignShared {
    pub(crate) rotation_id: u64,
    pub(crate) health: Arc<CampaignHealth>,
}

/// What hangs on a seller over changes of the catalog.
#[derive(Debug, Default)]
pub(crate) struct SellerShared {
    /// A number that stands for the seller in every snapshot.
    pub(crate) key: u64,
    open_holds: AtomicU32,
    pub(crate) meters: SupplyMeters,
}

impl SellerShared {
    /// Returns what hangs on a seller that holds nothing.
    pub(crate) fn new(key: u64) -> Self {
        Self { key, ..Self::default() }
    }

    /// Counts a hold, unless the seller has as many as it may.
    pub(crate) fn open_hold(&self, holds_max: u32) -> bool {
        let one_more = |open: u32| (open < holds_max).then(|| open.saturating_add(1));
        self.open_holds.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }

    /// Counts a hold from before a restart, however many the seller may have by now.
    pub(crate) fn reopen_hold(&self) {
        let one_more = |open: u32| Some(open.saturating_add(1));
        // Infallible: the closure always returns a value.
        let _ = self.open_holds.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
    }

    /// Takes back what [`SellerShared::open_hold`] or [`SellerShared::reopen_hold`] counted.
    pub(crate) fn end_hold(&self) {
        let one_less = |open: u32| Some(open.saturating_sub(1));
        // Infallible: the closure always returns a value.
        let _ = self.open_holds.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
    }
}

impl Admission {
    const ALL: [Self; 4] = [Self::Open, Self::DiskFull, Self::ProjectorLag, Self::Draining];

    fn code(self) -> u8 {
        let position = Self::ALL.iter().position(|known| *known == self);
        position.and_then(|position| u8::try_from(position).ok()).unwrap_or(0)
    }
}

impl Current {
    /// Returns a vertical's key for breaking ties.
    pub(crate) fn rotation(&self, vertical: VerticalIndex) -> HashKey {
        self.rotations.get(vertical.at()).copied().unwrap_or(HashKey::new([0; 16]))
    }

    /// Returns what hangs on a seller.
    pub(crate) fn seller(&self, seller: SellerIndex) -> Arc<SellerShared> {
        self.sellers.get(seller.at()).map(Arc::clone).unwrap_or_default()
    }

    /// Returns what is used up of a source's limits, where it has some.
    pub(crate) fn source(&self, seller: SellerIndex, source: SourceIndex) -> Option<&Arc<SupplyMeters>> {
        self.sources.get(seller.at())?.get(usize::from(source.0))?.as_ref()
    }

    /// Returns how many posts of a campaign have an outcome that nobody knows.
    pub fn unknown_open(&self, campaign: CampaignIndex) -> u32 {
        self.health(campaign).map_or(0, CampaignHealth::unknown_open)
    }

    /// Returns the health of a campaign.
    pub(crate) fn health(&self, campaign: CampaignIndex) -> Option<&CampaignHealth> {
        self.campaigns.get(campaign.at()).map(|campaign| &*campaign.health)
    }
}

impl Shared {
    /// Returns the common part of a node that begins with a catalog.
    ///
    /// Ids, pseudonyms and the breaking of ties follow from `secret`, which has to stay the same over restarts.
    pub fn new(
        config: NodeConfig,
        secret: HashKey,
        counters: Counters,
        snapshot: Snapshot,
        now: UtcMicros,
    ) -> Self {
        let snapshot = Arc::new(snapshot);
        let caps = counters.refresh(&snapshot, now);
        let healths = Healths::default();
        let current = current(&secret, snapshot, caps, None, &healths);
        Self {
            config,
            secret,
            person_key: secret.derive("claims"),
            sale_keys: SaleKeys::new(&secret),
            claims: Claims::new(),
            fingerprints: Fingerprints::new(),
            pings: Pings::default(),
            counters: Arc::new(counters),
            tallies: Tallies::new(config.shards),
            holds: HoldShares::new(HoldShares::ENTRIES_MAX_DEFAULT),
            unknown_posts: UnknownPosts::default(),
            seen_claims: SeenFilter::new(config.filter_bytes.div_euclid(2), CLAIMS_HORIZON),
            seen_persons: SeenFilter::new(config.filter_bytes.div_euclid(2), PERSONS_HORIZON),
            dormant: Mutex::default(),
            healths,
            admission: AtomicU8::new(Admission::Open.code()),
            stops: ArcSwap::default(),
            suppressions: Suppressions::default(),
            had_by: HadBy::default(),
            nears: Nears::default(),
            current: ArcSwap::from_pointee(current),
            installing: Mutex::new(()),
        }
    }

    /// Returns the limits of the node.
    pub fn config(&self) -> &NodeConfig {
        &self.config
    }

    /// Says from now on whether new leads are taken in.
    pub fn set_admission(&self, admission: Admission) {
        self.admission.store(admission.code(), Ordering::Relaxed);
    }

    /// Returns whether new leads are taken in.
    pub fn admission(&self) -> Admission {
        // Relaxed: a lead that is a moment early or late passes either way.
        let code = usize::from(self.admission.load(Ordering::Relaxed));
        Admission::ALL.get(code).copied().unwrap_or_default()
    }

    /// Returns the counters of caps and budgets, for those who only read them.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Returns what the shards have counted since the start.
    pub fn tally(&self) -> Tally {
        self.tallies.sum()
    }

    /// Returns what operators have stopped.
    pub fn stops(&self) -> Arc<Stops> {
        self.stops.load_full()
    }

    /// Takes a stop or a start for every reservation and every lead from now on.
    pub fn take_stop(&self, stop: &Stop) {
        self.stops.rcu(|stops| {
            let mut stops = Stops::clone(stops);
            stops.take(stop);
            stops
        });
    }

    pub(crate) fn restore_stops(&self, stops: &Stops) {
        self.stops.store(Arc::new(stops.clone()));
    }

    /// Returns which post an id names, where its outcome is unknown or was until lately.
    pub fn open_unknown(&self, post: PostId) -> Option<UnknownKey> {
        self.unknown_posts.get(post)
    }

    /// Adds to what a buyer has paid ahead, by its name; a negative amount was taken out. To be called when the
    /// record of it is on disk.
    pub fn deposit(&self, buyer: &str, amount: Amount) {
        self.counters.deposit(buyer, amount);
    }

    /// Returns the catalog in force.
    pub fn current(&self) -> Arc<Current> {
        self.current.load_full()
    }

    /// Returns how many counters a catalog needs and how many there are. One that needs more is to be refused.
    pub fn cells_needed(&self, snapshot: &Snapshot) -> (usize, usize) {
        self.counters.cells_needed(snapshot)
    }

    /// Puts a catalog in force for the auctions that begin from now on.
    pub fn install(&self, snapshot: Snapshot, now: UtcMicros) {
        let _turn = self.installing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.current.load_full();
        let snapshot = Arc::new(snapshot);
        self.open_dormant_ahead(&snapshot, now);
        let caps = self.counters.refresh(&snapshot, now);
        self.wake_dormant(&snapshot, &caps);
        self.current.store(Arc::new(current(&self.secret, snapshot, caps, Some(&before), &self.healths)));
    }

    /// Makes the counters of the windows that open next. To be called before `CapTable::valid_until`.
    pub fn refresh_windows(&self, now: UtcMicros) {
        self.renew(now, Arc::clone);
    }

    /// Computes the instants of the schedules anew, and the windows with them. To be called now and then, well
    /// within the weeks that they are known ahead.
    pub fn refresh_schedules(&self, now: UtcMicros) {
        self.renew(now, |snapshot| Arc::new(snapshot.refresh(now)));
    }

    fn renew(&self, now: UtcMicros, anew: impl FnOnce(&Arc<Snapshot>) -> Arc<Snapshot>) {
        let _turn = self.installing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.current.load_full();
        let snapshot = anew(&before.snapshot);
        let caps = self.counters.refresh(&snapshot, now);
        self.current.store(Arc::new(current(&self.secret, snapshot, caps, Some(&before), &self.healths)));
    }

    /// Returns the catalog and the vertical of an open ping, with which its post is parsed.
    pub fn ping_schema(&self, ping: Uuid7) -> Option<(Arc<Snapshot>, VerticalIndex)> {
        self.pings.get(ping)
    }

    /// Returns the shard that owns a sale. The number of shards may change over a restart: the id names one of
    /// 4,096 partitions, and this says which shard owns it now.
    pub fn owner(&self, id: Uuid7) -> ShardIndex {
        ShardIndex(id.partition() % self.config.shards.max(1))
    }

    /// Returns what names the pings, posts, sales and offers of a sale.
    pub fn sale_keys(&self) -> &SaleKeys {
        &self.sale_keys
    }

    /// Returns the health of a campaign, which may have left the catalog.
    pub(crate) fn health(&self, campaign: &str) -> Arc<CampaignHealth> {
        let current = self.current.load();
        let index = current.snapshot.campaign_named(campaign);
        let known = index.and_then(|index| current.campaigns.get(index.at()));
        known.map_or_else(|| self.healths.of(campaign), |known| Arc::clone(&known.health))
    }

    /// Returns the number that stands for a seller of this name in every catalog.
    pub(crate) fn seller_key(&self, name: &str) -> u64 {
        self.tie_keys().number(name)
    }

    /// Returns the digest of a seller's own reference, as records and the store have it.
    pub(crate) fn seller_ref(&self, seller: &str, reference: &str) -> u128 {
        self.derived_key("seller_refs").hasher().text(seller).text(reference).finish()
    }

    /// Takes the claim of a request back that is refused.
    pub(crate) fn unclaim(&self, claim: Option<ClaimKey>, id: Uuid7) {
        if let Some(claim) = claim {
            self.claims.forget(claim.key, id);
        }
    }

    /// Forgets what a key was claimed for; from now on only the store knows.
    pub(crate) fn retire_claim(&self, key: u128, id: Uuid7, now: UtcMicros) {
        self.seen_claims.insert(key, now);
        self.claims.forget(key, id);
    }

    /// Returns what breaks ties; a replay needs it.
    pub fn tie_keys(&self) -> TieKeys {
        TieKeys::new(&self.secret)
    }

    /// Returns the key under which hashes of a kind are made.
    pub fn derived_key(&self, purpose: &str) -> HashKey {
        self.secret.derive(purpose)
    }
}

fn current(
    secret: &HashKey,
    snapshot: Arc<Snapshot>,
    caps: Arc<CapTable>,
    before: Option<&Current>,
    healths: &Healths,
) -> Current {
    let ties = TieKeys::new(secret);
    let number = |name: &str| ties.number(name);
    healths.prune(|name| snapshot.campaign_named(name).is_some());
    let campaigns = snapshot.campaigns.iter().map(|campaign| CampaignShared {
        rotation_id: number(&campaign.name),
        health: healths.of(&campaign.name),
    });
    let sellers = snapshot.sellers.iter().map(|seller| {
        let known = before.and_then(|before| {
            let index = before.snapshot.seller_named(&seller.name)?;
            before.sellers.get(index.at())
        });
        let fresh = || Arc::new(SellerShared::new(number(&seller.name)));
        known.map_or_else(fresh, Arc::clone)
    });
    let sources = (0..snapshot.sellers.len()).map(|seller| sources_of(&snapshot, seller, before));
    let rotations = snapshot.verticals.iter().map(|vertical| ties.rotation(&vertical.name));
    Current {
        campaigns: campaigns.collect(),
        rotations: rotations.collect(),
        sellers: sellers.collect(),
        sources: sources.collect(),
        caps,
        snapshot,
    }
}

/// Returns what is used up of the limits of a seller's sources: those of the catalog before go on.
fn sources_of(snapshot: &Snapshot, seller: usize, before: Option<&Current>) -> SourceMeters {
    let index = SellerIndex(u32::try_from(seller).unwrap_or(u32::MAX));
    let name = snapshot.seller(index).map_or("", |seller| &seller.name);
    let meters = |source: &Source| {
        let bounded = source.limits != SupplyLimits::default();
        let known = before.and_then(|before| {
            let (seller, source) =
                before.snapshot.sources.source_named(&format!("{name}/{}", source.name))?;
            before.source(seller, source).map(Arc::clone)
        });
        bounded.then(|| known.unwrap_or_default())
    };
    snapshot.sources.of_seller(index).iter().map(meters).collect()
}
