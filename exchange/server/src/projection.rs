//! [`Projection`]: the store follows the journal.
//!
//! A thread reads what is durable and decodes it; a task on the control plane's runtime writes it into the
//! tables, many records in one transaction. Between them stand a few batches at most. Both begin where the
//! tables end, so a crash at any point repeats at most what the tables have already, which changes nothing.

mod lag;

use core::time::Duration;
use std::time::Instant;

use anyhow::Context as _;
use exchange_journal::{FileStorage, Reader, WriterHandle};
use exchange_store::ledger::CheckpointSigner;
use exchange_store::{Projected, Projector, ProjectorConfig, Store, StoreUrl};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::data_dir::{DataDir, SecretKey};
use crate::following::Following;
use crate::projected_batch::{ProjectedBatch, next_batch};
use lag::Lag;

/// Transactions' worth of records between the reader and the tables.
const BATCHES_MAX: usize = 4;
/// How long records gather where a transaction would not be full and nobody waits for them. Keys have no order, so
/// few records write nearly as many pages as many do: an auction of a transaction of 20 costs four times as much as
/// one of 1,000.
const GATHER: Duration = Duration::from_millis(100);
/// How long the tables are tried again after an error.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How long a process that stops waits for the tables; the next start goes on.
const FINISH_MAX: Duration = Duration::from_secs(10);

/// Records on their way into the tables.
type Batch = Vec<Projected>;

/// The store follows the journal.
#[derive(Debug)]
pub(crate) struct Projection {
    /// What the tables answer.
    pub(crate) store: Store,
    /// Up to which record the tables have followed, for those who wait.
    pub(crate) following: Following,
    /// Up to which record the tables have followed.
    pub(crate) followed: watch::Receiver<u64>,
    /// Whether they are further behind than the configuration allows.
    pub(crate) behind: watch::Receiver<bool>,
    /// When the tables were last even with the journal.
    pub(crate) even_at: watch::Receiver<Instant>,
    writing: JoinHandle<()>,
}

/// What it takes to open the store of a data directory.
///
/// # Errors
///
/// Says what is wrong with its address or its key.
pub(crate) fn store_config(
    config: &Config,
    dir: &DataDir,
    secret: &SecretKey,
) -> anyhow::Result<(StoreUrl, ProjectorConfig)> {
    let url = if config.store.url == "sqlite" {
        StoreUrl::file(&dir.store())
    } else {
        config.store.url.parse().context("store.url")?
    };
    let keys = exchange_protocol::SaleKeys::new(&secret.hash_key("node"));
    let signer = ledger_signer(secret)?;
    let checkpoint_entries = ProjectorConfig::CHECKPOINT_ENTRIES_DEFAULT;
    Ok((url, ProjectorConfig { keys, signer, checkpoint_entries }))
}

/// Returns what signs the ledger's checkpoints.
///
/// # Errors
///
/// Says that the secret makes no key.
pub(crate) fn ledger_signer(secret: &SecretKey) -> anyhow::Result<CheckpointSigner> {
    CheckpointSigner::from_seed(&secret.derive("ledger checkpoints"))
        .context("the key of the ledger's checkpoints")
}

impl Projection {
    /// Opens the store and begins to follow.
    ///
    /// # Errors
    ///
    /// Says why the store does not open, or that the journal lacks what it needs.
    pub(crate) async fn start(
        (url, projector): (StoreUrl, ProjectorConfig),
        (writer, storage): (WriterHandle, FileStorage),
        lag_max: Duration,
        stopping: watch::Receiver<bool>,
    ) -> anyhow::Result<Self> {
        let projection = (url, projector);
        let projector = Projector::open(&projection.0, projection.1.clone()).await;
        let projector = projector.context("cannot open the store")?;
        let store = Store::open(&projection.0).await.context("cannot open the store")?;
        let from = projector.cursor();
        let (filled, arriving) = mpsc::channel(BATCHES_MAX);
        let reader = Reader::new(storage, from.saturating_add(1)).context(
            "the store lacks records that the journal no longer has: `exchange store rebuild` makes it anew from \
             the archive",
        )?;
        let source = writer.clone();
        let reading = std::thread::Builder::new()
            .name("projector".into())
            .spawn(move || read(reader, &source, &filled, &stopping))?;
        let (follow, followed) = watch::channel(from);
        let following = Following::new(writer.clone(), followed.clone(), reading.thread().clone());
        let (fall, behind) = watch::channel(false);
        let (even, even_at) = watch::channel(Instant::now());
        let durable = Box::new(move || writer.durable_sequence());
        let marks = Marks { follow, fall, even, lag_max, durable };
        let writing = tokio::spawn(write(projector, projection, arriving, marks));
        Ok(Self { store, following, followed, behind, even_at, writing })
    }

    /// Waits until everything that is durable is in the tables, after the process was told to stop.
    pub(crate) async fn finish(self) {
        if tokio::time::timeout(FINISH_MAX, self.writing).await.is_err() {
            tracing::warn!("the store is still behind the journal; the next start goes on from there");
        }
        self.store.close().await;
    }
}

