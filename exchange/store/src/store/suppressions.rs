//! Suppression lists, by keyed digests.

use exchange_protocol::SuppressionList;
use sqlx::any::AnyRow;

use super::{Buyer, Operator, Scoped, Store};
use crate::page::Key;
use crate::select::Select;
use crate::values::{Columns, wide};
use crate::view::SuppressionView;
use crate::{Listed, Page, QueryError};

impl Scoped<Operator> {
    /// Lists the entries of the exchange's suppression lists, or of one of them.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read, or that the page's cursor is none.
    pub async fn suppressions(
        &self,
        list: Option<SuppressionList>,
        page: &Page,
    ) -> Result<Listed<SuppressionView>, QueryError> {
        self.store.list_suppressions("", list, page).await
    }
}

impl Scoped<Buyer> {
    /// Lists the entries of the buyer's own suppression list.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read, or that the page's cursor is none.
    pub async fn suppressions(&self, page: &Page) -> Result<Listed<SuppressionView>, QueryError> {
        self.store.list_suppressions(&self.reader.name, None, page).await
    }
}

impl Store {
    async fn list_suppressions(
        &self,
        buyer: &str,
        list: Option<SuppressionList>,
        page: &Page,
    ) -> Result<Listed<SuppressionView>, QueryError> {
        let after = page.key_or(Key::FIRST)?;
        let rows = Select::new("SELECT list, digest, by_whom, at FROM suppressions")
            .with("buyer = ", buyer)
            .maybe("list = ", list.map(|list| i64::from(list.code())))
            .with("(list > ", i64::from(after.number))
            .then(" OR (list = ")
            .value_here(i64::from(after.number))
            .with("digest > ", wide(after.id))
            .then("))")
            .first("list, digest", page.limit().saturating_add(1))
            .all(&self.pool)
            .await?;
        let entries = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(Listed::of(entries, page, |entry| Key { id: entry.digest, number: u16::from(entry.list.code()) }))
    }
}

fn read(row: &AnyRow) -> Result<SuppressionView, QueryError> {
    let mut from = Columns::of(row);
    let code = u8::try_from(from.number()?).ok();
    let list = code.and_then(SuppressionList::from_code).ok_or(QueryError::Damaged { column: "list" })?;
    Ok(SuppressionView { list, digest: from.wide("digest")?, by: from.text()?.into(), at: from.time()? })
}
