//! [`ControlBackend`]: what operators and partners ask of this process.

mod books;
mod failures;
mod lists;
mod metrics;
mod persons;
mod reload;
mod replays;
mod sales;
mod stops;
mod suppressions;
mod unknowns;

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use exchange_catalog::{Diagnostic, Severity, Snapshot, SourceFile};
use exchange_cluster::Progress;
use exchange_control::{
    Applied, ApplyError, Backend, CatalogSummary, JournalState, JournalStatus, KeysError, ListError, Listed,
    ListedKey, Metric, Page, Principal, Readiness, ReloadError, Reloaded, Unavailable,
};
use exchange_journal::{FileStorage, State, Storage as _, WriterHandle};
use exchange_node::{Admission, Mesh, Message, Requester, Shared};
use exchange_protocol::{Account, CatalogNames, Reply, Waiter};
use exchange_store::ledger::CheckpointKey;
use exchange_store::{QueryError, Store};
use exchange_types::{AuctionId, ShardIndex, Uuid7};
use exchange_vault::Vault;
use exchange_wire::{FingerprintKey, Pseudonyms};
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use crate::catalog_compiler::CatalogCompiler;
use crate::config::Durability;
use crate::data_dir::CatalogStore;
use crate::desk::Desk;
use crate::following::Following;
use crate::journal_keeping::SEGMENT_SUFFIX;
use crate::keys::{KeyStore, listed_key};
use crate::lifecycle::Lifecycle;
use crate::old_catalogs::OldCatalogs;
use crate::outbox::OutboxFigures;
use crate::peers::Peers;
use crate::projection::error_chain;
use crate::reloading::Reloading;
use crate::wall_clock;

/// How long an operator waits for a shard. A shard answers within a turn and the disk; longer means that one of
/// them does not run.
const SHARD_WAIT_MAX: Duration = Duration::from_secs(5);
/// How long a list waits for the store: longer than a store that follows takes, and little to an operator.
const FOLLOW_MAX: Duration = Duration::from_millis(500);
/// Operators' questions that wait at a time.
const QUESTIONS_MAX: usize = 256;

/// What operators ask of this process.
pub struct ControlBackend {
    /// The control plane's place in the mesh.
    pub place: ShardIndex,
    /// What the shards have in common.
    pub shared: Arc<Shared>,
    /// The way to the shards.
    pub mesh: Mesh,
    /// The bells of the shards.
    pub peers: Arc<Peers>,
    /// The keys in force.
    pub keys: Arc<KeyStore>,
    /// Whether leads are taken.
    pub lifecycle: Arc<Lifecycle>,
    /// What may change without a restart.
    pub(crate) reloading: Arc<Reloading>,
    /// Where catalogs are taken.
    pub catalog: Arc<CatalogIntake>,
    /// Questions to shards that are not answered yet.
    pub questions: Questions,
    /// The tables.
    pub(crate) store: Store,
    /// Where records of the control plane are written.
    pub(crate) desk: Arc<Desk>,
    /// The keys of personal data.
    pub(crate) vault: Vault,
    /// Catalogs of earlier versions.
    pub(crate) old_catalogs: Arc<OldCatalogs>,
    /// The journal, for what it says of itself.
    pub(crate) writer: WriterHandle,
    /// The journal's files.
    pub(crate) storage: FileStorage,
    /// How far the store is behind the journal.
    pub(crate) following: Following,
    /// When the store was last even with the journal.
    pub(crate) even_at: watch::Receiver<Instant>,
    /// What an acknowledgement of the journal means.
    pub(crate) durability: Durability,
    /// How sellers know buyers.
    pub(crate) pseudonyms: Pseudonyms,
    /// How persons are found.
    pub(crate) fingerprints: FingerprintKey,
    /// The most entries of suppression lists.
    pub(crate) suppressions_max: usize,
    /// How far the mirror of the counters is, where there is one.
    pub(crate) mirror: Option<Arc<Progress>>,
    /// What the outbox counts.
    pub(crate) figures: Arc<OutboxFigures>,
    /// Proves the ledger's checkpoints.
    pub(crate) ledger_key: CheckpointKey,
}

impl core::fmt::Debug for ControlBackend {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ControlBackend").field("place", &self.place).finish_non_exhaustive()
    }
}

/// Questions to shards that are not answered yet, by token.
#[derive(Debug, Default)]
pub struct Questions {
    next: AtomicU64,
    /// A short lock on the control thread; shards never take it.
    waiting: Mutex<BTreeMap<u64, oneshot::Sender<Reply>>>,
}

