//! [`Stopped`]: an exchange that does not run, with its store brought to the end of its journal.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use exchange_journal::{FileStorage, Reader, verify};
use exchange_protocol::SaleKeys;
use exchange_store::ledger::CheckpointKey;
use exchange_store::{Projector, Store};

use super::{Terminal, serve};
use crate::config::Config;
use crate::data_dir::{DataDir, DataDirGuard};
use crate::keys::{list_keys, views};
use crate::projected_batch::next_batch;
use crate::projection::store_config;

/// An exchange that does not run.
#[derive(Debug, Args)]
pub(super) struct Stopped {
    /// The folder that holds it; without one, that of the configuration
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Its configuration; without one, defaults
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// The store of an exchange that does not run, and that cannot be started meanwhile.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) store: Store,
    /// What names posts and sales.
    pub(super) keys: SaleKeys,
    /// Checks the ledger's signatures.
    pub(super) ledger_key: CheckpointKey,
    _guard: DataDirGuard,
}

/// Which records the store takes in.
#[derive(Clone, Debug)]
pub(super) enum Take {
    /// Those that it does not have yet.
    New,
    /// All of them, into empty tables; those before the journal's first from the archive in this folder.
    All {
        /// The folder, where there is one.
        archive: Option<PathBuf>,
    },
}

impl Stopped {
    /// Claims the data directory and brings its store to the end of its journal; nothing where the configuration
    /// has mistakes, which the terminal shows then.
    pub(super) async fn open(
        &self,
        take: Take,
        terminal: &mut Terminal<'_>,
    ) -> anyhow::Result<Option<Opened>> {
        let Some(mut config) = serve::load_config(self.config.as_deref(), terminal)? else { return Ok(None) };
        if let Some(data_dir) = &self.data_dir {
            config.data_dir.clone_from(data_dir);
        }
        let dir = DataDir::find(&config.data_dir)?;
        let guard = dir.lock()?;
        open(&config, guard, take).await.map(Some)
    }
}

async fn open(config: &Config, guard: DataDirGuard, take: Take) -> anyhow::Result<Opened> {
    let dir = guard.dir();
    let (url, projector) = store_config(config, dir, &dir.read_secret_key()?)?;
    let (keys, ledger_key) = (projector.keys, projector.signer.key());
    let mut projector = Projector::open(&url, projector).await.context("cannot open the store")?;
    let journal = Records::of(&dir.journal())?;
    match take {
        Take::New => {
            let next = projector.cursor().saturating_add(1);
            let reader = journal.reader(next).context(
                "the store lacks records that the journal no longer has: `exchange store rebuild --archive DIR` \
                 makes it anew",
            )?;
            follow(&mut projector, reader, journal.last).await?;
        }
        Take::All { archive } => {
            // Both are looked at before a table is emptied.
            let archived = archive.as_deref().map(Records::of).transpose()?;
            let from_archive = archived.as_ref().map(|archived| archived.reader(1)).transpose()?;
            let next = archived.as_ref().map_or(1, |archived| archived.last.saturating_add(1));
            let rest = journal.reader(next).context(if archived.is_some() {
                "the journal does not go on where the archive ends"
            } else {
                "the journal does not have its first records any more: name the folder to which they were archived \
                 with `--archive DIR`"
            })?;
            projector.clear().await.context("cannot empty the store")?;
            if let Some((reader, archived)) = from_archive.zip(archived) {
                follow(&mut projector, reader, archived.last).await?;
            }
            follow(&mut projector, rest, journal.last).await?;
        }
    }
    projector.close().await.context("cannot close the store")?;
    let store = Store::open(&url).await.context("cannot open the store")?;
    // The journal does not speak of keys: their file does.
    let entries = list_keys(dir.keys_file())?;
    store.as_exchange().keep_api_keys(&views(&entries)).await.context("the store does not take the keys")?;
    Ok(Opened { store, keys, ledger_key, _guard: guard })
}

/// The records of a folder of segments.
struct Records {
    storage: FileStorage,
    /// The number of the last one that is whole.
    last: u64,
}

impl Records {
    fn of(folder: &std::path::Path) -> anyhow::Result<Self> {
        let unreadable = || format!("cannot read the journal in {}", folder.display());
        let storage = FileStorage::shared(folder).with_context(unreadable)?;
        let report = verify(&storage).with_context(unreadable)?;
        if report.is_damaged() {
            bail!(
                "the journal in {} is damaged after record {}: `exchange journal verify` says where",
                folder.display(),
                report.last_sequence
            );
        }
        Ok(Self { storage, last: report.last_sequence })
    }

    fn reader(&self, from: u64) -> anyhow::Result<Reader<FileStorage>> {
        Ok(Reader::new(self.storage.clone(), from)?)
    }
}

/// Projects the records up to the last.
async fn follow(projector: &mut Projector, mut reader: Reader<FileStorage>, last: u64) -> anyhow::Result<()> {
    loop {
        let batch = next_batch(&mut reader, last)?.records;
        if batch.is_empty() {
            return Ok(());
        }
        projector.project(batch).await.context("the store cannot take the journal's records")?;
    }
}
