//! Writing: what a fold has changed, and the place that goes with it.

use sqlx::{AnyConnection, Connection as _, Executor as _};

use super::insert::{Texts, insert};
use super::ledger_rows::AccountValues;
use super::rows::Rows;
use super::{State, erase};
use crate::ProjectError;
use crate::values::signed;

/// What a rebuild empties: all that the journal speaks of.
const PROJECTED: [&str; 19] = [
    "DELETE FROM catalog_versions",
    "DELETE FROM leads",
    "DELETE FROM completions",
    "DELETE FROM claims",
    "DELETE FROM persons",
    "DELETE FROM auctions",
    "DELETE FROM posts",
    "DELETE FROM sale_records",
    "DELETE FROM violations",
    "DELETE FROM accounts",
    "DELETE FROM ledger_entries",
    "DELETE FROM ledger_checkpoints",
    "DELETE FROM balance_changes",
    "DELETE FROM events",
    "DELETE FROM closings",
    "DELETE FROM erasures",
    "DELETE FROM acknowledgements",
    "DELETE FROM suppressions",
    "DELETE FROM projection",
];

/// Moves the cursor. It is the first statement of a batch, so that a second projector waits here and then finds
/// that the tables have moved on.
pub(super) async fn claim_cursor(
    connection: &mut AnyConnection,
    before: u64,
    last: u64,
) -> Result<(), ProjectError> {
    let text = "UPDATE projection SET sequence = $1 WHERE id = 1 AND sequence = $2";
    let update = sqlx::query(text).bind(signed(last)).bind(signed(before));
    if update.execute(&mut *connection).await?.rows_affected() == 1 {
        return Ok(());
    }
    if before != 0 {
        return Err(ProjectError::Raced { expected: before });
    }
    let text = "INSERT INTO projection (id, sequence, day, entries, hash, checkpoints, checkpoint_entries) \
         VALUES (1, $1, 0, 0, $2, 0, 0) ON CONFLICT (id) DO NOTHING";
    let first = sqlx::query(text).bind(signed(last)).bind([0_u8; 32].to_vec());
    match first.execute(&mut *connection).await?.rows_affected() {
        1 => Ok(()),
        _ => Err(ProjectError::Raced { expected: before }),
    }
}

/// Writes everything that a fold has changed.
pub(super) async fn rows(
    connection: &mut AnyConnection,
    texts: &mut Texts,
    state: &mut State,
) -> Result<(), ProjectError> {
    let rows = core::mem::take(&mut state.rows);
    let to_erase = own_rows(connection, texts, rows).await?;
    insert(connection, texts, state.auctions.changed_posts()).await?;
    ledger(connection, texts, state).await?;
    for lead in to_erase {
        erase::lead(connection, lead).await?;
    }
    state.auctions.forget();
    Ok(())
}

async fn own_rows(
    connection: &mut AnyConnection,
    texts: &mut Texts,
    rows: Rows,
) -> Result<impl Iterator<Item = u128> + use<>, ProjectError> {
    insert(connection, texts, rows.catalogs.into_values()).await?;
    insert(connection, texts, rows.leads).await?;
    insert(connection, texts, rows.completions).await?;
    insert(connection, texts, rows.claims.into_values()).await?;
    insert(connection, texts, rows.persons).await?;
    insert(connection, texts, rows.auctions.into_values()).await?;
    insert(connection, texts, rows.sale_records).await?;
    insert(connection, texts, rows.violations).await?;
    insert(connection, texts, rows.balance_changes.into_values()).await?;
    insert(connection, texts, rows.events).await?;
    insert(connection, texts, rows.closings).await?;
    insert(connection, texts, rows.erasures).await?;
    insert(connection, texts, rows.acknowledgements).await?;
    rows.suppressions.write(connection, texts).await?;
    Ok(rows.to_erase.into_iter())
}

async fn ledger(
    connection: &mut AnyConnection,
    texts: &mut Texts,
    state: &mut State,
) -> Result<(), ProjectError> {
    let ledger = &mut state.ledger;
    let accounts = ledger.accounts.changed().map(|(number, row)| AccountValues {
        number,
        name: &row.name,
        currency: row.currency,
        balance: row.balance,
    });
    insert(connection, texts, accounts).await?;
    insert(connection, texts, &ledger.added).await?;
    insert(connection, texts, &ledger.signed).await?;
    ledger.added.clear();
    ledger.signed.clear();
    let text = "UPDATE projection SET day = $1, entries = $2, hash = $3, checkpoints = $4, checkpoint_entries = $5 \
         WHERE id = 1";
    let update = sqlx::query(text)
        .bind(ledger.day)
        .bind(signed(ledger.entries))
        .bind(ledger.hash.to_vec())
        .bind(signed(ledger.checkpoints))
        .bind(signed(ledger.checkpoint_entries));
    update.execute(connection).await?;
    Ok(())
}

/// Empties every table that the journal speaks of.
pub(super) async fn clear(connection: &mut AnyConnection) -> Result<(), ProjectError> {
    let mut transaction = connection.begin().await?;
    for text in PROJECTED {
        transaction.execute(text).await?;
    }
    Ok(transaction.commit().await?)
}