impl Questions {
    fn ask(&self) -> Option<(u64, oneshot::Receiver<Reply>)> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever gave up has dropped its end.
        waiting.retain(|_, asker| !asker.is_closed());
        if waiting.len() >= QUESTIONS_MAX {
            return None;
        }
        let token = self.next.fetch_add(1, Ordering::Relaxed);
        let (tx, rx) = oneshot::channel();
        waiting.insert(token, tx);
        Some((token, rx))
    }

    fn answer(&self, token: u64, reply: Reply) {
        let asker = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&token);
        if let Some(asker) = asker {
            // An operator that hung up wants no answer.
            drop(asker.send(reply));
        }
    }
}

impl ControlBackend {
    /// Takes what the shards have sent to the control plane.
    pub fn take_messages(&self) {
        while let Some(message) = self.mesh.receive(self.place) {
            if let Message::Reply { token, reply } = message {
                self.questions.answer(token, reply);
            }
        }
    }

    /// Returns the store for a list, once it holds what is on disk now: whoever has changed something finds it
    /// there. A store that lags for longer answers as it is.
    async fn fresh_store(&self) -> &Store {
        self.following.caught_up(FOLLOW_MAX).await;
        &self.store
    }

    async fn find(&self, id: AuctionId) -> Result<Option<Box<Account>>, Unavailable> {
        let (token, answer) = self.questions.ask().ok_or(Unavailable)?;
        let waiter = Waiter { place: self.place, token };
        let message = Message::Read { id: id.0, requester: Requester::Operator, waiter };
        match self.ask_shard(id.0, message, answer).await {
            Some(Reply::Account(account)) => Ok(Some(account)),
            Some(Reply::Refusal(_) | Reply::Answer { .. } | Reply::Resolved(_) | Reply::Inquiries(_)) => {
                Ok(None)
            }
            None => Err(Unavailable),
        }
    }

    /// Sends a message to the shard that owns a sale and waits for its reply.
    async fn ask_shard(
        &self,
        sale: Uuid7,
        message: Message,
        answer: oneshot::Receiver<Reply>,
    ) -> Option<Reply> {
        let owner = self.shared.owner(sale);
        self.mesh.send(self.place, owner, message).ok()?;
        self.peers.wake(owner);
        timeout(SHARD_WAIT_MAX, answer).await.ok()?.ok()
    }
}

/// Returns the store's page of the listener's.
fn store_page(page: Page) -> exchange_store::Page {
    exchange_store::Page { limit: page.limit, after: page.cursor }
}

/// Returns the listener's list of the store's.
fn listed<T, U>(
    found: Result<exchange_store::Listed<T>, QueryError>,
    one: impl FnMut(T) -> U,
) -> Result<Listed<U>, ListError> {
    match found {
        Ok(found) => Ok(Listed { items: found.items.into_iter().map(one).collect(), next: found.next }),
        Err(QueryError::Cursor(_)) => Err(ListError::Cursor),
        Err(error) => {
            tracing::error!(error = %error_chain(&error), "the store cannot be read");
            Err(ListError::Unavailable)
        }
    }
}

/// Where catalogs are taken: checked, stored, put in force, one after another.
#[derive(Debug)]
pub struct CatalogIntake {
    /// What the shards have in common.
    pub shared: Arc<Shared>,
    /// Where catalogs are kept.
    pub catalogs: CatalogStore,
    /// What catalogs are compiled with.
    pub(crate) compiler: CatalogCompiler,
}

impl CatalogIntake {
    /// Checks and stores a catalog under the next version.
    fn take(&self, files: &[SourceFile]) -> Result<(Snapshot, Vec<Diagnostic>), ApplyError> {
        let version = self.catalogs.next_version().map_err(ApplyError::Store)?;
        let (snapshot, warnings) = self.compiler.compile(version, files).map_err(ApplyError::Refused)?;
        let (needed, cells_max) = self.shared.cells_needed(&snapshot);
        if needed > cells_max {
            return Err(ApplyError::Refused(vec![too_many_caps(files, needed, cells_max)]));
        }
        self.catalogs.save(files).map_err(ApplyError::Store)?;
        Ok((snapshot, warnings))
    }

    /// Puts a catalog in force whose names are on disk.
    fn install(&self, snapshot: Snapshot, files: &[SourceFile], mut warnings: Vec<Diagnostic>) -> Applied {
        let version = snapshot.version;
        let cells_max = self.shared.cells_needed(&snapshot).1;
        self.shared.install(snapshot, wall_clock::utc_now());
        let without_cell = self.shared.current().caps.rows_without_cell();
        if without_cell > 0 {
            let diagnostic = too_many_caps(files, cells_max.saturating_add(without_cell), cells_max);
            warnings.push(Diagnostic { severity: Severity::Warning, ..diagnostic });
        }
        Applied { version, warnings }
    }
}

