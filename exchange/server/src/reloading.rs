//! [`Reloading`]: what may change without a restart, read again as a whole.

mod difference;

use std::path::PathBuf;
use std::sync::Arc;

use exchange_node::Gate;
use exchange_transport::ServerLimits;
use tokio::sync::{Mutex, watch};

use crate::cli::read_config;
use crate::config::Config;
use crate::data_dir::SecretKey;
use crate::keys::{KeyStore, NextKeys};
use crate::listener_certificates::{ListenerCertificates, NextCertificates};
use crate::logging::LogFilter;
use crate::startup::server_limits;
use difference::Difference;

/// What may change without a restart: limits marked so, certificates, keys, and which log lines are written.
#[derive(Debug)]
pub(crate) struct Reloading {
    /// The configuration's file; nothing where there is none.
    file: Option<PathBuf>,
    certificates: ListenerCertificates,
    keys: Arc<KeyStore>,
    gate: Arc<Gate>,
    log: LogFilter,
    server_limits: watch::Sender<ServerLimits>,
    connections_max: watch::Sender<u32>,
    /// The configuration in force. Held from the reading of the next one to its end, so that two reloads do not mix.
    in_force: Mutex<Config>,
}

/// What is read again, checked as a whole, and not in force yet.
#[derive(Debug)]
pub(crate) struct Next {
    config: Config,
    changed: Vec<&'static str>,
    limits: ServerLimits,
    certificates: NextCertificates,
    keys: NextKeys,
}

impl Reloading {
    /// Returns what a process starts with.
    ///
    /// # Errors
    ///
    /// Says that this machine cannot count the limits.
    pub(crate) fn new(
        file: Option<PathBuf>,
        config: &Config,
        (certificates, secret): (&ListenerCertificates, &SecretKey),
        keys: &Arc<KeyStore>,
        log: LogFilter,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            file,
            certificates: certificates.clone(),
            keys: Arc::clone(keys),
            gate: Arc::new(Gate::new(config.limits.gate(), secret.hash_key("gate"))),
            log,
            server_limits: watch::Sender::new(server_limits(config)?),
            connections_max: watch::Sender::new(config.limits.connections_max),
            in_force: Mutex::new(config.clone()),
        })
    }

    /// Returns the limits of sellers' connections, as shards follow them.
    pub(crate) fn server_limits(&self) -> watch::Receiver<ServerLimits> {
        self.server_limits.subscribe()
    }

    /// Returns how many connections of sellers there may be, as the acceptor follows it.
    pub(crate) fn connections_max(&self) -> watch::Receiver<u32> {
        self.connections_max.subscribe()
    }

    /// Returns how fast requests of sellers may come, as shards ask it.
    pub(crate) fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate)
    }

    /// Returns the configuration in force. Cancel-safe.
    pub(crate) async fn config(&self) -> Config {
        self.in_force.lock().await.clone()
    }

    /// Reads everything again, has the catalog renewed, and puts all of it in force, or nothing. Returns what changed
    /// in the configuration, how many keys are active, and what came of the catalog.
    ///
    /// Cancel-safe until the catalog is renewed; the rest does not wait.
    ///
    /// # Errors
    ///
    /// Says what is wrong; what was in force stays then.
    pub(crate) async fn reload<T>(
        &self,
        renew_catalog: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<(Vec<&'static str>, usize, T)> {
        let mut in_force = self.in_force.lock().await;
        let next = self.read(&in_force)?;
        let renewed = renew_catalog.await?;
        let Next { config, changed, limits, certificates, keys } = next;
        self.log.replace(&config)?;
        self.certificates.replace(certificates);
        self.server_limits.send_replace(limits);
        self.connections_max.send_replace(config.limits.connections_max);
        self.gate.set(config.limits.gate());
        let active = self.keys.put_in_force(keys);
        *in_force = config;
        Ok((changed, active, renewed))
    }

    /// Reads everything again and checks it.
    fn read(&self, in_force: &Config) -> anyhow::Result<Next> {
        let config = read_config(self.file.as_deref())?.map_err(|found| {
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            anyhow::anyhow!("{}", found.join("\n"))
        })?;
        let Difference { live, fixed } = Difference::between(in_force, &config);
        anyhow::ensure!(fixed.is_empty(), "a change of {} takes a restart", fixed.join(", "));
        Ok(Next {
            limits: server_limits(&config)?,
            certificates: self.certificates.prepare(&config)?,
            keys: self.keys.read()?,
            changed: live,
            config,
        })
    }
}
