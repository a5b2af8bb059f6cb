//! [`Shared`]: what the shards of a process have in common.

use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use exchange_catalog::Snapshot;
use exchange_counters::{CapTable, Counters, HoldShares};
use exchange_protocol::SaleKeys;
use exchange_types::{CampaignIndex, HashKey, SellerIndex, ShardIndex, UtcMicros, Uuid7, VerticalIndex};

use crate::NodeConfig;
use crate::claims::Claims;
use crate::fingerprints::Fingerprints;
use crate::health::CampaignHealth;
use crate::pings::Pings;

/// What the shards of a process have in common: the catalog, the counters, and what two of them must agree on
/// before a buyer is pinged.
#[derive(Debug)]
pub struct Shared {
    config: NodeConfig,
    secret: HashKey,
    sale_keys: SaleKeys,
    pub(crate) claims: Claims,
    pub(crate) fingerprints: Fingerprints,
    pub(crate) pings: Pings,
    pub(crate) counters: Counters,
    pub(crate) holds: HoldShares,
    current: ArcSwap<Current>,
    /// Catalogs and windows are put in force one after another; no shard ever takes this lock.
    installing: Mutex<()>,
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
}

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
}

impl SellerShared {
    /// Counts a hold, unless the seller has as many as it may.
    pub(crate) fn open_hold(&self, holds_max: u32) -> bool {
        let one_more = |open: u32| (open < holds_max).then(|| open.saturating_add(1));
        self.open_holds.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }

    /// Takes back what [`SellerShared::open_hold`] counted.
    pub(crate) fn end_hold(&self) {
        let one_less = |open: u32| Some(open.saturating_sub(1));
        // Infallible: the closure always returns a value.
        let _ = self.open_holds.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
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
        let current = current(&secret, snapshot, caps, None);
        Self {
            config,
            secret,
            sale_keys: SaleKeys::new(&secret),
            claims: Claims::new(),
            fingerprints: Fingerprints::new(),
            pings: Pings::default(),
            counters,
            holds: HoldShares::new(HoldShares::ENTRIES_MAX_DEFAULT),
            current: ArcSwap::from_pointee(current),
            installing: Mutex::new(()),
        }
    }

    /// Returns the limits of the node.
    pub fn config(&self) -> &NodeConfig {
        &self.config
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
        let caps = self.counters.refresh(&snapshot, now);
        self.current.store(Arc::new(current(&self.secret, snapshot, caps, Some(&before))));
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
        self.current.store(Arc::new(current(&self.secret, snapshot, caps, Some(&before))));
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
) -> Current {
    let names = secret.derive("names");
    let number = |name: &str| {
        let low = names.hasher().text(name).finish() & u128::from(u64::MAX);
        u64::try_from(low).unwrap_or(0)
    };
    let campaigns = snapshot.campaigns.iter().map(|campaign| {
        let known = before.and_then(|before| {
            let index = before.snapshot.campaign_named(&campaign.name)?;
            before.campaigns.get(index.at())
        });
        CampaignShared {
            rotation_id: number(&campaign.name),
            health: known.map_or_else(Arc::default, |known| Arc::clone(&known.health)),
        }
    });
    let sellers = snapshot.sellers.iter().map(|seller| {
        let known = before.and_then(|before| {
            let index = before.snapshot.seller_named(&seller.name)?;
            before.sellers.get(index.at())
        });
        let fresh = || Arc::new(SellerShared { key: number(&seller.name), open_holds: AtomicU32::new(0) });
        known.map_or_else(fresh, Arc::clone)
    });
    let rotations =
        snapshot.verticals.iter().map(|vertical| secret.derive("rotation").derive(&vertical.name));
    Current {
        campaigns: campaigns.collect(),
        rotations: rotations.collect(),
        sellers: sellers.collect(),
        caps,
        snapshot,
    }
}