/// Reads what is durable until the process stops and nothing is left.
fn read(
    mut reader: Reader<FileStorage>,
    writer: &WriterHandle,
    filled: &mpsc::Sender<Batch>,
    stopping: &watch::Receiver<bool>,
) {
    loop {
        // In this order: what was durable when the process was told to stop is still read.
        let stopped = *stopping.borrow();
        let up_to = writer.durable_sequence();
        match fill(&mut reader, up_to, filled) {
            Ok(Filled::Whole) => {}
            Ok(Filled::Nothing) if stopped => return,
            Ok(Filled::Part) if stopped => {}
            Ok(Filled::Part | Filled::Nothing) => std::thread::park_timeout(GATHER),
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "the journal cannot be read for the store");
                return;
            }
        }
    }
}

/// How many records were handed over.
enum Filled {
    /// As many as a transaction takes.
    Whole,
    /// As many as there were.
    Part,
    Nothing,
}

/// Hands over as many records as one transaction takes.
fn fill(
    reader: &mut Reader<FileStorage>,
    up_to: u64,
    filled: &mpsc::Sender<Batch>,
) -> anyhow::Result<Filled> {
    let ProjectedBatch { records, whole } = next_batch(reader, up_to)?;
    if records.is_empty() {
        return Ok(Filled::Nothing);
    }
    filled.blocking_send(records).context("the store takes nothing any more")?;
    Ok(if whole { Filled::Whole } else { Filled::Part })
}

/// What others see of the tables' progress.
struct Marks {
    follow: watch::Sender<u64>,
    fall: watch::Sender<bool>,
    even: watch::Sender<Instant>,
    lag_max: Duration,
    /// Returns how far the journal is on disk.
    durable: Box<dyn Fn() -> u64 + Send>,
}

/// Writes batches into the tables, each until it is there.
async fn write(
    mut projector: Projector,
    (url, config): (StoreUrl, ProjectorConfig),
    mut arriving: mpsc::Receiver<Batch>,
    marks: Marks,
) {
    let mut lag = Lag::new(marks.lag_max, Instant::now());
    loop {
        let waiting = tokio::time::timeout(marks.lag_max, arriving.recv()).await;
        match waiting {
            Ok(None) => {
                // Nobody reads the journal any more: the process stops, or it could not be read.
                marks.fall.send_replace(true);
                return;
            }
            Ok(Some(batch)) => {
                while let Err(error) = projector.project(batch.clone()).await {
                    tracing::error!(error = %error_chain(&error), "the store cannot follow the journal");
                    marks.fall.send_replace(lag.is_too_long(Instant::now()));
                    tokio::time::sleep(RETRY_AFTER).await;
                    // A connection whose transaction broke off may hold a lock for ever; a new one does not.
                    match Projector::open(&url, config.clone()).await {
                        Ok(anew) => drop(core::mem::replace(&mut projector, anew).close().await),
                        Err(error) => {
                            tracing::error!(error = %error_chain(&error), "the store does not open");
                        }
                    }
                }
                marks.follow.send_replace(projector.cursor());
            }
            // Nothing new for so long: the tables are even.
            Err(_) => {}
        }
        // The moment first: what came on disk after it is no part of what the tables had to hold then.
        let now = Instant::now();
        lag.note(projector.cursor(), (marks.durable)(), now);
        marks.even.send_replace(lag.even_at());
        let behind = lag.is_too_long(now);
        marks.fall.send_if_modified(|before| core::mem::replace(before, behind) != behind);
    }
}

/// Writes an error with what caused it.
pub(crate) fn error_chain(error: &dyn core::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use exchange_protocol::SaleKeys;
    use exchange_types::HashKey;

    use super::*;

    #[tokio::test]
    async fn a_journal_that_nobody_reads_closes_the_admission() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = StoreUrl::file(&folder.path().join("store.sqlite"));
        let config = ProjectorConfig {
            keys: SaleKeys::new(&HashKey::new([1; 16])),
            signer: CheckpointSigner::from_seed(&[2; 32]).expect("a key"),
            checkpoint_entries: ProjectorConfig::CHECKPOINT_ENTRIES_DEFAULT,
        };
        let projector = Projector::open(&url, config.clone()).await.expect("a store");
        let (filled, arriving) = mpsc::channel(1);
        let ((follow, _followed), (even, _even_at)) = (watch::channel(0), watch::channel(Instant::now()));
        let (fall, behind) = watch::channel(false);
        let marks = Marks { follow, fall, even, lag_max: Duration::from_hours(1), durable: Box::new(|| 7) };
        let writing = tokio::spawn(write(projector, (url, config), arriving, marks));
        assert!(!*behind.borrow());
        drop(filled);
        writing.await.expect("it ends");
        assert!(*behind.borrow(), "records may come that no table will hold");
    }
}
