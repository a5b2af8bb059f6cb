//! [`verify`]: the whole ledger, recomputed from its rows.

use std::collections::{BTreeMap, HashMap, HashSet};

use exchange_types::Currency;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, Connection as _, Executor as _};

use super::checkpoint::{Checkpoint, CheckpointFacts, CheckpointKey};
use super::{Entry, EntryKind, entry};
use crate::select::Select;
use crate::values::{Columns, signed};
use crate::{Backend, QueryError};

/// Rows read at once: a few hundred kilobytes.
const ROWS: i64 = 1_000;

/// What came of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerReport {
    /// Entries that were found right.
    pub entries: u64,
    /// Checkpoints that were found right.
    pub checkpoints: u64,
    /// The end of the chain that was found right.
    pub hash: [u8; 32],
    /// The first thing that is wrong, if any.
    pub fault: Option<Fault>,
}

/// What is wrong with a ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// An entry is not what its hash says, or not the one after the entry before it.
    #[error("entry {entry} breaks the chain of hashes")]
    Chain {
        /// The first such entry.
        entry: u64,
    },
    /// An entry is missing.
    #[error("entry {entry} is missing")]
    Missing {
        /// The first such entry.
        entry: u64,
    },
    /// The entries of a transaction do not sum to zero.
    #[error("the transaction of entry {entry} does not sum to zero")]
    Unbalanced {
        /// Its first entry.
        entry: u64,
    },
    /// A charge cites no intent, or not that of its post.
    #[error("the charge of entry {entry} does not rest on its intent")]
    Intent {
        /// Its first entry.
        entry: u64,
    },
    /// A charge has no evidence, or not that of its post.
    #[error("the charge of entry {entry} does not rest on its evidence")]
    Evidence {
        /// Its first entry.
        entry: u64,
    },
    /// A lead is charged twice to one buyer.
    #[error("entry {entry} charges a lead to a buyer for the second time")]
    SecondCharge {
        /// Its first entry.
        entry: u64,
    },
    /// A checkpoint does not fit the chain, or is not signed by the key.
    #[error("checkpoint {checkpoint} after entry {entry} does not hold")]
    Checkpoint {
        /// Which checkpoint.
        checkpoint: u64,
        /// The last entry for which it stands.
        entry: u64,
    },
    /// The balance of an account is not the sum of its entries.
    #[error("the balance of `{account}` in {currency} is not the sum of its entries")]
    Balance {
        /// The account's name.
        account: Box<str>,
        /// Its currency.
        currency: Currency,
    },
}

impl Fault {
    /// Returns the entry at which it shows; zero where it shows at none.
    pub const fn entry(&self) -> u64 {
        match self {
            Self::Chain { entry }
            | Self::Missing { entry }
            | Self::Unbalanced { entry }
            | Self::Intent { entry }
            | Self::Evidence { entry }
            | Self::SecondCharge { entry }
            | Self::Checkpoint { entry, .. } => *entry,
            Self::Balance { .. } => 0,
        }
    }

    /// Returns the name in reports.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Chain { .. } => "chain_broken",
            Self::Missing { .. } => "entry_missing",
            Self::Unbalanced { .. } => "sum_not_zero",
            Self::Intent { .. } => "intent_wrong",
            Self::Evidence { .. } => "evidence_wrong",
            Self::SecondCharge { .. } => "second_charge",
            Self::Checkpoint { .. } => "checkpoint_wrong",
            Self::Balance { .. } => "balance_wrong",
        }
    }
}

/// Why a ledger could not be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It cannot be read.
    #[error(transparent)]
    Query(#[from] QueryError),
}

/// What a charge rests on.
struct Grounds {
    intent_sequence: u64,
    digest: [u8; 16],
    resolved: bool,
    buyer: Box<str>,
}

#[derive(Default)]
struct Walk {
    last: u64,
    hash: [u8; 32],
    transaction: u64,
    sum: i128,
    sums: HashMap<(Box<str>, Currency), i128>,
    charged: HashSet<(u128, Box<str>)>,
}

