//! [`serve`]: a process from its data directory to its last answer.

use core::time::Duration;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::Context as _;
use exchange_control::router;
use exchange_journal::{FileStorage, Hooks, Writer, WriterConfig, WriterHandle};
use exchange_node::{Mesh, Recovery, RecoveryLimits, Shared};
use exchange_protocol::{CatalogNames, SaleKeys};
use exchange_transport::{Acceptor, ServerSettings, ShardInlet, shard_inlet};
use exchange_types::ShardIndex;
use exchange_vault::Vault;
use exchange_wire::FingerprintKey;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::LocalSet;

use crate::catalog_compiler::{CatalogCompiler, pseudonyms};
use crate::cli::Start;
use crate::clock::Clock;
use crate::config::Config;
use crate::control_backend::{CatalogIntake, ControlBackend, Questions};
use crate::core_dumps;
use crate::data_dir::{DataDir, DataDirGuard, SecretKey};
use crate::desk::Desk;
use crate::disposable_file::disposable_domains;
use crate::file_handles;
use crate::journal_handle::JournalHandle;
use crate::journal_keeping::{Keeping, keep_journal};
use crate::journal_watch::{StoreLag, watch_journal};
use crate::keys::{self, KeyStore};
use crate::lifecycle::Lifecycle;
use crate::listener_certificates::ListenerCertificates;
use crate::listening::{announce, bind};
use crate::logging::LogFilter;
use crate::mirroring;
use crate::old_catalogs::OldCatalogs;
use crate::outbox::{Outbox, OutboxFigures};
use crate::past::{Asked, Memory, Past, answer_past};
use crate::peers::Peers;
use crate::projection::{Projection, ledger_signer, store_config};
use crate::recovery::{Found, recover};
use crate::reloading::Reloading;
use crate::renewal::{keep_windows_open, reload_on_hangup};
use crate::settlement::keep_settling;
use crate::shard::{self, Before, ShardSetup};
use crate::startup::{check_store, client_config, first_catalog, node_config, shared};
use crate::vault_keeper::{self, VaultKeeper};
use crate::wall_clock;

/// Connections that wait for a shard to take them; beyond, they are closed.
const INLET_MAX: usize = 1_024;
/// Bytes of records that wait for the disk, for each shard; admission stops long before.
const INLET_BYTES_MAX: usize = 64 << 20;
/// How often the journal looks how full the disk is.
const DISK_LOOK: Duration = Duration::from_millis(200);
/// How long a process whose journal has failed goes on answering.
const FAILED_GRACE: Duration = Duration::from_secs(3);

/// What every thread of the process shares.
struct Process {
    config: Config,
    certificates: ListenerCertificates,
    shared: Arc<Shared>,
    mesh: Mesh,
    peers: Arc<Peers>,
    keys: Arc<KeyStore>,
    lifecycle: Arc<Lifecycle>,
    reloading: Arc<Reloading>,
    clock: Clock,
    secret: SecretKey,
    vault: Vault,
    past: Past,
    old_catalogs: Arc<OldCatalogs>,
    figures: Arc<OutboxFigures>,
}

