//! The keys of personal data: opened at the start, kept ahead of their use by a thread of their own.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::Context as _;
use exchange_node::Recovery;
use exchange_protocol::SealClass;
use exchange_vault::{FileStorage, MasterKey, Vault, VaultConfig};

use crate::config::PersonalData;
use crate::data_dir::DataDir;
use crate::wall_clock;

/// How often keys are made ready, as the vault asks for.
const KEEP_AHEAD_EVERY: Duration = Duration::from_millis(100);
/// How often it is looked which keys have become too old.
const RETIRE_EVERY: u32 = 36_000;

/// Opens the keys of a data directory and brings them to what the journal says: what was erased stays erased,
/// whatever copy of the files was put back.
///
/// # Errors
///
/// Says which file cannot be used.
pub(crate) fn open(config: &PersonalData, dir: &DataDir, recovery: &Recovery) -> anyhow::Result<Vault> {
    let vault = open_files(config, dir)?;
    for slot in
        [SealClass::Lead, SealClass::Consent].into_iter().filter_map(|class| recovery.highest_slot(class))
    {
        vault.note_drawn(slot);
    }
    let swept = vault.erase_all(recovery.slots_erased()).context("cannot erase again what was erased")?;
    tracing::debug!(?swept, "keys that were erased are gone");
    vault.keep_ahead(wall_clock::utc_now()).context("cannot make keys for personal data")?;
    Ok(vault)
}

/// Opens the keys of a data directory for reading.
///
/// # Errors
///
/// Says which file cannot be used.
pub(crate) fn open_files(config: &PersonalData, dir: &DataDir) -> anyhow::Result<Vault> {
    let file = config.master_key.clone().unwrap_or_else(|| dir.master_key());
    let master = MasterKey::read_or_create(&file)
        .with_context(|| format!("cannot use the master key {}", file.display()))?;
    let storage = FileStorage::open(&dir.key_slots())
        .with_context(|| format!("cannot use {}", dir.key_slots().display()))?;
    Vault::open(Box::new(storage), master, VaultConfig::default())
        .context("cannot open the keys of personal data")
}

/// The thread that keeps keys ahead of their use.
#[derive(Debug)]
pub(crate) struct VaultKeeper {
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl VaultKeeper {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// Says that the operating system gives none.
    pub(crate) fn start(vault: Vault, config: PersonalData) -> std::io::Result<Self> {
        let stopping = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stopping);
        let thread = std::thread::Builder::new().name("vault".into()).spawn(move || {
            let mut looks = 0_u32;
            while !stopped.load(Ordering::Acquire) {
                if let Err(error) = vault.keep_ahead(wall_clock::utc_now()) {
                    tracing::error!(%error, "no key can be made for personal data: new leads will be refused");
                }
                if looks.is_multiple_of(RETIRE_EVERY) {
                    retire(&vault, &config);
                }
                looks = looks.wrapping_add(1);
                std::thread::park_timeout(KEEP_AHEAD_EVERY);
            }
        })?;
        Ok(Self { stopping, thread })
    }

    /// Ends the thread.
    pub(crate) fn stop(self) {
        self.stopping.store(true, Ordering::Release);
        self.thread.thread().unpark();
        if self.thread.join().is_err() {
            tracing::error!("the vault's thread has panicked");
        }
    }
}

/// Removes the keys of what is older than it may become.
fn retire(vault: &Vault, config: &PersonalData) {
    let now = wall_clock::utc_now();
    let classes = [(SealClass::Lead, config.lead_retention), (SealClass::Consent, config.consent_retention)];
    for (class, retention) in classes {
        let age_us = i64::try_from(retention.as_micros()).unwrap_or(i64::MAX);
        let before = exchange_types::UtcMicros(now.0.saturating_sub(age_us));
        match vault.retire(class, before) {
            Ok(retired) => tracing::debug!(?class, ?retired, "old keys are gone"),
            Err(error) => tracing::error!(?class, %error, "keys that are too old cannot be removed"),
        }
    }
}