/// Verifies the ledger as it stands at one moment: a projector may go on beside it.
pub(crate) async fn verify(
    pool: &AnyPool,
    backend: Backend,
    key: &CheckpointKey,
) -> Result<LedgerReport, VerifyError> {
    let mut connection = pool.acquire().await.map_err(QueryError::from)?;
    let mut snapshot = connection.begin().await.map_err(QueryError::from)?;
    if backend == Backend::Postgres {
        // SQLite shows a transaction one state from its first read on; PostgreSQL has to be asked for it.
        let isolated = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
        snapshot.execute(isolated).await.map_err(QueryError::from)?;
    }
    let report = walk(&mut snapshot, key).await?;
    snapshot.rollback().await.map_err(QueryError::from)?;
    Ok(report)
}

async fn walk(connection: &mut AnyConnection, key: &CheckpointKey) -> Result<LedgerReport, VerifyError> {
    let mut walk = Walk::default();
    let mut checkpoints = checkpoints(connection).await?;
    let of_all = u64::try_from(checkpoints.len()).unwrap_or(u64::MAX);
    let mut fault = None;
    while fault.is_none() {
        let rows = Select::new(entry::SELECT)
            .with("number > ", signed(walk.last))
            .first("number", ROWS)
            .all_on(connection)
            .await?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { break };
        let grounds =
            grounds(connection, (entry::read(first)?.0.number, entry::read(last)?.0.number)).await?;
        for row in &rows {
            fault = walk.step(row, &grounds)?.or_else(|| walk.check_point(&mut checkpoints, key));
            if fault.is_some() {
                break;
            }
        }
    }
    if fault.is_none() {
        fault = walk.end(connection, &checkpoints).await?;
    }
    let left = u64::try_from(checkpoints.len()).unwrap_or(u64::MAX);
    Ok(LedgerReport { entries: walk.last, checkpoints: of_all.saturating_sub(left), hash: walk.hash, fault })
}

impl Walk {
    /// Takes the next entry; says what is wrong with it, if anything.
    fn step(
        &mut self,
        row: &AnyRow,
        grounds: &HashMap<(u128, u16), Grounds>,
    ) -> Result<Option<Fault>, QueryError> {
        let (entry, hash, account, currency) = entry::read(row)?;
        let number = self.last.saturating_add(1);
        if entry.number != number {
            return Ok(Some(Fault::Missing { entry: number }));
        }
        if entry.chained(&self.hash, account, currency) != hash {
            return Ok(Some(Fault::Chain { entry: number }));
        }
        if entry.transaction != self.transaction {
            if self.sum != 0 {
                return Ok(Some(Fault::Unbalanced { entry: self.transaction }));
            }
            self.transaction = entry.transaction;
            if let Some(fault) = self.ground(&entry, grounds) {
                return Ok(Some(fault));
            }
        }
        self.last = number;
        self.hash = hash;
        let amount = i128::from(entry.amount.micros());
        self.sum = self.sum.saturating_add(amount);
        let sum = self.sums.entry((account.into(), currency)).or_default();
        *sum = sum.saturating_add(amount);
        Ok(None)
    }

    /// Says what a charge lacks, if anything.
    fn ground(&mut self, entry: &Entry, grounds: &HashMap<(u128, u16), Grounds>) -> Option<Fault> {
        if entry.kind != EntryKind::Charge {
            return None;
        }
        let number = entry.number;
        let post = grounds.get(&(entry.auction, entry.candidate.0));
        let Some(post) =
            post.filter(|post| entry.intent_sequence != 0 && post.intent_sequence == entry.intent_sequence)
        else {
            return Some(Fault::Intent { entry: number });
        };
        if post.digest != entry.evidence || (entry.evidence == [0; 16] && !post.resolved) {
            return Some(Fault::Evidence { entry: number });
        }
        let first = self.charged.insert((entry.auction, post.buyer.clone()));
        (!first).then_some(Fault::SecondCharge { entry: number })
    }

