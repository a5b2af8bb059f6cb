//! The control listener: health, metrics, auctions, leads, sales, books, persons, the catalog, and keys.
//!
//! It is for operators and, for what is their own, for sellers and buyers; on an address of its own, and never on
//! the way of a lead. What it asks of the exchange goes through [`Backend`], which the server implements.
//! [`router`] holds every path, [`serve`] the sockets.

mod account_body;
mod auctions;
mod backend;
mod books;
mod caller;
mod catalog;
mod erasures;
mod evidence;
mod fields;
mod health;
mod journal;
mod journal_lines;
mod keys;
mod leads;
pub mod limits;
mod listener;
mod listing;
mod metrics;
mod path_id;
mod persons;
mod principal;
mod problem_response;
mod reload;
mod replayed;
mod replays;
mod request_body;
mod router;
mod sales;
mod scope;
mod shown;
mod stops;
mod suppressions;
mod unknowns;
mod waiting;

pub use backend::{
    Acknowledged, Applied, ApplyError, Backend, Balance, Books, Bought, CatalogSummary, ChangeSale,
    ChangeSaleError, ErasedId, ErasedLead, ErasureId, Filter, JournalState, JournalStatus, KeysError, Lead,
    LeadBuyer, LeadStatus, LedgerEntry, LedgerFault, LedgerReport, ListError, Listed, ListedKey,
    ListedPerson, Lists, Metric, MetricKind, MetricValue, MoveError, Moved, Movement, NextStep, Page, Person,
    PersonErased, PersonError, PersonExport, PersonLead, Persons, PostSettled, PostVerdict, PostWord,
    PostWordError, Readiness, ReloadError, Reloaded, ReplayBid, ReplayChanges, ReplayError, Replayed,
    Replays, Sale, SaleChanged, Sales, Sample, Sold, StopError, Stopped, Stops, SuppressError,
    SuppressionEntry, Suppressions, ToldBuyer, Unavailable, UnknownPost, Unknowns, WantedChange, WantedStop,
    WantedSuppression, WordEffect,
};
pub use journal_lines::JournalLines;
pub use listener::serve;
pub use principal::{Principal, Role};
pub use router::{ENDPOINTS, router};
pub use scope::{Parties, Scope};
