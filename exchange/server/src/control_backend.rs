//! [`ControlBackend`]: what operators ask of this process.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use exchange_catalog::{CompileOptions, Diagnostic, Severity, SourceFile, compile};
use exchange_control::{
    Applied, ApplyError, Backend, CatalogSummary, KeysError, Principal, Readiness, Unavailable,
};
use exchange_node::{Mesh, Message, Requester, Shared};
use exchange_protocol::{Account, Reply, Waiter};
use exchange_types::{AuctionId, ShardIndex};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::data_dir::CatalogStore;
use crate::keys::KeyStore;
use crate::lifecycle::Lifecycle;
use crate::peers::Peers;
use crate::secret_source::SecretSource;
use crate::wall_clock;

/// How long an operator waits for a shard. A shard answers within a turn; longer means it does not run.
const ACCOUNT_WAIT_MAX: Duration = Duration::from_secs(2);
/// Operators' questions that wait at a time.
const QUESTIONS_MAX: usize = 256;

/// What operators ask of this process.
#[derive(Debug)]
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
    /// Where catalogs are taken.
    pub catalog: Arc<CatalogIntake>,
    /// Questions to shards that are not answered yet.
    pub questions: Questions,
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

    async fn find(&self, id: AuctionId) -> Result<Option<Box<Account>>, Unavailable> {
        let (token, answer) = self.questions.ask().ok_or(Unavailable)?;
        let owner = self.shared.owner(id.0);
        let waiter = Waiter { place: self.place, token };
        let message = Message::Read { id: id.0, requester: Requester::Operator, waiter };
        self.mesh.send(self.place, owner, message).map_err(|_| Unavailable)?;
        self.peers.wake(owner);
        match timeout(ACCOUNT_WAIT_MAX, answer).await {
            Ok(Ok(Reply::Account(account))) => Ok(Some(account)),
            Ok(Ok(Reply::Refusal(_) | Reply::Answer { .. })) => Ok(None),
            Ok(Err(_)) | Err(_) => Err(Unavailable),
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
    /// Where the secrets of catalogs begin.
    pub secrets: SecretSource,
    /// Whether catalogs may name endpoints in clear text.
    pub allow_http: bool,
    /// Held while a catalog is taken, so that versions and folders keep their order.
    pub turn: Mutex<()>,
}

impl CatalogIntake {
    fn take(&self, files: &[SourceFile]) -> Result<Applied, ApplyError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let version = self.catalogs.next_version().map_err(ApplyError::Store)?;
        let now = wall_clock::utc_now();
        let secrets = |reference: &str| self.secrets.lookup(reference);
        let options = CompileOptions { version, now, secrets: &secrets, allow_http: self.allow_http };
        let (snapshot, mut warnings) = compile(files, &options).map_err(ApplyError::Refused)?;
        let (needed, cells_max) = self.shared.cells_needed(&snapshot);
        if needed > cells_max {
            return Err(ApplyError::Refused(vec![too_many_caps(files, needed, cells_max)]));
        }
        self.catalogs.save(files).map_err(ApplyError::Store)?;
        self.shared.install(snapshot, now);
        let without_cell = self.shared.current().caps.rows_without_cell();
        if without_cell > 0 {
            let diagnostic = too_many_caps(files, cells_max.saturating_add(without_cell), cells_max);
            warnings.push(Diagnostic { severity: Severity::Warning, ..diagnostic });
        }
        Ok(Applied { version, warnings })
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
        let draining = self.lifecycle.is_draining();
        Readiness { reasons: if draining { vec!["draining"] } else { Vec::new() } }
    }

    fn catalog(&self) -> CatalogSummary {
        CatalogSummary::from(&*self.shared.current().snapshot)
    }

    async fn apply(&self, files: Vec<SourceFile>) -> Result<Applied, ApplyError> {
        let catalog = Arc::clone(&self.catalog);
        let taking = tokio::task::spawn_blocking(move || catalog.take(&files));
        taking.await.unwrap_or_else(|error| Err(ApplyError::Store(std::io::Error::other(error))))
    }

    fn authenticate(&self, bearer: &str) -> Option<Arc<Principal>> {
        self.keys.authenticate(bearer)
    }

    fn reload_keys(&self) -> Result<usize, KeysError> {
        self.keys.reload().map_err(|error| KeysError(error.to_string()))
    }
}
