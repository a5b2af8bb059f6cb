//! Bearer keys, as their file has them.

use std::collections::HashMap;

use exchange_types::UtcMicros;
use sqlx::any::AnyRow;

use super::Store;
use crate::page::Key;
use crate::select::Select;
use crate::values::{Columns, signed};
use crate::view::ApiKeyView;
use crate::{Listed, Page, QueryError};

const SELECT: &str = "SELECT place, digest, prefix, role, party, live, created_at, revoked_at FROM api_keys";

const UPSERT: &str = "INSERT INTO api_keys (place, digest, prefix, role, party, live, created_at, revoked_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (place) DO UPDATE SET digest = excluded.digest, \
     prefix = excluded.prefix, role = excluded.role, party = excluded.party, live = excluded.live, \
     created_at = excluded.created_at, revoked_at = excluded.revoked_at";

impl Store {
    /// Makes the table equal to a list. Keys are only added and revoked, so that few rows are written.
    pub(super) async fn keep_api_keys(&self, keys: &[ApiKeyView]) -> Result<(), QueryError> {
        let mut transaction = self.pool.begin().await?;
        // A write comes first: it waits for whoever writes, where one after a read would be refused.
        let count = u64::try_from(keys.len()).unwrap_or(u64::MAX);
        let beyond = sqlx::query("DELETE FROM api_keys WHERE place > $1").bind(signed(count));
        beyond.execute(&mut *transaction).await?;
        let mut known = HashMap::new();
        for row in &sqlx::query(SELECT).fetch_all(&mut *transaction).await? {
            let (place, key) = read(row)?;
            known.insert(place, key);
        }
        for (place, key) in (1_u64..).zip(keys).filter(|(place, key)| known.get(place) != Some(*key)) {
            let upsert = sqlx::query(UPSERT)
                .bind(signed(place))
                .bind(key.digest.to_vec())
                .bind(&*key.prefix)
                .bind(&*key.role)
                .bind(&*key.party)
                .bind(i64::from(key.live))
                .bind(key.created_at.0)
                .bind(key.revoked_at.map(|at| at.0));
            upsert.execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    pub(super) async fn list_api_keys(&self, page: &Page) -> Result<Listed<ApiKeyView>, QueryError> {
        let after = page.key_or(Key::LAST)?;
        let rows = Select::new(SELECT)
            .with("place < ", i64::try_from(after.id).unwrap_or(i64::MAX))
            .first("place DESC", page.limit().saturating_add(1))
            .all(&self.pool)
            .await?;
        let found = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let listed = Listed::of(found, page, |(place, _)| Key { id: u128::from(*place), number: 0 });
        let items = listed.items.into_iter().map(|(_, key)| key).collect();
        Ok(Listed { items, next: listed.next })
    }
}

fn read(row: &AnyRow) -> Result<(u64, ApiKeyView), QueryError> {
    let mut from = Columns::of(row);
    let place = from.unsigned("place")?;
    let digest = from.array("digest")?;
    let (prefix, role, party) = (from.text()?.into(), from.text()?.into(), from.text()?.into());
    let (live, created_at) = (from.flag()?, from.time()?);
    let revoked_at: Option<UtcMicros> = from.optional_time()?;
    Ok((place, ApiKeyView { digest, prefix, role, party, live, created_at, revoked_at }))
}
