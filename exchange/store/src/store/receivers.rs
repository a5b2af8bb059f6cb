//! Who is sent messages, and how far each has been told.

use std::collections::BTreeSet;

use exchange_types::UtcMicros;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Connection as _, Row as _};

use super::Store;
use crate::QueryError;
use crate::values::{Columns, signed};
use crate::view::ReceiverView;

/// Stands in the table since it was filled for the first time.
const FILLED: &str = "";

impl Store {
    /// Makes the table hold these receivers and no others.
    ///
    /// One that is new begins with what comes from now on. A table that was never filled is that of a new store, or
    /// of one that was made anew and forgot: everybody begins with the first record there.
    pub(super) async fn keep_receivers(&self, names: &[Box<str>]) -> Result<Vec<ReceiverView>, QueryError> {
        let mut connection = self.pool.acquire().await?;
        let mut transaction = connection.begin().await?;
        // A statement that writes comes first: a reader that turns into a writer cannot wait for another one.
        let text = "INSERT INTO receivers (name, sequence, attempts) VALUES ($1, 0, 0) ON CONFLICT (name) DO NOTHING";
        let first = sqlx::query(text).bind(FILLED).execute(&mut *transaction).await?.rows_affected() == 1;
        let from = if first { 0 } else { cursor(&mut transaction).await? };
        let mut known = listed(&mut transaction).await?;
        let wanted: BTreeSet<&str> = names.iter().map(|name| &**name).chain([FILLED]).collect();
        for gone in known.extract_if(.., |receiver| !wanted.contains(&*receiver.name)) {
            let query = sqlx::query("DELETE FROM receivers WHERE name = $1").bind(gone.name.into_string());
            query.execute(&mut *transaction).await?;
        }
        for name in wanted {
            if known.iter().any(|receiver| &*receiver.name == name) {
                continue;
            }
            let text = "INSERT INTO receivers (name, sequence, attempts) VALUES ($1, $2, 0)";
            let query = sqlx::query(text).bind(name.to_owned()).bind(signed(from));
            query.execute(&mut *transaction).await?;
            known.push(ReceiverView { name: name.into(), sequence: from, attempts: 0, next_at: None });
        }
        transaction.commit().await?;
        known.retain(|receiver| &*receiver.name != FILLED);
        Ok(known)
    }

    /// Notes how far a receiver has been told, and when what comes next is tried again.
    pub(super) async fn mark_receiver(&self, receiver: &ReceiverView) -> Result<(), QueryError> {
        let text = "UPDATE receivers SET sequence = $1, attempts = $2, next_at = $3 WHERE name = $4";
        let query = sqlx::query(text)
            .bind(signed(receiver.sequence))
            .bind(i64::from(receiver.attempts))
            .bind(receiver.next_at.map(|at| at.0))
            .bind(receiver.name.to_string());
        query.execute(&self.pool).await?;
        Ok(())
    }
}

async fn listed(connection: &mut AnyConnection) -> Result<Vec<ReceiverView>, QueryError> {
    let text = "SELECT name, sequence, attempts, next_at FROM receivers ORDER BY name";
    let rows = sqlx::query(text).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<ReceiverView, QueryError> {
    let mut from = Columns::of(row);
    Ok(ReceiverView {
        name: from.text()?.into(),
        sequence: from.unsigned("sequence")?,
        attempts: u32::try_from(from.number()?).unwrap_or(u32::MAX),
        next_at: from.optional_number()?.map(UtcMicros),
    })
}

/// Returns the number of the last record that the tables hold.
async fn cursor(connection: &mut AnyConnection) -> Result<u64, QueryError> {
    let row = sqlx::query("SELECT MAX(sequence) FROM projection").fetch_one(connection).await?;
    let number = row.try_get::<Option<i64>, _>(0)?.unwrap_or(0);
    u64::try_from(number).map_err(|_| QueryError::Damaged { column: "sequence" })
}
