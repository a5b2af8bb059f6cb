//! Suppression lists: what a batch adds to them and takes off.

use std::collections::BTreeMap;

use exchange_protocol::Suppression;
use sqlx::AnyConnection;

use super::insert::{Row, Table, Texts, Values, insert};
use crate::values::wide;

/// What a batch changes, by buyer, list and digest.
#[derive(Debug, Default)]
pub(super) struct Suppressions(BTreeMap<(Box<str>, u8, u128), Change>);

/// What a batch does to an entry.
#[derive(Debug, Default)]
struct Change {
    /// Whether it was taken off.
    removed: bool,
    /// Who put it there after that, and when.
    added: Option<(Box<str>, i64)>,
}

struct Entry {
    key: (Box<str>, u8, u128),
    added: (Box<str>, i64),
}

impl Row for Entry {
    const TABLE: Table = Table {
        name: "suppressions",
        columns: &["buyer", "list", "digest", "by_whom", "at"],
        conflict: "(buyer, list, digest) DO NOTHING",
    };

    fn bind(self, to: &mut Values) {
        let ((buyer, list, digest), (by, at)) = (self.key, self.added);
        to.text(&buyer);
        to.number(i64::from(list));
        to.wide(digest);
        to.text(&by);
        to.number(at);
    }
}

impl Suppressions {
    /// Takes a change. Who stands on a list already stays there as it was.
    pub(super) fn take(&mut self, change: &Suppression) {
        for digest in &change.digests {
            let entry = self.0.entry((change.buyer.clone(), change.list.code(), *digest)).or_default();
            if change.on {
                entry.added.get_or_insert_with(|| (change.by.clone(), change.at.0));
            } else {
                *entry = Change { removed: true, added: None };
            }
        }
    }

    pub(super) async fn write(
        self,
        connection: &mut AnyConnection,
        texts: &mut Texts,
    ) -> Result<(), sqlx::Error> {
        let delete = "DELETE FROM suppressions WHERE buyer = $1 AND list = $2 AND digest = $3";
        for ((buyer, list, digest), _) in self.0.iter().filter(|(_, change)| change.removed) {
            let delete = sqlx::query(delete).bind(&**buyer).bind(i64::from(*list)).bind(wide(*digest));
            delete.execute(&mut *connection).await?;
        }
        let added = self.0.into_iter().filter_map(|(key, change)| Some(Entry { key, added: change.added? }));
        insert(connection, texts, added).await
    }
}
