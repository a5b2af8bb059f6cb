//! Inserts of many rows a statement.
//!
//! A statement costs far more than a row of it: it crosses to the database's thread or server and back. So rows
//! go in a few sizes of statement, few enough that each stays prepared.

use std::collections::HashMap;
use std::sync::Arc;

use exchange_types::Uuid7;
use sqlx::any::AnyArguments;
use sqlx::{Any, AnyConnection, Arguments as _, AssertSqlSafe, Encode, Type};

use crate::Backend;

/// Rows of a statement, largest first. Of 28 values each, a row of the widest table, the largest takes 3,584: both
/// databases take 32,766.
const SIZES: [usize; 4] = [128, 16, 4, 1];

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

/// The texts of statements, by table and size, for one of the databases.
#[derive(Debug)]
pub(super) struct Texts {
    backend: Backend,
    by_size: HashMap<(&'static str, usize), Arc<str>>,
}

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
    pub(super) fn new(backend: Backend) -> Self {
        Self { backend, by_size: HashMap::new() }
    }

    fn of(&mut self, table: &Table, rows: usize) -> Arc<str> {
        let backend = self.backend;
        let made = self.by_size.entry((table.name, rows));
        Arc::clone(made.or_insert_with(|| text(table, rows, backend).into()))
    }
}

/// Values are numbered for PostgreSQL and have no names for `SQLite`: the driver asks it for the name of each
/// value, and where there are any, they are looked up from the first one on.
fn text(table: &Table, rows: usize, backend: Backend) -> String {
    let mut text = format!("INSERT INTO {} ({}) VALUES ", table.name, table.columns.join(", "));
    let mut value = 0_usize;
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..table.columns.len() {
            value = value.saturating_add(1);
            text.push_str(if column == 0 { "" } else { ", " });
            if backend == Backend::Sqlite {
                text.push('?');
            } else {
                text.push('$');
                text.push_str(&value.to_string());
            }
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
        for (backend, values) in
            [(Backend::Postgres, "($1, $2), ($3, $4)"), (Backend::Sqlite, "(?, ?), (?, ?)")]
        {
            let expected = format!("INSERT INTO pairs (a, b) VALUES {values} ON CONFLICT (a) DO NOTHING");
            assert_eq!(text(&table, 2, backend), expected);
        }
    }
}