/// Serves until SIGTERM or SIGINT, then drains.
///
/// # Errors
///
/// Says what could not be opened, recovered, bound or started, or that the journal has failed.
pub fn serve(start: Start) -> anyhow::Result<()> {
    let Start { config, config_file, certificates, catalog } = start;
    let log = LogFilter::start(&config)?;
    prepare_process();
    let guard = DataDir::open(&config.data_dir)?.lock()?;
    let secret = guard.secret_key()?;
    let keys = Arc::new(KeyStore::open(&guard.dir().keys_file())?);
    let (seller, control) = (bind(config.seller.listen)?, bind(config.control.listen)?);
    let (snapshot, compiler) = first_catalog(&config, &guard, &secret, catalog)?;
    file_handles::raise(&config, &snapshot);
    let node = node_config(&config);
    let Found { journal, storage, recovery } = recover(&config, guard.dir(), RecoveryLimits::of(&node))?;
    check_store(&config, guard.dir(), &secret, recovery.applied())?;
    let vault = vault_keeper::open(&config.personal_data, guard.dir(), &recovery)?;
    let keeper = VaultKeeper::start(vault.clone(), config.personal_data.clone())?;
    let places = config.shards.saturating_add(1);
    let peers = Arc::new(Peers::new(places));
    let desk_bell = Arc::new(Notify::new());
    let hooks = journal_hooks(&peers, &desk_bell, config.shards);
    let sizes = WriterConfig { sources: places, inlet_bytes_max: INLET_BYTES_MAX, watch_every: DISK_LOOK };
    let (writer, thread) =
        Writer::start(journal, sizes, hooks).context("cannot start the journal's thread")?;
    let known = recovery.knows_catalog(snapshot.version);
    let shared = shared(&config, node, &secret, snapshot)?;
    shared.restore(&recovery, wall_clock::utc_now());
    let (past, questions) = Past::new(config.shards, Arc::clone(&peers));
    let reloading = Reloading::new(config_file, &config, (&certificates, &secret), &keys, log)?;
    let process = Process {
        shared,
        mesh: Mesh::new(places, usize::try_from(config.limits.mesh_queue_max)?),
        peers,
        keys,
        lifecycle: Arc::new(Lifecycle::new()),
        reloading: Arc::new(reloading),
        clock: Clock::start(),
        secret,
        vault,
        past,
        old_catalogs: Arc::new(OldCatalogs::new(guard.catalogs(), compiler.clone())),
        figures: Arc::default(),
        certificates,
        config,
    };
    let (inlets, shards) = process.start_shards(&JournalHandle::new(writer.clone()), recovery)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let opened = Opened {
        seller,
        control,
        inlets,
        shards,
        guard,
        compiler,
        writer: writer.clone(),
        storage,
        questions,
        desk_bell,
        known,
    };
    // Connections to sellers' webhooks live on this thread.
    let local = LocalSet::new();
    let ended = local.block_on(&runtime, process.control(opened));
    {
        // What is dropped with its tasks, such as a connection to the store, asks for the runtime.
        let _within = runtime.enter();
        drop(local);
    }
    runtime.shutdown_background();
    writer.stop();
    if ended.is_ok() && thread.join().is_err() {
        tracing::error!("the journal's thread has panicked");
    }
    keeper.stop();
    ended
}

/// Does what a process does once, before it holds a secret.
fn prepare_process() {
    core_dumps::forbid();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    if provider.install_default().is_err() {
        tracing::debug!("a TLS provider is installed already");
    }
}

/// Returns what the journal rings: the bell of the shard, or that of the desk, which is the source after them.
fn journal_hooks(peers: &Arc<Peers>, desk_bell: &Arc<Notify>, desk: u16) -> Hooks {
    let (peers, desk_bell) = (Arc::clone(peers), Arc::clone(desk_bell));
    let wake = move |source| {
        if source == desk { desk_bell.notify_one() } else { peers.wake(ShardIndex(source)) }
    };
    Hooks { wake: Box::new(wake), clock: Box::new(wall_clock::utc_now) }
}

/// What the control plane takes over at the start.
struct Opened {
    seller: TcpListener,
    control: TcpListener,
    inlets: Vec<ShardInlet>,
    shards: Vec<JoinHandle<()>>,
    guard: DataDirGuard,
    compiler: CatalogCompiler,
    writer: WriterHandle,
    storage: FileStorage,
    /// What the shards ask of the store.
    questions: mpsc::Receiver<Asked>,
    /// Rings when records of the desk are on disk.
    desk_bell: Arc<Notify>,
    /// Whether the journal has the names of the catalog in force.
    known: bool,
}

