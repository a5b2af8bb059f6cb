//! The catalog: verticals, sellers, buyers and campaigns, from TOML to a compiled snapshot.
//!
//! [`compile`] reads the files of a catalog, finds every mistake at once with file, line and column, and
//! returns a [`Snapshot`] in which names have become indices. The crate does no I/O: texts, the time, and
//! whatever a secret's reference leads to come in as arguments. `configs/catalog.reference.toml` in the
//! repository documents every key.

mod compile;
mod diagnostic;
mod disposable_domains;
mod document;
mod duration;
mod field_value;
mod filter;
pub mod limits;
mod places;
mod quality;
mod schedule;
mod secret;
pub mod snapshot;
mod source_file;
mod source_set;
mod standing_price;
mod suggestion;
mod url;

pub use compile::{CompileOptions, compile};
pub use diagnostic::{Diagnostic, Severity};
pub use disposable_domains::{DisposableDomains, DisposableDomainsError};
pub use field_value::{KeepText, ValueError};
pub use filter::{Filter, FilterMiss};
pub use places::{Places, PlacesError};
pub use quality::QualityCheck;
pub use schedule::Schedule;
pub use secret::{SecretError, SigningSecret};
pub use snapshot::Snapshot;
pub use source_file::SourceFile;
pub use source_set::SourceSet;
pub use standing_price::StandingPrice;
