//! [`StoreUrl`] and [`ProjectorConfig`]: which database, and under which keys.

use core::fmt;
use core::str::FromStr;
use std::path::Path;

use exchange_protocol::SaleKeys;

use crate::UrlError;
use crate::ledger::CheckpointSigner;

/// Which database server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file beside the journal.
    Sqlite,
    /// A server.
    Postgres,
}

/// Where the tables are.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl {
    backend: Backend,
    text: Box<str>,
}

impl StoreUrl {
    /// Returns the address of a file, which is made where it is not there yet.
    pub fn file(path: &Path) -> Self {
        Self { backend: Backend::Sqlite, text: format!("sqlite://{}?mode=rwc", path.display()).into() }
    }

    /// Returns which database it is.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl FromStr for StoreUrl {
    type Err = UrlError;

    /// Reads `sqlite://PATH`, or `postgres://USER:PASSWORD@HOST/DATABASE`.
    fn from_str(text: &str) -> Result<Self, UrlError> {
        match text.split_once("://") {
            Some(("sqlite", path)) if !path.is_empty() && !path.contains('?') => {
                Ok(Self::file(Path::new(path)))
            }
            Some(("postgres" | "postgresql", rest)) if !rest.is_empty() => {
                Ok(Self { backend: Backend::Postgres, text: text.into() })
            }
            _ => Err(UrlError),
        }
    }
}

/// Shows which database it is, and no more: an address may hold a password.
impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({:?}, ..)", self.backend)
    }
}

/// Under which keys a projector works. With other ones the same records give other rows.
#[derive(Clone, Debug)]
pub struct ProjectorConfig {
    /// Names posts and sales as partners know them.
    pub keys: SaleKeys,
    /// Signs the ledger's checkpoints.
    pub signer: CheckpointSigner,
    /// After how many entries of the ledger a checkpoint is signed, at the latest; days end with one too.
    pub checkpoint_entries: u64,
}

impl ProjectorConfig {
    /// How often a checkpoint is signed where nothing else is said. A signature takes as long as the rows of
    /// two auctions; at one in a thousand entries it is not seen.
    pub const CHECKPOINT_ENTRIES_DEFAULT: u64 = 1_000;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_their_database_and_hide_their_password() {
        let parsed = |text: &str| text.parse::<StoreUrl>().map(|url| url.backend());
        assert_eq!(parsed("sqlite:///var/lib/exchange/store.db"), Ok(Backend::Sqlite));
        assert_eq!(parsed("postgres://exchange:secret@db/exchange"), Ok(Backend::Postgres));
        for bad in ["", "sqlite://", "mysql://db/exchange", "store.db", "sqlite://a?mode=memory"] {
            assert_eq!(parsed(bad), Err(UrlError), "{bad}");
        }
        let url: StoreUrl = "postgres://exchange:secret@db/exchange".parse().expect("an address");
        assert!(!format!("{url:?}").contains("secret"));
    }
}
