//! [`Backend`]: what the control listener asks of the exchange.

mod api_keys;
mod books;
mod journal;
mod lists;
mod metrics;
mod page;
mod persons;
mod replays;
mod sales;
mod stops;
mod suppressions;
mod unknowns;

use core::future::Future;
use std::sync::Arc;

use exchange_catalog::{Diagnostic, Snapshot, SourceFile};
use exchange_protocol::Account;
use exchange_types::AuctionId;

use crate::Principal;

pub use api_keys::ListedKey;
pub use books::{Balance, Books, LedgerEntry, LedgerFault, LedgerReport, MoveError, Moved, Movement};
pub use journal::{JournalState, JournalStatus};
pub use lists::{Lead, LeadStatus, Lists};
pub use metrics::{Metric, MetricKind, MetricValue, Sample};
pub use page::{Filter, ListError, Listed, Page};
pub use persons::{
    Acknowledged, ErasedId, ErasedLead, ErasureId, LeadBuyer, Person, PersonErased, PersonError,
    PersonExport, PersonLead, Persons, ToldBuyer,
};
pub use replays::{ReplayBid, ReplayChanges, ReplayError, Replayed, Replays};
pub use sales::{Bought, ChangeSale, ChangeSaleError, Sale, SaleChanged, Sales, Sold, WantedChange};
pub use stops::{StopError, Stopped, Stops, WantedStop};
pub use suppressions::{ListedPerson, SuppressError, SuppressionEntry, Suppressions, WantedSuppression};
pub use unknowns::{
    NextStep, PostSettled, PostVerdict, PostWord, PostWordError, UnknownPost, Unknowns, WordEffect,
};

/// What the control listener asks of the exchange; by concern in the traits that it stands on.
///
/// Methods that are not `async` answer at once from memory, but for [`Backend::reload_keys`], which reads one
/// file.
pub trait Backend: Unknowns + Sales + Books + Persons + Replays + Lists + Stops + Suppressions {
    /// Finds the account of an auction; nothing where none of this id is known any more.
    ///
    /// # Errors
    ///
    /// Says that the shard which owns the id does not answer.
    ///
    /// # Cancel safety
    ///
    /// It has to be cancel-safe: it is dropped when the operator hangs up or a limit passes.
    fn account(
        &self,
        id: AuctionId,
    ) -> impl Future<Output = Result<Option<Box<Account>>, Unavailable>> + Send;

    /// Returns whether new leads are taken.
    fn readiness(&self) -> Readiness;

    /// Returns how far the journal and its projector are.
    fn journal(&self) -> JournalState;

    /// Returns the numbers of the exchange.
    fn metrics(&self) -> Vec<Metric>;

    /// Returns what the catalog in force holds.
    fn catalog(&self) -> CatalogSummary;

    /// Puts a catalog in force, whole or not at all. It runs to its end even if the operator hangs up.
    ///
    /// # Errors
    ///
    /// Returns every mistake, or says what failed; the catalog in force stays then.
    fn apply(&self, files: Vec<SourceFile>) -> impl Future<Output = Result<Applied, ApplyError>> + Send;

    /// Finds for whom a bearer key speaks.
    fn authenticate(&self, bearer: &str) -> Option<Arc<Principal>>;

    /// Reads the keys again and returns how many are active.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the file; the keys in force stay then.
    fn reload_keys(&self) -> Result<usize, KeysError>;

    /// Lists the bearer keys, the last made first, revoked ones too.
    ///
    /// # Errors
    ///
    /// Says that the cursor is none, or that the store does not answer.
    fn keys(&self, page: Page) -> impl Future<Output = Result<Listed<ListedKey>, ListError>> + Send;

    /// Reads again what may change without a restart, and puts all of it in force, or nothing. It runs to its end
    /// even if the operator hangs up.
    ///
    /// # Errors
    ///
    /// Says what is wrong; what was in force stays then.
    fn reload(&self) -> impl Future<Output = Result<Reloaded, ReloadError>> + Send;
}

/// Whether new leads are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// Why not, in stable words such as `starting` or `draining`; empty where they are.
    pub reasons: Vec<&'static str>,
}

impl Readiness {
    /// The journal is read after a start.
    pub const RECOVERING: &'static str = "recovering";
    /// The process stops.
    pub const DRAINING: &'static str = "draining";
    /// The journal has too little room.
    pub const JOURNAL_FULL: &'static str = "journal_full";
    /// The journal cannot be written any more.
    pub const JOURNAL_FAILED: &'static str = "journal_failed";
    /// The store is too far behind the journal.
    pub const PROJECTOR_BEHIND: &'static str = "projector_behind";
}

/// A catalog was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Its version.
    pub version: u64,
    /// What is allowed in it and probably not meant.
    pub warnings: Vec<Diagnostic>,
}

/// Why a catalog was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// It has mistakes.
    #[error("the catalog has mistakes")]
    Refused(Vec<Diagnostic>),
    /// It could not be stored.
    #[error("the catalog could not be stored")]
    Store(#[source] std::io::Error),
}

/// What a catalog holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct CatalogSummary {
    /// Counts up with every catalog that was taken.
    pub version: u64,
    /// How many verticals.
    pub verticals: usize,
    /// How many sellers.
    pub sellers: usize,
    /// How many buyers.
    pub buyers: usize,
    /// How many campaigns, paused ones too.
    pub campaigns: usize,
}

impl From<&Snapshot> for CatalogSummary {
    fn from(snapshot: &Snapshot) -> Self {
        Self {
            version: snapshot.version,
            verticals: snapshot.verticals.len(),
            sellers: snapshot.sellers.len(),
            buyers: snapshot.buyers.len(),
            campaigns: snapshot.campaigns.len(),
        }
    }
}

/// What was read again is in force.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Reloaded {
    /// The keys of the configuration that changed.
    pub changed: Vec<&'static str>,
    /// How many bearer keys are active.
    pub keys: usize,
    /// The version of the catalog in force; another one where a secret or a private authority changed.
    pub catalog_version: u64,
}

/// What was read again cannot be used; `0` says why, for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReloadError(pub String);

/// The shard that owns an id does not answer: it is overloaded, or stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the shard does not answer")]
pub struct Unavailable;

/// The keys could not be read; `0` says why, for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeysError(pub String);
