//! What becomes of old segments: a checkpoint takes their place at the next start, an archive keeps them.

use core::time::Duration;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use exchange_journal::{Ciphertext, FileStorage, Released, Storage as _, WriterHandle, archive, retire};
use exchange_node::{Recovery, RecoveryLimits};
use tokio::sync::watch;

use crate::config::Journal;
use crate::data_dir::DataDir;
use crate::recovery::{newest_checkpoint, replay};
use crate::wall_clock;

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How the names of segments end.
pub(crate) const SEGMENT_SUFFIX: &str = ".log";

/// What the keeping of the journal works with.
#[derive(Clone, Debug)]
pub(crate) struct Keeping {
    pub(crate) dir: DataDir,
    pub(crate) config: Journal,
    pub(crate) limits: RecoveryLimits,
    pub(crate) storage: FileStorage,
    pub(crate) writer: WriterHandle,
    /// Up to which record the store has followed.
    pub(crate) followed: watch::Receiver<u64>,
}

/// Keeps the journal until the process stops.
pub(crate) async fn keep_journal(keeping: Keeping) {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let keeping = Arc::new(keeping);
    loop {
        looks.tick().await;
        let work = Arc::clone(&keeping);
        // Reading and writing whole files is not for the control plane's thread.
        let done = tokio::task::spawn_blocking(move || work.look()).await;
        if let Ok(Err(error)) = done {
            tracing::error!(
                error = format!("{error:#}"),
                "the journal's old segments cannot be looked after"
            );
        }
    }
}

impl Keeping {
    fn look(&self) -> anyhow::Result<()> {
        // By its name: a checkpoint is read only where another follows from it.
        let held = self.dir.checkpoints().last()?;
        if self.writer.durable_sequence().saturating_sub(held) >= self.config.checkpoint_records {
            self.make_checkpoint()?;
        }
        self.release()
    }

    fn make_checkpoint(&self) -> anyhow::Result<()> {
        let newest = newest_checkpoint(&self.dir, self.limits)?;
        let mut recovery = newest.unwrap_or_else(|| Recovery::new(self.limits));
        replay(&self.storage, &mut recovery, self.writer.durable_sequence())?;
        let mut bytes = Vec::new();
        recovery.checkpoint(&mut bytes);
        let sequence = recovery.applied();
        self.dir.checkpoints().save(sequence, &bytes).context("cannot write a checkpoint")?;
        tracing::info!(sequence, bytes = bytes.len(), "a checkpoint was made");
        Ok(())
    }

    /// Archives and removes the segments that nobody needs any more.
    fn release(&self) -> anyhow::Result<()> {
        let checkpointed = self.dir.checkpoints().oldest()?;
        let old = self.old_enough()?;
        let projected = *self.followed.borrow();
        let up_to = checkpointed.min(projected).min(old);
        if up_to == 0 {
            return Ok(());
        }
        let archived = match &self.config.archive_dir {
            Some(folder) => self.archive(folder, up_to)?,
            None => up_to,
        };
        let removed =
            retire(&self.storage, Released { projected, checkpointed, archived: archived.min(old) })?;
        for segment in removed {
            tracing::info!(segment, "a segment of the journal is no longer needed and was removed");
        }
        Ok(())
    }

    fn archive(&self, folder: &Path, up_to: u64) -> anyhow::Result<u64> {
        let archived_to = FileStorage::exclusive(folder)
            .with_context(|| format!("cannot use the archive in {}", folder.display()))?;
        let ciphertext = if self.config.archive_ciphertext { Ciphertext::Keep } else { Ciphertext::Drop };
        let done = archive(&self.storage, &archived_to, up_to, ciphertext)
            .with_context(|| format!("cannot archive to {}", folder.display()))?;
        for segment in done.copied {
            tracing::info!(segment, "a segment of the journal was archived");
        }
        Ok(done.up_to)
    }

    /// Returns up to which record everything was written longer ago than segments are kept.
    fn old_enough(&self) -> anyhow::Result<u64> {
        let now = wall_clock::utc_now();
        let mut firsts: Vec<(u64, String)> = self
            .storage
            .list()?
            .into_iter()
            .filter_map(|name| Some((name.strip_suffix(SEGMENT_SUFFIX)?.parse().ok()?, name)))
            .collect();
        firsts.sort_unstable();
        let mut up_to = 0;
        for ((_, name), (next, _)) in firsts.iter().zip(firsts.iter().skip(1)) {
            let modified = std::fs::metadata(self.storage.directory().join(name))?.modified()?;
            let age = wall_clock::since(modified, now);
            if age < self.config.keep {
                break;
            }
            up_to = next.saturating_sub(1);
        }
        Ok(up_to)
    }
}