impl Process {
    /// Starts the shards and returns when each has what it had before the restart.
    fn start_shards(
        &self,
        journal: &JournalHandle,
        recovery: Recovery,
    ) -> anyhow::Result<(Vec<ShardInlet>, Vec<JoinHandle<()>>)> {
        let mut inlets = Vec::new();
        let mut threads = Vec::new();
        let recovered = Arc::new(recovery);
        let disposable = Arc::new(disposable_domains(&self.config.validation)?);
        let (restored, all_restored) = std::sync::mpsc::sync_channel(usize::from(self.config.shards));
        for place in 0..self.config.shards {
            let (inlet, outlet) = shard_inlet(INLET_MAX);
            inlets.push(inlet);
            let thread = shard::start(ShardSetup {
                place: ShardIndex(place),
                shared: Arc::clone(&self.shared),
                mesh: self.mesh.clone(),
                peers: Arc::clone(&self.peers),
                journal: journal.clone(),
                keys: Arc::clone(&self.keys),
                gate: self.reloading.gate(),
                lifecycle: Arc::clone(&self.lifecycle),
                clock: self.clock,
                client: client_config(&self.config),
                late_answers: self.config.buyers.late_answers,
                server: ServerSettings {
                    limits: self.reloading.server_limits(),
                    tls: self.certificates.seller.clone(),
                    handshakes_per_turn: usize::try_from(self.config.limits.handshakes_per_turn)?,
                    shutdown: self.lifecycle.stopping(),
                },
                outlet,
                pseudonyms: self.secret.derive("pseudonyms"),
                fingerprints: self.secret.derive("fingerprints"),
                disposable: Arc::clone(&disposable),
                vault: self.vault.clone(),
                past: self.past.clone(),
                before: Before {
                    recovered: Arc::clone(&recovered),
                    old_catalogs: Arc::clone(&self.old_catalogs),
                    restored: restored.clone(),
                },
            });
            threads.push(thread.with_context(|| format!("cannot start shard {place}"))?);
        }
        drop(restored);
        // Each shard reports once; one that panicked has dropped its end.
        let reported = all_restored.iter().take(usize::from(self.config.shards)).count();
        anyhow::ensure!(reported == usize::from(self.config.shards), "a shard could not be restored");
        Ok((inlets, threads))
    }

    /// Starts what goes on beside the requests, for as long as the process lives.
    fn start_background(&self, background: Background<'_>) {
        let Background { dir, projection, desk, writer, storage, questions, outbox } = background;
        tokio::spawn(keep_windows_open(Arc::clone(&self.shared)));
        tokio::spawn(keys::keep_listed(Arc::clone(&self.keys), projection.store.as_exchange()));
        let memory = Memory {
            store: projection.store.as_exchange(),
            shared: Arc::clone(&self.shared),
            old_catalogs: Arc::clone(&self.old_catalogs),
            following: projection.following.clone(),
        };
        tokio::spawn(answer_past(questions, self.past.clone(), memory));
        tokio::spawn(keep_settling(desk, projection.store.as_exchange()));
        tokio::task::spawn_local(outbox.keep_sending());
        tokio::spawn(keep_journal(Keeping {
            dir,
            config: self.config.journal.clone(),
            limits: RecoveryLimits::of(self.shared.config()),
            storage,
            writer,
            followed: projection.followed.clone(),
        }));
    }

    /// Runs the control plane until the process stops. Not cancel-safe.
    async fn control(&self, opened: Opened) -> anyhow::Result<()> {
        let Opened {
            seller,
            control,
            inlets,
            shards,
            guard,
            compiler,
            writer,
            storage,
            questions,
            desk_bell,
            known,
        } = opened;
        let place = ShardIndex(self.config.shards);
        let (stop_background, stopping) = watch::channel(false);
        let store = store_config(&self.config, guard.dir(), &self.secret)?;
        let lag_max = self.config.store.lag_max;
        let projection =
            Projection::start(store, (writer.clone(), storage.clone()), lag_max, stopping).await?;
        let desk = Arc::new(Desk::new(writer.clone(), place.0, desk_bell, projection.following.clone()));
        let now = wall_clock::utc_now();
        if !known {
            let names = CatalogNames::of(&self.shared.current().snapshot, now);
            desk.turn().await.write(&[names.into()]).await?;
        }
        let outbox = self.outbox(&projection);
        outbox.prepare().await.context("the store does not take who is told")?;
        let backend = Arc::new(self.backend(&guard, compiler, &desk, (&projection, &writer, &storage))?);
        announce(&seller, &control)?;
        tokio::spawn(reload_on_hangup(Arc::clone(&backend)));
        let connections_max = self.reloading.connections_max();
        let acceptor = Acceptor::new(tokio::net::TcpListener::from_std(seller)?, inlets, connections_max);
        let accepting = tokio::spawn(acceptor.run(self.lifecycle.stopping()));
        tokio::spawn(take_messages(Arc::clone(&backend), self.peers.bell(place)));
        self.start_background(Background {
            dir: guard.dir().clone(),
            projection: &projection,
            desk,
            writer: writer.clone(),
            storage,
            questions,
            outbox,
        });
        let lag = StoreLag { behind: projection.behind.clone() };
        let failed = watch_journal(writer, Arc::clone(&self.shared), lag);
        // Operators see `draining` until the last seller has its answer.
        let (drained, mut all_drained) = watch::channel(false);
        let stop = async move {
            // An error means that the sender is gone, and with it the process.
            drop(all_drained.wait_for(|all| *all).await);
        };
        let listener = tokio::net::TcpListener::from_std(control)?;
        let serving = tokio::spawn(exchange_control::serve(
            listener,
            self.certificates.control.clone(),
            router(backend),
            stop,
        ));
        self.until_stopped(failed).await?;
        self.lifecycle.drain();
        accepting.await?;
        tokio::task::spawn_blocking(move || join(shards)).await?;
        drained.send_replace(true);
        serving.await?;
        stop_background.send_replace(true);
        projection.finish().await;
        drop(guard);
        Ok(())
    }
}