/// Returns what is wrong with a catalog whose caps and budgets need more counters than there are.
pub(crate) fn too_many_caps(files: &[SourceFile], needed: usize, cells_max: usize) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        file: files.first().map_or_else(String::new, |file| file.name.clone()),
        line: 1,
        column: 1,
        path: "campaigns".to_owned(),
        message: format!("caps and budgets need {needed} counters, there are {cells_max}"),
        remedy: format!("fewer caps, or `limits.cells_max = {needed}` in the configuration and a restart"),
    }
}

impl Backend for ControlBackend {
    async fn account(&self, id: AuctionId) -> Result<Option<Box<Account>>, Unavailable> {
        self.find(id).await
    }

    fn readiness(&self) -> Readiness {
        let mut reasons = Vec::new();
        if self.lifecycle.is_draining() {
            reasons.push(Readiness::DRAINING);
        }
        match self.writer.state() {
            State::Failed(_) | State::Stopped => reasons.push(Readiness::JOURNAL_FAILED),
            State::Full { .. } => reasons.push(Readiness::JOURNAL_FULL),
            State::Running => {}
        }
        if self.shared.admission() == Admission::ProjectorLag {
            reasons.push(Readiness::PROJECTOR_BEHIND);
        }
        Readiness { reasons }
    }

    fn journal(&self) -> JournalState {
        let (status, durable) = (self.writer.state(), self.writer.durable_sequence());
        let projected = self.following.sequence();
        let waited = self.even_at.borrow().elapsed().as_millis();
        let projector_lag_ms =
            if projected < durable { u64::try_from(waited).unwrap_or(u64::MAX) } else { 0 };
        let segments = self.storage.list().map_or(0, |names| {
            let named = names.iter().filter(|name| name.ends_with(SEGMENT_SUFFIX)).count();
            u64::try_from(named).unwrap_or(u64::MAX)
        });
        JournalState {
            status: match status {
                State::Running => JournalStatus::Running,
                State::Full { .. } => JournalStatus::Full,
                State::Failed(_) | State::Stopped => JournalStatus::Failed,
            },
            durability: match self.durability {
                Durability::Sync => "sync",
                Durability::Os => "os",
            },
            // Records get their number when they are written.
            sequence: durable,
            durable,
            projected,
            projector_lag_ms,
            backlog_bytes: self.writer.backlog_bytes(),
            segments,
            free_bytes: self.storage.free_bytes().unwrap_or(0),
        }
    }

    fn metrics(&self) -> Vec<Metric> {
        self.numbers()
    }

    fn catalog(&self) -> CatalogSummary {
        CatalogSummary::from(&*self.shared.current().snapshot)
    }

    async fn apply(&self, files: Vec<SourceFile>) -> Result<Applied, ApplyError> {
        let stored =
            |error: &dyn core::fmt::Display| ApplyError::Store(std::io::Error::other(error.to_string()));
        // The desk's turn keeps versions and folders in their order.
        let mut turn = self.desk.turn().await;
        let (catalog, files) = (Arc::clone(&self.catalog), Arc::new(files));
        let (taker, given) = (Arc::clone(&catalog), Arc::clone(&files));
        let taking = tokio::task::spawn_blocking(move || taker.take(&given));
        let (snapshot, warnings) = taking.await.map_err(|error| stored(&error))??;
        let names = CatalogNames::of(&snapshot, wall_clock::utc_now());
        turn.write(&[names.into()]).await.map_err(|error| stored(&error))?;
        let installing = tokio::task::spawn_blocking(move || catalog.install(snapshot, &files, warnings));
        installing.await.map_err(|error| stored(&error))
    }

    fn authenticate(&self, bearer: &str) -> Option<Arc<Principal>> {
        self.keys.authenticate(bearer)
    }

    async fn reload(&self) -> Result<Reloaded, ReloadError> {
        self.read_again().await
    }

    fn reload_keys(&self) -> Result<usize, KeysError> {
        self.keys.reload().map_err(|error| KeysError(error.to_string()))
    }

    async fn keys(&self, page: Page) -> Result<Listed<ListedKey>, ListError> {
        // A role that nobody has any more, of a file of another release, is nobody's key.
        let mut found = listed(self.store.as_operator().api_keys(&store_page(page)).await, listed_key)?;
        let items = core::mem::take(&mut found.items).into_iter().flatten().collect();
        Ok(Listed { items, next: found.next })
    }
}
