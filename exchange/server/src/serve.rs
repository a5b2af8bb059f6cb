//! [`serve`]: a process from its data directory to its last answer.

use core::time::Duration;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use anyhow::Context as _;
use exchange_catalog::{CompileOptions, Snapshot, SourceFile, compile};
use exchange_control::router;
use exchange_counters::{Counters, CountersConfig};
use exchange_node::{Mesh, NodeConfig, Shared};
use exchange_transport::{Acceptor, AddressGuard, ClientConfig, ServerLimits, ShardInlet, shard_inlet};
use exchange_types::{Nanos, ShardIndex};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::cli::Start;
use crate::clock::Clock;
use crate::config::{Config, LogFormat};
use crate::control_backend::{CatalogIntake, ControlBackend, Questions, too_many_caps};
use crate::data_dir::{DataDir, DataDirGuard, SecretKey};
use crate::file_handles;
use crate::journal_handle::JournalHandle;
use crate::keys::KeyStore;
use crate::lifecycle::Lifecycle;
use crate::memory_journal::MemoryJournal;
use crate::peers::Peers;
use crate::secret_source::SecretSource;
use crate::shard::{self, ShardSetup};
use crate::wall_clock;

/// Connections that wait for a shard to take them; beyond, they are closed.
const INLET_MAX: usize = 1_024;
/// How often it is looked whether a window has closed.
const WINDOWS_LOOK: Duration = Duration::from_secs(5);
/// How often the instants of schedules are computed anew; they are known for some weeks ahead.
const SCHEDULES_EVERY: Nanos = Nanos::from_secs(24 * 3_600);

/// What every thread of the process shares.
struct Process {
    config: Config,
    shared: Arc<Shared>,
    mesh: Mesh,
    peers: Arc<Peers>,
    keys: Arc<KeyStore>,
    lifecycle: Arc<Lifecycle>,
    clock: Clock,
    secret: SecretKey,
}

/// Serves until SIGTERM or SIGINT, then drains.
///
/// # Errors
///
/// Says what could not be opened, bound or started.
pub fn serve(start: Start) -> anyhow::Result<()> {
    let Start { config, catalog } = start;
    log_to_stderr(&config)?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    if provider.install_default().is_err() {
        tracing::debug!("a TLS provider is installed already");
    }
    let guard = DataDir::open(&config.data_dir)?.lock()?;
    let secret = guard.secret_key()?;
    let keys = Arc::new(KeyStore::open(&guard.dir().keys_file())?);
    let (snapshot, secrets) = first_catalog(&config, &guard, catalog)?;
    file_handles::raise(&config, &snapshot);
    let process = Process {
        shared: shared(&config, &secret, snapshot)?,
        mesh: Mesh::new(config.shards.saturating_add(1), usize::try_from(config.limits.mesh_queue_max)?),
        peers: Arc::new(Peers::new(config.shards.saturating_add(1))),
        keys,
        lifecycle: Arc::new(Lifecycle::new()),
        clock: Clock::start(),
        secret,
        config,
    };
    let seller = bind(process.config.seller.listen)?;
    let control = bind(process.config.control.listen)?;
    let journal = Arc::new(MemoryJournal::new(
        process.config.shards,
        process.config.journal.acknowledge_after,
        process.secret.hash_key("journal delay"),
    ));
    let writer = journal.start(&process.peers).context("cannot start the journal's thread")?;
    let handle = JournalHandle::new(Arc::clone(&journal), writer.thread().clone());
    let (inlets, shards) = process.start_shards(&handle)?;
    announce(&seller, &control)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(process.control(Opened { seller, control, inlets, shards, guard, secrets }))?;
    journal.stop();
    writer.thread().unpark();
    if writer.join().is_err() {
        tracing::error!("the journal's thread has panicked");
    }
    Ok(())
}

/// What the control plane takes over at the start.
struct Opened {
    seller: TcpListener,
    control: TcpListener,
    inlets: Vec<ShardInlet>,
    shards: Vec<JoinHandle<()>>,
    guard: DataDirGuard,
    secrets: SecretSource,
}

