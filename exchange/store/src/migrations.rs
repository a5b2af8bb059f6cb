//! Migrations: numbered texts, applied when a store is opened.
//!
//! A text is written once for both databases; two words of it stand for what they call differently. Each is
//! applied in a transaction of its own together with its number.

use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _, Row as _};

use crate::{Backend, OpenError};

/// The texts; the first brings a store to version 1.
const TEXTS: [&str; 6] = [
    include_str!("../migrations/0001_tables.sql"),
    include_str!("../migrations/0002_api_keys.sql"),
    include_str!("../migrations/0003_receivers.sql"),
    include_str!("../migrations/0004_closings.sql"),
    include_str!("../migrations/0005_suppressions.sql"),
    include_str!("../migrations/0006_answered_posts.sql"),
];

/// Brings a store to the version of this release.
pub(crate) async fn apply(connection: &mut AnyConnection, backend: Backend) -> Result<(), OpenError> {
    let create = "CREATE TABLE IF NOT EXISTS migrations (version BIGINT NOT NULL PRIMARY KEY)";
    connection.execute(create).await.map_err(OpenError::Database)?;
    let found = version(connection).await.map_err(OpenError::Database)?;
    let known = i64::try_from(TEXTS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    for (version, text) in (1_i64..).zip(TEXTS).filter(|(version, _)| *version > found) {
        step(connection, &spoken(text, backend), version)
            .await
            .map_err(|source| OpenError::Migration { version, source })?;
    }
    Ok(())
}

/// Returns the version of a store; none is version zero.
async fn version(connection: &mut AnyConnection) -> Result<i64, sqlx::Error> {
    let row = connection.fetch_one("SELECT MAX(version) FROM migrations").await?;
    Ok(row.try_get::<Option<i64>, _>(0)?.unwrap_or(0))
}

async fn step(connection: &mut AnyConnection, text: &str, version: i64) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    for statement in statements(text) {
        transaction.execute(AssertSqlSafe(statement)).await?;
    }
    let insert = sqlx::query("INSERT INTO migrations (version) VALUES ($1)").bind(version);
    insert.execute(&mut *transaction).await?;
    transaction.commit().await
}

/// Returns the statements of a text one by one, since a server prepares one at a time.
fn statements(text: &str) -> impl Iterator<Item = String> {
    let lines = text.lines().filter(|line| !line.starts_with("--"));
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    let parts: Vec<String> = text.split(';').map(|part| part.trim().to_owned()).collect();
    parts.into_iter().filter(|part| !part.is_empty())
}

/// Returns a text in the words of a database.
fn spoken(text: &str, backend: Backend) -> String {
    let (bytes, keyed) = match backend {
        Backend::Sqlite => (" BLOB", ") WITHOUT ROWID;"),
        Backend::Postgres => (" BYTEA", ");"),
    };
    text.replace(" BYTES", bytes).replace(") KEYED;", keyed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_spoken_in_the_words_of_each_database() {
        for (backend, foreign) in [(Backend::Sqlite, "BYTEA"), (Backend::Postgres, "BLOB")] {
            for text in TEXTS {
                let text: String = statements(&spoken(text, backend)).collect();
                for word in ["BYTES", "KEYED", "--", foreign] {
                    assert!(!text.contains(word), "{word} for {backend:?}");
                }
            }
        }
        assert_eq!(statements("-- No.\nCREATE a;\n\nCREATE b;\n").count(), 2);
    }
}
