//! [`start`]: the thread of a shard, from its runtime to its drain.

use core::time::Duration;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;

use exchange_catalog::DisposableDomains;
use exchange_node::{Gate, Mesh, Recovery, Shard, Shared};
use exchange_transport::{BuyerClient, ClientConfig, SellerServer, ServerSettings, ShardOutlet};
use exchange_types::{Now, ShardIndex};
use exchange_vault::Vault;
use exchange_wire::FingerprintKey;
use tokio::select;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep_until, timeout};

use super::catalog_cache::CatalogCaches;
use super::event::{Deliver, Event};
use super::names::Names;
use super::outbound::Outbound;
use super::runtime::{Parts, ShardRuntime};
use super::seller_handler::SellerHandler;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::journal_handle::JournalHandle;
use crate::keys::KeyStore;
use crate::lifecycle::Lifecycle;
use crate::old_catalogs::OldCatalogs;
use crate::past::Past;
use crate::peers::Peers;

/// How long a drain waits for posts that are out after the last seller was answered.
const POSTS_DRAIN_MAX: Duration = Duration::from_secs(30);
/// How often a drain looks whether they are back.
const DRAIN_LOOK: Duration = Duration::from_millis(20);

/// What a shard's thread is started with.
#[derive(Debug)]
pub(crate) struct ShardSetup {
    pub(crate) place: ShardIndex,
    pub(crate) shared: Arc<Shared>,
    pub(crate) mesh: Mesh,
    pub(crate) peers: Arc<Peers>,
    pub(crate) journal: JournalHandle,
    pub(crate) keys: Arc<KeyStore>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) clock: Clock,
    pub(crate) client: ClientConfig,
    /// How long a post that was given up is listened for.
    pub(crate) late_answers: Duration,
    pub(crate) server: ServerSettings,
    pub(crate) outlet: ShardOutlet,
    /// The secrets behind pseudonyms and fingerprints.
    pub(crate) pseudonyms: [u8; 32],
    pub(crate) fingerprints: [u8; 32],
    pub(crate) disposable: Arc<DisposableDomains>,
    pub(crate) vault: Vault,
    pub(crate) past: Past,
    pub(crate) before: Before,
}

/// What was before a restart.
#[derive(Debug)]
pub(crate) struct Before {
    pub(crate) recovered: Arc<Recovery>,
    pub(crate) old_catalogs: Arc<OldCatalogs>,
    /// Hears once from every shard that it has its part.
    pub(crate) restored: SyncSender<()>,
}

/// Starts a shard's thread.
///
/// # Errors
///
/// Says that the operating system gives no thread or no poll handle.
pub(crate) fn start(setup: ShardSetup) -> std::io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let name = format!("shard-{}", setup.place.0);
    std::thread::Builder::new().name(name).spawn(move || LocalSet::new().block_on(&runtime, run(setup)))
}

/// Runs a shard until the process stops. Not cancel-safe.
async fn run(setup: ShardSetup) {
    let bell = setup.peers.bell(setup.place);
    let (server, place, outlet, runtime) = build(setup);
    let warming = runtime.current();
    runtime.warm(&warming.snapshot);
    let ringing = Rc::clone(&runtime);
    spawn_local(async move {
        loop {
            bell.notified().await;
            ringing.deliver(Event::Bell);
        }
    });
    let ticking = Rc::clone(&runtime);
    spawn_local(async move { tick(&ticking).await });
    let server = SellerServer::new(Rc::new(SellerHandler(Rc::clone(&runtime))), server);
    let cut = server.run(outlet).await;
    let drained = timeout(POSTS_DRAIN_MAX, async {
        while runtime.in_flight() > 0 {
            tokio::time::sleep(DRAIN_LOOK).await;
        }
    });
    let left = if drained.await.is_ok() { 0 } else { runtime.in_flight() };
    tracing::info!(shard = place.0, connections_cut = cut, auctions_left = left, "shard has stopped");
}

fn build(setup: ShardSetup) -> (ServerSettings, ShardIndex, ShardOutlet, Rc<ShardRuntime>) {
    let ShardSetup {
        place,
        shared,
        mesh,
        peers,
        journal,
        keys,
        gate,
        lifecycle,
        clock,
        client,
        late_answers,
        server,
        outlet,
        vault,
        past,
        before,
        pseudonyms,
        fingerprints,
        disposable,
    } = setup;
    let names = Rc::new(Names::new(&shared, &pseudonyms));
    let fingerprint_keys = FingerprintKey::new(&fingerprints);
    let shard = Shard::new(place, shared, mesh);
    let names_of_parts = Rc::clone(&names);
    let parts = Parts {
        shard,
        place,
        keys,
        gate,
        lifecycle,
        names: names_of_parts,
        fingerprint_keys,
        disposable,
        clock,
    };
    let runtime = ShardRuntime::new(parts, |runtime| Outbound {
        place,
        client: BuyerClient::new(client),
        late_answers,
        caches: CatalogCaches::default(),
        names,
        journal,
        drawer: vault.drawer(),
        vault,
        past,
        peers,
        entropy: Entropy::new(),
        clock,
        runtime,
        shared: (exchange_protocol::SlotKey::default(), Vec::new()),
        now: Now::default(),
        replies: Vec::new(),
    });
    runtime.restore(before);
    (server, place, outlet, runtime)
}

/// Delivers a tick whenever the shard's next timeout has come.
///
/// Cancel-safe: a future dropped early only stops the ticks.
async fn tick(runtime: &ShardRuntime) {
    loop {
        let next = runtime.next_timeout();
        runtime.armed.set(next);
        let at = next.unwrap_or_else(|| Instant::now() + Duration::from_hours(1));
        select! {
            () = sleep_until(at) => runtime.deliver(Event::Tick),
            () = runtime.timer.notified() => {}
        }
    }
}
