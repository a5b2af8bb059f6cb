//! Inserts of many rows a statement.
//!
//! A statement costs far more than a row of it: it crosses to the database's thread or server and back. So rows
//! go in a few sizes of statement, few enough that each stays prepared.

use std::collections::HashMap;
use std::sync::Arc;

use exchange_types::Uuid7;
use sqlx::any::AnyArguments;
use sqlx::{Any, AnyConnection, Arguments as _, AssertSqlSafe, Encode, Type};

/// Rows of a statement, largest first. More would cost more: the driver asks `SQLite` for the name of each value,
/// which is looked up from the first one on, so a statement's time grows with the square of its values.
const SIZES: [usize; 3] = [16, 4, 1];

/// Where rows go.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [&'static str],
    /// What follows `ON CONFLICT`; where empty, a row that is there already is an error.
    pub(super) conflict: &'static str,
}

/// A row of a table.
pub(super) trait Row {
    const TABLE: Table;

    /// Gives the values in the order of the table's columns.
    fn bind(self, to: &mut Values);
}

/// The values of a statement.
#[derive(Default)]
pub(super) struct Values(AnyArguments);

/// The texts of statements, by table and size.
#[derive(Debug, Default)]
pub(super) struct Texts(HashMap<(&'static str, usize), Arc<str>>);

impl Values {
    fn add<'a, T: Encode<'a, Any> + Type<Any>>(&mut self, value: T) {
        // Numbers, texts and bytes are written into memory: there is nothing that could fail.
        let added = self.0.add(value);
        debug_assert!(added.is_ok(), "invariant: every value can be bound");
    }

    pub(super) fn number(&mut self, number: i64) {
        self.add(number);
    }

    pub(super) fn optional_number(&mut self, number: Option<i64>) {
        self.add(number);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.add(text);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.add(bytes);
    }

    pub(super) fn optional_bytes(&mut self, bytes: Option<&[u8]>) {
        self.add(bytes);
    }

    pub(super) fn wide(&mut self, number: u128) {
        self.bytes(&number.to_be_bytes());
    }

    pub(super) fn id(&mut self, id: Uuid7) {
        self.wide(id.as_u128());
    }

    pub(super) fn optional_id(&mut self, id: Option<Uuid7>) {
        let bytes = id.map(|id| id.as_u128().to_be_bytes());
        self.optional_bytes(bytes.as_ref().map(<[u8; 16]>::as_slice));
    }
}

impl Texts {
    fn of(&mut self, table: &Table, rows: usize) -> Arc<str> {
        Arc::clone(self.0.entry((table.name, rows)).or_insert_with(|| text(table, rows).into()))
    }
}

fn text(table: &Table, rows: usize) -> String {
    let mut text = format!("INSERT INTO {} ({}) VALUES ", table.name, table.columns.join(", "));
    let mut value = 0_usize;
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..table.columns.len() {
            value = value.saturating_add(1);
            text.push_str(if column == 0 { "$" } else { ", $" });
            text.push_str(&value.to_string());
        }
        text.push(')');
    }
    if !table.conflict.is_empty() {
        text.push_str(" ON CONFLICT ");
        text.push_str(table.conflict);
    }
    text
}

/// Inserts rows.
pub(super) async fn insert<R: Row>(
    connection: &mut AnyConnection,
    texts: &mut Texts,
    rows: impl IntoIterator<Item = R>,
) -> Result<(), sqlx::Error> {
    let rows: Vec<R> = rows.into_iter().collect();
    let mut left = rows.len();
    let mut rows = rows.into_iter();
    for size in SIZES {
        while left >= size {
            let mut values = Values::default();
            values.0.reserve(R::TABLE.columns.len().saturating_mul(size), 0);
            for row in rows.by_ref().take(size) {
                row.bind(&mut values);
            }
            let text = texts.of(&R::TABLE, size);
            sqlx::query_with(AssertSqlSafe(text), values.0).execute(&mut *connection).await?;
            left = left.saturating_sub(size);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_numbers_its_values() {
        let table = Table { name: "pairs", columns: &["a", "b"], conflict: "(a) DO NOTHING" };
        let expected = "INSERT INTO pairs (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT (a) DO NOTHING";
        assert_eq!(text(&table, 2), expected);
    }
}
