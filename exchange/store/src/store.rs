//! [`Store`]: reads, each through the eyes of somebody.

mod api_keys;
mod buyer;
mod claims;
mod closings;
mod erasures;
mod events;
mod exchange;
mod leads;
mod operator;
mod persons;
mod posts;
mod receivers;
mod seller;
mod suppressions;

pub(crate) use claims::present_status;
pub(crate) use leads::catalog_names;
pub(crate) use posts::{resolved_by, sale_state, state};

use std::sync::Arc;

use exchange_types::{PostId, SaleId};
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::{AnyPool, Executor as _};

use crate::{Backend, OpenError, StoreUrl, migrations};

/// Connections that read at once. Each read is short; a burst of more waits, and a server is shared.
const CONNECTIONS_MAX: u32 = 4;

/// The tables, to be read through a [`Scoped`]. Clones share connections, which belong to the runtime that
/// opened them.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    backend: Backend,
}

/// A seller.
#[derive(Clone, Debug)]
pub struct Seller {
    name: Arc<str>,
}

/// A buyer.
#[derive(Clone, Debug)]
pub struct Buyer {
    name: Arc<str>,
}

/// An operator, who sees everything.
#[derive(Clone, Copy, Debug)]
pub struct Operator;

/// The exchange itself: admission, settlement, delivery of webhooks.
#[derive(Clone, Copy, Debug)]
pub struct Exchange;

/// A store through the eyes of somebody.
#[derive(Clone, Debug)]
pub struct Scoped<Reader> {
    store: Store,
    reader: Reader,
}

/// A sale by one of the ids that a partner knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaleRef {
    /// The sale's.
    Sale(SaleId),
    /// The post's.
    Post(PostId),
}

impl Store {
    /// Opens a store for reading, and brings it to the version of this release.
    ///
    /// # Errors
    ///
    /// Says why it does not open.
    pub async fn open(url: &StoreUrl) -> Result<Self, OpenError> {
        install_default_drivers();
        let backend = url.backend();
        let options =
            AnyPoolOptions::new().max_connections(CONNECTIONS_MAX).after_connect(move |connection, _| {
                Box::pin(async move {
                    for statement in session(backend) {
                        connection.execute(*statement).await?;
                    }
                    Ok(())
                })
            });
        let pool = options.connect(url.text()).await.map_err(OpenError::Database)?;
        let mut connection = pool.acquire().await.map_err(OpenError::Database)?;
        migrations::apply(&mut connection, backend).await?;
        drop(connection);
        Ok(Self { pool, backend })
    }

    /// Returns what a seller may read.
    pub fn as_seller(&self, name: &str) -> Scoped<Seller> {
        Scoped { store: self.clone(), reader: Seller { name: name.into() } }
    }

    /// Returns what a buyer may read.
    pub fn as_buyer(&self, name: &str) -> Scoped<Buyer> {
        Scoped { store: self.clone(), reader: Buyer { name: name.into() } }
    }

    /// Returns what an operator may read.
    pub fn as_operator(&self) -> Scoped<Operator> {
        Scoped { store: self.clone(), reader: Operator }
    }

    /// Returns what the exchange itself reads and marks.
    pub fn as_exchange(&self) -> Scoped<Exchange> {
        Scoped { store: self.clone(), reader: Exchange }
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Returns what a new connection is told first.
pub(crate) fn session(backend: Backend) -> &'static [&'static str] {
    match backend {
        // The journal is what must not be lost: after a power cut the tables are ahead of it at worst by
        // nothing and behind it by what is projected again, so no sync for each transaction.
        Backend::Sqlite => &[
            "PRAGMA busy_timeout = 10000",
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = NORMAL",
            "PRAGMA cache_size = -65536",
            // Pages of keys without an order are written again by nearly every transaction. Copying them into
            // the file once for several transactions, at 64 MiB of the log, saves a fifth of the projector's time.
            "PRAGMA wal_autocheckpoint = 16384",
        ],
        Backend::Postgres => &["SET synchronous_commit = off"],
    }
}
