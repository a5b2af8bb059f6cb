//! The store against real databases: `SQLite` files, and a PostgreSQL server that the tests start themselves.

mod api_keys;
mod database;
mod erasing;
mod journal;
mod ledger;
mod projecting;
mod reading;
mod suppressing;

use std::future::Future;

use database::Database;
use exchange_store::{Projected, Projector, ProjectorConfig, Store};

/// Runs an async check to its end.
fn run<F: Future>(check: F) -> F::Output {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(check)
}

/// A store that is written and read.
struct Opened {
    database: Database,
    projector: Projector,
    store: Store,
}

impl Opened {
    async fn new(database: Database) -> Self {
        let projector = Projector::open(database.url(), config()).await.expect("the store opens");
        let store = Store::open(database.url()).await.expect("the store opens for reading");
        Self { database, projector, store }
    }

    async fn with(database: Database, records: Vec<Projected>) -> Self {
        let mut opened = Self::new(database).await;
        opened.projector.project(records).await.expect("the records are projected");
        opened
    }
}

fn config() -> ProjectorConfig {
    use exchange_protocol::SaleKeys;
    use exchange_types::HashKey;
    let signer = exchange_store::ledger::CheckpointSigner::from_seed(&[7; 32]).expect("a seed");
    // Few entries to a checkpoint, so that small journals have some.
    ProjectorConfig { keys: SaleKeys::new(&HashKey::new([4; 16])), signer, checkpoint_entries: 4 }
}
