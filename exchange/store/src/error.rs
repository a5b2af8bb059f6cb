//! What can go wrong, one type an operation.

use exchange_protocol::DecodeError;

use crate::BadCursor;

/// An address names no database that the store speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no address of a store: give `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/DATABASE`")]
pub struct UrlError;

/// Why a store does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database cannot be reached, or refuses.
    #[error("cannot open the store")]
    Database(#[source] sqlx::Error),
    /// A table cannot be made.
    #[error("cannot bring the store to version {version}")]
    Migration {
        /// To which version.
        version: i64,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// A later release has been here.
    #[error("the store has version {found}, this release knows {known}: run the later release, or rebuild")]
    Newer {
        /// What stands in the database.
        found: i64,
        /// The latest that this release knows.
        known: i64,
    },
    /// What is in the store cannot be read.
    #[error(transparent)]
    Query(#[from] QueryError),
}

/// Why records could not be projected. Nothing of their batch was written.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The database failed.
    #[error("cannot write to the store")]
    Database(#[from] sqlx::Error),
    /// Something else has written to the store since it was opened.
    #[error("another projector has moved the store from record {expected}: only one may run")]
    Raced {
        /// Up to where this one had projected.
        expected: u64,
    },
    /// Numbers do not follow one another.
    #[error("record {found} stands where {expected} should: the journal has a gap")]
    Gap {
        /// What should come.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// A record speaks of a catalog that was never written down.
    #[error("record {sequence} speaks of catalog {version}, which the journal does not hold")]
    UnknownCatalog {
        /// Which record.
        sequence: u64,
        /// Which catalog.
        version: u64,
    },
    /// A record speaks of an index that its catalog does not have.
    #[error("record {sequence} speaks of a {what} that its catalog does not have")]
    UnknownName {
        /// Which record.
        sequence: u64,
        /// Of what kind.
        what: &'static str,
    },
    /// What is in the store cannot be read.
    #[error(transparent)]
    Query(#[from] QueryError),
}

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The database failed.
    #[error("cannot read from the store")]
    Database(#[from] sqlx::Error),
    /// A row holds what no release writes.
    #[error("column `{column}` holds what no release writes: rebuild the store")]
    Damaged {
        /// Where it stands.
        column: &'static str,
    },
    /// A text is no cursor of the list.
    #[error(transparent)]
    Cursor(#[from] BadCursor),
    /// A record in a row cannot be read.
    #[error("a record in the store cannot be read: rebuild the store")]
    Record(#[from] DecodeError),
}