impl Process {
    fn start_shards(
        &self,
        journal: &JournalHandle,
    ) -> anyhow::Result<(Vec<ShardInlet>, Vec<JoinHandle<()>>)> {
        let mut inlets = Vec::new();
        let mut threads = Vec::new();
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
                lifecycle: Arc::clone(&self.lifecycle),
                clock: self.clock,
                client: client_config(&self.config),
                limits: server_limits(&self.config)?,
                outlet,
                pseudonyms: self.secret.derive("pseudonyms"),
                fingerprints: self.secret.derive("fingerprints"),
            });
            threads.push(thread.with_context(|| format!("cannot start shard {place}"))?);
        }
        Ok((inlets, threads))
    }

    /// Runs the control plane until the process stops. Not cancel-safe.
    async fn control(&self, opened: Opened) -> anyhow::Result<()> {
        let Opened { seller, control, inlets, shards, guard, secrets } = opened;
        let place = ShardIndex(self.config.shards);
        let backend = Arc::new(ControlBackend {
            place,
            shared: Arc::clone(&self.shared),
            mesh: self.mesh.clone(),
            peers: Arc::clone(&self.peers),
            keys: Arc::clone(&self.keys),
            lifecycle: Arc::clone(&self.lifecycle),
            catalog: Arc::new(CatalogIntake {
                shared: Arc::clone(&self.shared),
                catalogs: guard.catalogs(),
                secrets,
                allow_http: self.config.buyers.allow_http,
                turn: Mutex::default(),
            }),
            questions: Questions::default(),
        });
        let connections_max = usize::try_from(self.config.limits.connections_max)?;
        let acceptor = Acceptor::new(tokio::net::TcpListener::from_std(seller)?, inlets, connections_max);
        let accepting = tokio::spawn(acceptor.run(self.lifecycle.stopping()));
        let answers = Arc::clone(&backend);
        let bell = self.peers.bell(place);
        tokio::spawn(async move {
            loop {
                bell.notified().await;
                answers.take_messages();
            }
        });
        tokio::spawn(keep_windows_open(Arc::clone(&self.shared)));
        tokio::spawn(reload_keys_on_hangup(Arc::clone(&self.keys)));
        // Operators see `draining` until the last seller has its answer.
        let (drained, mut all_drained) = watch::channel(false);
        let stop = async move {
            // An error means that the sender is gone, and with it the process.
            drop(all_drained.wait_for(|all| *all).await);
        };
        let listener = tokio::net::TcpListener::from_std(control)?;
        let serving = tokio::spawn(exchange_control::serve(listener, router(backend), stop));
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: draining"),
            _ = interrupt.recv() => tracing::info!("SIGINT: draining"),
        }
        self.lifecycle.drain();
        accepting.await?;
        tokio::task::spawn_blocking(move || join(shards)).await?;
        drained.send_replace(true);
        serving.await?;
        drop(guard);
        Ok(())
    }
}

fn join(shards: Vec<JoinHandle<()>>) {
    for shard in shards {
        if shard.join().is_err() {
            tracing::error!("a shard's thread has panicked");
        }
    }
}

fn shared(config: &Config, secret: &SecretKey, snapshot: Snapshot) -> anyhow::Result<Arc<Shared>> {
    let shards = usize::from(config.shards).max(1);
    let of_one = |all: u32| usize::try_from(all).unwrap_or(usize::MAX).div_ceil(shards);
    let node = NodeConfig {
        shards: config.shards,
        auctions_max: u32::try_from(of_one(config.limits.auctions_max)).unwrap_or(u32::MAX),
        history_max: of_one(config.limits.history_max),
        fingerprints_max: of_one(config.limits.fingerprints_max),
        mesh_queue_max: usize::try_from(config.limits.mesh_queue_max).unwrap_or(usize::MAX),
    };
    let cells_max = usize::try_from(config.limits.cells_max).unwrap_or(usize::MAX);
    let counters = Counters::new(CountersConfig { cells_max, ..CountersConfig::default() });
    let (needed, cells_max) = counters.cells_needed(&snapshot);
    anyhow::ensure!(needed <= cells_max, "{}", too_many_caps(&[], needed, cells_max));
    let now = wall_clock::utc_now();
    Ok(Arc::new(Shared::new(node, secret.hash_key("node"), counters, snapshot, now)))
}