/// What goes on beside the requests works with.
struct Background<'a> {
    dir: DataDir,
    projection: &'a Projection,
    desk: Arc<Desk>,
    writer: WriterHandle,
    storage: FileStorage,
    questions: mpsc::Receiver<Asked>,
    outbox: Outbox,
}

impl Process {
    /// Returns what tells sellers.
    fn outbox(&self, projection: &Projection) -> Outbox {
        Outbox {
            store: projection.store.as_exchange(),
            shared: Arc::clone(&self.shared),
            client: client_config(&self.config),
            vault: self.vault.clone(),
            old_catalogs: Arc::clone(&self.old_catalogs),
            sale_keys: SaleKeys::new(&self.secret.hash_key("node")),
            notice_key: self.secret.hash_key("notices"),
            followed: projection.followed.clone(),
            figures: Arc::clone(&self.figures),
        }
    }

    /// Waits for a signal to stop.
    ///
    /// # Errors
    ///
    /// Says that the journal has failed, after those who wait had the time to be answered.
    async fn until_stopped(&self, failed: impl Future<Output = String>) -> anyhow::Result<()> {
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: draining"),
            _ = interrupt.recv() => tracing::info!("SIGINT: draining"),
            why = failed => {
                tracing::error!(why, "the journal has failed: stopping; the restart begins with what is on disk");
                self.lifecycle.drain();
                // Who waits is answered `pending`; what waits for the disk never ends.
                tokio::time::sleep(FAILED_GRACE).await;
                anyhow::bail!("the journal has failed: {why}");
            }
        }
        Ok(())
    }

    /// Returns what operators and partners ask of this process.
    fn backend(
        &self,
        guard: &DataDirGuard,
        compiler: CatalogCompiler,
        desk: &Arc<Desk>,
        (projection, writer, storage): (&Projection, &WriterHandle, &FileStorage),
    ) -> anyhow::Result<ControlBackend> {
        Ok(ControlBackend {
            place: ShardIndex(self.config.shards),
            shared: Arc::clone(&self.shared),
            mesh: self.mesh.clone(),
            peers: Arc::clone(&self.peers),
            keys: Arc::clone(&self.keys),
            lifecycle: Arc::clone(&self.lifecycle),
            reloading: Arc::clone(&self.reloading),
            catalog: Arc::new(CatalogIntake {
                shared: Arc::clone(&self.shared),
                catalogs: guard.catalogs(),
                compiler,
            }),
            questions: Questions::default(),
            store: projection.store.clone(),
            desk: Arc::clone(desk),
            vault: self.vault.clone(),
            old_catalogs: Arc::clone(&self.old_catalogs),
            writer: writer.clone(),
            storage: storage.clone(),
            following: projection.following.clone(),
            even_at: projection.even_at.clone(),
            durability: self.config.journal.durability,
            pseudonyms: pseudonyms(&self.secret),
            fingerprints: FingerprintKey::new(&self.secret.derive("fingerprints")),
            suppressions_max: usize::try_from(self.config.limits.suppressions_max)?,
            ledger_key: ledger_signer(&self.secret)?.key(),
            figures: Arc::clone(&self.figures),
            mirror: mirroring::start(self.config.redis.as_ref(), self.shared.counters())?,
        })
    }
}

/// Takes what the shards send to the control plane, for as long as the process lives.
async fn take_messages(backend: Arc<ControlBackend>, ringing: Arc<Notify>) {
    loop {
        ringing.notified().await;
        backend.take_messages();
    }
}

fn join(shards: Vec<JoinHandle<()>>) {
    for shard in shards {
        if shard.join().is_err() {
            tracing::error!("a shard's thread has panicked");
        }
    }
}