    /// Checks the checkpoint that stands after the present entry, where there is one.
    fn check_point(
        &mut self,
        checkpoints: &mut BTreeMap<u64, Checkpoint>,
        key: &CheckpointKey,
    ) -> Option<Fault> {
        let checkpoint = checkpoints.get(&self.last)?;
        let facts = checkpoint.facts;
        if facts.hash != self.hash || !key.checks(checkpoint) {
            return Some(Fault::Checkpoint { checkpoint: facts.number, entry: facts.entries });
        }
        checkpoints.remove(&self.last);
        None
    }

    /// Checks what only the end shows: the last transaction, the end of the chain, and the balances.
    async fn end(
        &mut self,
        connection: &mut AnyConnection,
        checkpoints: &BTreeMap<u64, Checkpoint>,
    ) -> Result<Option<Fault>, QueryError> {
        if self.sum != 0 {
            return Ok(Some(Fault::Unbalanced { entry: self.transaction }));
        }
        let next = self.last.saturating_add(1);
        // A checkpoint beyond the last entry, or more entries noted than there are: the end was cut off.
        let noted = Select::new("SELECT entries FROM projection").all_on(connection).await?;
        let noted = noted.first().map(|row| Columns::of(row).unsigned("entries")).transpose()?.unwrap_or(0);
        if noted != self.last || !checkpoints.is_empty() {
            return Ok(Some(Fault::Missing { entry: next }));
        }
        let rows = Select::new("SELECT name, currency, balance FROM accounts")
            .then(" ORDER BY id")
            .all_on(connection)
            .await?;
        for row in &rows {
            let mut from = Columns::of(row);
            let (account, currency) = (Box::<str>::from(from.text()?), from.currency()?);
            let balance = from.array("balance").map(i128::from_be_bytes)?;
            let sum = self.sums.remove(&(account.clone(), currency)).unwrap_or(0);
            if sum != balance {
                return Ok(Some(Fault::Balance { account, currency }));
            }
        }
        Ok(None)
    }
}

async fn checkpoints(connection: &mut AnyConnection) -> Result<BTreeMap<u64, Checkpoint>, QueryError> {
    let text = "SELECT number, entries, at, hash, public_key, signature FROM ledger_checkpoints";
    let rows = Select::new(text).all_on(connection).await?;
    let read = rows.iter().map(|row| {
        let mut from = Columns::of(row);
        let facts = CheckpointFacts {
            number: from.unsigned("number")?,
            entries: from.unsigned("entries")?,
            at: from.time()?,
            hash: from.array("hash")?,
        };
        let (public_key, signature) = (from.array("public_key")?, from.array("signature")?);
        Ok((facts.entries, Checkpoint { facts, public_key, signature }))
    });
    read.collect()
}

/// Returns what the charges of a stretch of entries rest on.
async fn grounds(
    connection: &mut AnyConnection,
    (first, last): (u64, u64),
) -> Result<HashMap<(u128, u16), Grounds>, QueryError> {
    let text = "SELECT posts.auction, posts.candidate, posts.intent_sequence, posts.digest, posts.resolved_by, \
         posts.buyer FROM posts JOIN ledger_entries ON ledger_entries.auction = posts.auction \
         AND ledger_entries.candidate = posts.candidate";
    let rows = Select::new(text)
        .that("ledger_entries.kind = 0")
        .with("ledger_entries.number >= ", signed(first))
        .with("ledger_entries.number <= ", signed(last))
        .all_on(connection)
        .await?;
    let read = rows.iter().map(|row| {
        let mut from = Columns::of(row);
        let key = (from.wide("auction")?, from.candidate()?.0);
        let intent_sequence = from.unsigned("intent_sequence")?;
        let digest = from.array("digest")?;
        let resolved = from.optional_number()?.is_some();
        Ok((key, Grounds { intent_sequence, digest, resolved, buyer: from.text()?.into() }))
    });
    read.collect()
}