/// Takes the catalog that was given, else the one that was in force, else an empty one.
fn first_catalog(
    config: &Config,
    guard: &DataDirGuard,
    given: Option<crate::cli::CatalogFiles>,
) -> anyhow::Result<(Snapshot, SecretSource)> {
    let store = guard.catalogs();
    let stored = SecretSource::new(config.data_dir.clone());
    let (version, files, secrets) = match given {
        Some(given) => {
            let secrets = given.secrets;
            let files = given.files;
            let version = store.save(&files).context("cannot store the catalog")?;
            (version, files, secrets)
        }
        None => match store.load().context("cannot read the stored catalog")? {
            Some(found) => (found.version, found.files, stored),
            None => (0, Vec::new(), stored),
        },
    };
    let snapshot = compiled(version, &files, &secrets, config.buyers.allow_http)?;
    Ok((snapshot, secrets))
}

fn compiled(
    version: u64,
    files: &[SourceFile],
    secrets: &SecretSource,
    allow_http: bool,
) -> anyhow::Result<Snapshot> {
    let lookup = |reference: &str| secrets.lookup(reference);
    let options = CompileOptions { version, now: wall_clock::utc_now(), secrets: &lookup, allow_http };
    match compile(files, &options) {
        Ok((snapshot, _warnings)) => Ok(snapshot),
        Err(found) => {
            let all: Vec<String> = found.iter().map(ToString::to_string).collect();
            anyhow::bail!("the stored catalog has mistakes:\n{}", all.join("\n"))
        }
    }
}

fn client_config(config: &Config) -> ClientConfig {
    let allowed = config.buyers.allow_addresses.clone();
    ClientConfig { guard: AddressGuard::new(allowed), ..ClientConfig::default() }
}

fn server_limits(config: &Config) -> anyhow::Result<ServerLimits> {
    Ok(ServerLimits {
        body_bytes_max: usize::try_from(config.limits.body_bytes_max)?,
        header_wait_max: config.limits.header_timeout,
        request_wait_max: config.limits.request_timeout,
        idle_max: config.limits.idle_timeout,
        ..ServerLimits::default()
    })
}

fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Writes where the process listens, as one line of JSON, for whoever started it with port 0.
fn announce(seller: &TcpListener, control: &TcpListener) -> anyhow::Result<()> {
    use std::io::Write as _;
    let (seller, control) = (seller.local_addr()?, control.local_addr()?);
    let mut out = std::io::stdout().lock();
    writeln!(out, r#"{{"seller":"{seller}","control":"{control}"}}"#)?;
    out.flush()?;
    tracing::info!(%seller, %control, "the exchange takes leads");
    tracing::warn!("the journal is kept in memory: what was sold is forgotten when this process ends");
    Ok(())
}

/// Makes the next windows' counters before they open, and once a day schedules' instants before they run out.
async fn keep_windows_open(shared: Arc<Shared>) {
    let mut looks = tokio::time::interval(WINDOWS_LOOK);
    let mut refreshed = wall_clock::utc_now();
    loop {
        looks.tick().await;
        let now = wall_clock::utc_now();
        let schedules = now >= refreshed.saturating_add(SCHEDULES_EVERY);
        if !schedules && now < shared.current().caps.next_boundary() {
            continue;
        }
        if schedules {
            refreshed = now;
        }
        let renewed = Arc::clone(&shared);
        // Thousands of windows take milliseconds, which the control plane's thread has other use for.
        let renewing = tokio::task::spawn_blocking(move || {
            if schedules { renewed.refresh_schedules(now) } else { renewed.refresh_windows(now) }
        });
        if renewing.await.is_err() {
            tracing::error!("the windows of caps could not be renewed");
        }
        let without_cell = shared.current().caps.rows_without_cell();
        if without_cell > 0 {
            tracing::error!(
                without_cell,
                "caps have no counter and so no room: raise limits.cells_max and restart"
            );
        }
    }
}

/// Reads the keys again at every SIGHUP.
async fn reload_keys_on_hangup(keys: Arc<KeyStore>) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    while hangup.recv().await.is_some() {
        match keys.reload() {
            Ok(active) => tracing::info!(active, "keys are in force"),
            Err(error) => tracing::error!(%error, "the keys could not be read; the ones in force stay"),
        }
    }
}

fn log_to_stderr(config: &Config) -> anyhow::Result<()> {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_new(&config.log).context("the log filter")?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let installed = match config.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    installed.map_err(|error| anyhow::anyhow!("cannot start logging: {error}"))
}
