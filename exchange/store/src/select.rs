//! [`Select`]: a query in the making, with its values beside its text.

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{Any, AnyPool, Arguments as _, AssertSqlSafe, Encode, Type};

use crate::QueryError;

/// A query in the making. Conditions are joined by AND; values never stand in the text.
pub(crate) struct Select {
    text: String,
    arguments: AnyArguments,
    count: usize,
    joined: &'static str,
}

impl Select {
    pub(crate) fn new(text: &'static str) -> Self {
        Self { text: text.to_owned(), arguments: AnyArguments::default(), count: 0, joined: " WHERE " }
    }

    /// Adds a condition without a value.
    pub(crate) fn that(mut self, condition: &'static str) -> Self {
        self.text.push_str(self.joined);
        self.text.push_str(condition);
        self.joined = " AND ";
        self
    }

    /// Adds a condition that ends in a value.
    pub(crate) fn with<'a, T: Encode<'a, Any> + Type<Any>>(
        mut self,
        condition: &'static str,
        value: T,
    ) -> Self {
        self = self.that(condition);
        self.value(value);
        self
    }

    /// Adds a condition where there is a value for it.
    pub(crate) fn maybe<'a, T: Encode<'a, Any> + Type<Any>>(
        self,
        condition: &'static str,
        value: Option<T>,
    ) -> Self {
        match value {
            Some(value) => self.with(condition, value),
            None => self,
        }
    }

    /// Adds a condition on two columns: they come after, or before, a pair.
    pub(crate) fn pair(mut self, condition: &'static str, first: Vec<u8>, second: i64) -> Self {
        self = self.that(condition);
        self.text.push('(');
        self.value(first);
        self.text.push_str(", ");
        self.value(second);
        self.text.push(')');
        self
    }

    /// Adds a condition that a column is one of some values.
    pub(crate) fn one_of<'a, T: Encode<'a, Any> + Type<Any>>(
        mut self,
        condition: &'static str,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        self = self.that(condition);
        self.text.push('(');
        let mut between = "";
        for value in values {
            self.text.push_str(between);
            self.value(value);
            between = ", ";
        }
        self.text.push(')');
        self
    }

    /// Adds a value where the text ends.
    pub(crate) fn value_here<'a, T: Encode<'a, Any> + Type<Any>>(mut self, value: T) -> Self {
        self.value(value);
        self.joined = " AND ";
        self
    }

    /// Adds what follows the conditions.
    pub(crate) fn then(mut self, text: &'static str) -> Self {
        self.text.push_str(text);
        self
    }

    /// Adds the order and how many rows.
    pub(crate) fn first(mut self, order: &'static str, limit: i64) -> Self {
        self.text.push_str(" ORDER BY ");
        self.text.push_str(order);
        self.text.push_str(" LIMIT ");
        self.value(limit);
        self
    }

    fn value<'a, T: Encode<'a, Any> + Type<Any>>(&mut self, value: T) {
        // Numbers, texts and bytes are written into memory: there is nothing that could fail.
        let added = self.arguments.add(value);
        debug_assert!(added.is_ok(), "invariant: every value can be bound");
        self.count = self.count.saturating_add(1);
        self.text.push('$');
        self.text.push_str(&self.count.to_string());
    }

    pub(crate) async fn all(self, pool: &AnyPool) -> Result<Vec<AnyRow>, QueryError> {
        let query = sqlx::query_with(AssertSqlSafe(self.text), self.arguments);
        Ok(query.fetch_all(pool).await?)
    }

    pub(crate) async fn one(self, pool: &AnyPool) -> Result<Option<AnyRow>, QueryError> {
        let query = sqlx::query_with(AssertSqlSafe(self.text), self.arguments);
        Ok(query.fetch_optional(pool).await?)
    }

    pub(crate) async fn all_on(
        self,
        connection: &mut sqlx::AnyConnection,
    ) -> Result<Vec<AnyRow>, QueryError> {
        let query = sqlx::query_with(AssertSqlSafe(self.text), self.arguments);
        Ok(query.fetch_all(connection).await?)
    }
}
