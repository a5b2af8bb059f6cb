//! What a process starts with, made from its configuration and its data directory.

use std::sync::Arc;

use anyhow::Context as _;
use exchange_catalog::{Snapshot, SourceFile};
use exchange_counters::{Counters, CountersConfig};
use exchange_node::{NodeConfig, Shared};
use exchange_store::Projector;
use exchange_transport::{AddressGuard, ClientConfig, ServerLimits};

use crate::catalog_compiler::CatalogCompiler;
use crate::config::Config;
use crate::control_backend::too_many_caps;
use crate::data_dir::{DataDir, DataDirGuard, SecretKey};
use crate::projection::store_config;
use crate::secret_source::SecretSource;
use crate::wall_clock;

pub(crate) fn node_config(config: &Config) -> NodeConfig {
    let shards = usize::from(config.shards).max(1);
    let of_one = |all: u32| usize::try_from(all).unwrap_or(usize::MAX).div_ceil(shards);
    NodeConfig {
        shards: config.shards,
        auctions_max: u32::try_from(of_one(config.limits.auctions_max)).unwrap_or(u32::MAX),
        history_max: of_one(config.limits.history_max),
        fingerprints_max: of_one(config.limits.fingerprints_max),
        filter_bytes: usize::try_from(config.limits.filter_bytes.0).unwrap_or(usize::MAX),
        unknowns_max: of_one(config.limits.unknowns_max),
        mesh_queue_max: usize::try_from(config.limits.mesh_queue_max).unwrap_or(usize::MAX),
        ..NodeConfig::default()
    }
}

pub(crate) fn shared(
    config: &Config,
    node: NodeConfig,
    secret: &SecretKey,
    snapshot: Snapshot,
) -> anyhow::Result<Arc<Shared>> {
    let cells_max = usize::try_from(config.limits.cells_max).unwrap_or(usize::MAX);
    let counters = Counters::new(CountersConfig { cells_max, ..CountersConfig::default() });
    let (needed, cells_max) = counters.cells_needed(&snapshot);
    anyhow::ensure!(needed <= cells_max, "{}", too_many_caps(&[], needed, cells_max));
    let now = wall_clock::utc_now();
    Ok(Arc::new(Shared::new(node, secret.hash_key("node"), counters, snapshot, now)))
}

/// Takes the catalog that was given, else the one that was in force, else an empty one.
pub(crate) fn first_catalog(
    config: &Config,
    guard: &DataDirGuard,
    secret: &SecretKey,
    given: Option<crate::cli::CatalogFiles>,
) -> anyhow::Result<(Snapshot, CatalogCompiler)> {
    let store = guard.catalogs();
    let (version, files, secrets) = if let Some(given) = given {
        let secrets = given.secrets.absolute().context("cannot tell the folder of the catalog")?;
        store.save_secrets_folder(secrets.folder()).context("cannot store the folder of the catalog")?;
        let version = store.save(&given.files).context("cannot store the catalog")?;
        (version, given.files, secrets)
    } else {
        let folder = store.secrets_folder().context("cannot read the folder of the catalog")?;
        let secrets = SecretSource::new(folder.unwrap_or_else(|| config.data_dir.clone()));
        let stored = store.load().context("cannot read the stored catalog")?;
        let (version, files) = stored.map_or((0, Vec::new()), |found| (found.version, found.files));
        (version, files, secrets)
    };
    let compiler = CatalogCompiler::new(secrets, config.buyers.allow_http, secret);
    let snapshot = compiled(version, &files, &compiler)?;
    Ok((snapshot, compiler))
}

/// Refuses a store that holds records which the journal does not have: after a repair that dropped them the next
/// records would get their numbers, and the tables would pass those over.
///
/// # Errors
///
/// Says so, or why the store cannot be opened.
pub(crate) fn check_store(
    config: &Config,
    dir: &DataDir,
    secret: &SecretKey,
    last: u64,
) -> anyhow::Result<()> {
    let (url, projector) = store_config(config, dir, secret)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let projector = Projector::open(&url, projector).await.context("cannot open the store")?;
        let held = projector.cursor();
        projector.close().await.context("cannot close the store")?;
        anyhow::ensure!(
            held <= last,
            "the store holds records up to {held} and the journal ends with {last}: run `exchange store rebuild` \
             before the start"
        );
        Ok(())
    })
}

fn compiled(version: u64, files: &[SourceFile], compiler: &CatalogCompiler) -> anyhow::Result<Snapshot> {
    match compiler.compile(version, files) {
        Ok((snapshot, _warnings)) => Ok(snapshot),
        Err(found) => {
            let all: Vec<String> = found.iter().map(ToString::to_string).collect();
            anyhow::bail!("the stored catalog has mistakes:\n{}", all.join("\n"))
        }
    }
}

pub(crate) fn client_config(config: &Config) -> ClientConfig {
    let allowed = config.buyers.allow_addresses.clone();
    ClientConfig { guard: AddressGuard::new(allowed), ..ClientConfig::default() }
}

pub(crate) fn server_limits(config: &Config) -> anyhow::Result<ServerLimits> {
    Ok(ServerLimits {
        body_bytes_max: usize::try_from(config.limits.body_bytes_max)?,
        handshake_wait_max: config.limits.header_timeout,
        header_wait_max: config.limits.header_timeout,
        request_wait_max: config.limits.request_timeout,
        idle_max: config.limits.idle_timeout,
        ..ServerLimits::default()
    })
}
