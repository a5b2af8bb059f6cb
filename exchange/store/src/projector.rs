//! [`Projector`]: turns records into rows.
//!
//! A batch goes through three steps: what its records speak of is loaded, the records are folded into it one
//! after another, and what has changed is written, many rows a statement, in one transaction with the number of
//! the last record. What is folded is the same however records are cut into batches, so a rebuild gives the
//! same tables. It owns one connection and must be the only one that writes.

mod auctions;
mod erase;
mod fold;
mod insert;
mod ledger_rows;
mod load;
mod rows;
mod sales;
mod suppressions;
mod write;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use exchange_protocol::{CatalogNames, Record};
use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, Connection as _, Executor as _};

use crate::ledger::Ledger;
use crate::store::session;
use crate::{OpenError, ProjectError, ProjectorConfig, StoreUrl, migrations};
use auctions::Auctions;
use insert::Texts;
use rows::Rows;

/// A record with its number in the journal.
#[derive(Clone, Debug)]
pub struct Projected {
    /// Counts the records of the journal from one.
    pub sequence: u64,
    /// The record.
    pub record: Record,
    /// The ciphertexts that it owns, one after another; nothing where an archive has dropped them.
    pub sealed: Option<Vec<u8>>,
}

/// What came of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The number of the last record that the tables hold.
    pub cursor: u64,
    /// How many records were new.
    pub projected: u64,
    /// How many of them were violations: each is in the list of [`crate::Violation`], none was charged.
    pub violations: u64,
}

/// Turns records into rows. Call [`Projector::project`] with batch after batch, from the record after
/// [`Projector::cursor`]; earlier ones are passed over.
#[derive(Debug)]
pub struct Projector {
    connection: AnyConnection,
    config: ProjectorConfig,
    state: State,
    texts: Texts,
}

/// What a fold needs besides the records, as it stands after the last batch.
#[derive(Debug)]
struct State {
    cursor: u64,
    catalogs: BTreeMap<u64, Arc<CatalogNames>>,
    ledger: Ledger,
    auctions: Auctions,
    /// Leads that were erased before their record came.
    premature: HashSet<u128>,
    /// Which of the deposits that a batch speaks of are booked already.
    deposits_known: HashSet<u128>,
    /// Rows to be written with this batch.
    rows: Rows,
    /// Whether the tables may be ahead of this: a batch failed, and everything is read again.
    stale: bool,
}

/// Records folded into one transaction of a rebuild: some megabytes.
const REBUILD_BATCH: usize = 2_000;

impl Projector {
    /// Opens a store for writing, and brings it to the version of this release.
    ///
    /// # Errors
    ///
    /// Says why it does not open.
    pub async fn open(url: &StoreUrl, config: ProjectorConfig) -> Result<Self, OpenError> {
        install_default_drivers();
        let mut connection = AnyConnection::connect(url.text()).await.map_err(OpenError::Database)?;
        for statement in session(url.backend()) {
            connection.execute(*statement).await.map_err(OpenError::Database)?;
        }
        migrations::apply(&mut connection, url.backend()).await?;
        let state = load::state(&mut connection).await?;
        Ok(Self { connection, config, state, texts: Texts::new(url.backend()) })
    }

    /// Returns the number of the last record that the tables hold.
    pub fn cursor(&self) -> u64 {
        self.state.cursor
    }

    /// Projects records in one transaction. Records up to the cursor are passed over; the rest follow it
    /// without a gap.
    ///
    /// # Errors
    ///
    /// Says what is wrong; then nothing of the batch was written, and it may be given again.
    pub async fn project(&mut self, batch: Vec<Projected>) -> Result<Progress, ProjectError> {
        if self.state.stale {
            self.state = load::state(&mut self.connection).await?;
        }
        let before = self.state.cursor;
        let new: Vec<Projected> = batch.into_iter().filter(|one| one.sequence > before).collect();
        let Some(last) = new.last().map(|one| one.sequence) else {
            return Ok(Progress { cursor: before, projected: 0, violations: 0 });
        };
        for (expected, one) in (before.saturating_add(1)..).zip(&new) {
            if one.sequence != expected {
                return Err(ProjectError::Gap { expected, found: one.sequence });
            }
        }
        // Until the transaction is through, nobody knows what the tables hold.
        self.state.stale = true;
        let projected = u64::try_from(new.len()).unwrap_or(u64::MAX);
        let violations = self.transact(new, last).await?;
        self.state.stale = false;
        Ok(Progress { cursor: last, projected, violations })
    }

    async fn transact(&mut self, new: Vec<Projected>, last: u64) -> Result<u64, ProjectError> {
        let Self { connection, config, state, texts } = self;
        let before = state.cursor;
        let mut transaction = connection.begin().await?;
        write::claim_cursor(&mut transaction, before, last).await?;
        load::batch(&mut transaction, state, &new).await?;
        for one in new {
            fold::record(state, config, one)?;
        }
        let violations = state.rows.violation_count();
        write::rows(&mut transaction, texts, state).await?;
        transaction.commit().await?;
        state.cursor = last;
        Ok(violations)
    }

    /// Empties every table that the journal speaks of and projects it again from its first record. What was
    /// tried with webhooks is kept.
    ///
    /// # Errors
    ///
    /// Says what is wrong; the tables then hold what was projected so far.
    pub async fn rebuild<I>(&mut self, records: I) -> Result<Progress, ProjectError>
    where
        I: IntoIterator<Item = Projected>,
    {
        self.clear().await?;
        let mut all = Progress { cursor: 0, projected: 0, violations: 0 };
        let mut batch = Vec::with_capacity(REBUILD_BATCH);
        let mut records = records.into_iter();
        loop {
            batch.extend(records.by_ref().take(REBUILD_BATCH));
            if batch.is_empty() {
                return Ok(all);
            }
            let progress = self.project(core::mem::take(&mut batch)).await?;
            all.cursor = progress.cursor;
            all.projected = all.projected.saturating_add(progress.projected);
            all.violations = all.violations.saturating_add(progress.violations);
        }
    }

    /// Empties every table that the journal speaks of; then [`Projector::project`] from the first record.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be written.
    pub async fn clear(&mut self) -> Result<(), ProjectError> {
        self.state.stale = true;
        write::clear(&mut self.connection).await?;
        self.state = load::state(&mut self.connection).await?;
        Ok(())
    }

    /// Closes the connection.
    ///
    /// # Errors
    ///
    /// Says why it did not close well.
    pub async fn close(self) -> Result<(), ProjectError> {
        Ok(self.connection.close().await?)
    }
}
