//! Suppression lists: who stands on them, for whom, in pages.

use exchange_protocol::SuppressionList;
use exchange_store::{Backend, Page, SuppressionView};

use crate::database::Database;
use crate::journal::Journal;
use crate::{Opened, run};

/// Reads every page of two entries and returns (list, digest) of each.
async fn all(
    opened: &Opened,
    buyer: Option<&str>,
    list: Option<SuppressionList>,
) -> Vec<(&'static str, u128)> {
    let mut found = Vec::new();
    let mut page = Page { limit: 2, after: None };
    loop {
        let read = match buyer {
            Some(buyer) => opened.store.as_buyer(buyer).suppressions(&page).await,
            None => opened.store.as_operator().suppressions(list, &page).await,
        };
        let read = read.expect("it reads");
        found.extend(read.items.iter().map(|entry| (entry.list.name(), entry.digest)));
        let Some(next) = read.next else { return found };
        page.after = Some(next);
    }
}

async fn check(backend: Backend) {
    use SuppressionList::{DoNotCall, Own, Revoked};
    let mut journal = Journal::new();
    journal.suppress("", DoNotCall, true, &[5, 6, 7]);
    journal.suppress("", Revoked, true, &[u128::MAX, 6]);
    journal.suppress("north", Own, true, &[6, 8]);
    let mut opened = Opened::with(Database::new(backend), journal.records.clone()).await;
    // Off and on again, in one batch and in two; and on twice, which changes nothing.
    journal.suppress("", DoNotCall, false, &[5, 7]);
    journal.suppress("", DoNotCall, true, &[7, 6]);
    journal.suppress("north", Own, false, &[8]);
    opened.projector.project(journal.records.clone()).await.expect("it is projected");
    let of_exchange = [("revoked", 6), ("revoked", u128::MAX), ("do_not_call", 6), ("do_not_call", 7)];
    for _ in 0..2 {
        assert_eq!(all(&opened, None, None).await, of_exchange);
        assert_eq!(all(&opened, None, Some(DoNotCall)).await, of_exchange[2..]);
        assert_eq!(all(&opened, Some("north"), None).await, [("own", 6)]);
        assert_eq!(all(&opened, Some("south"), None).await, []);
        let first = opened.store.as_operator().suppressions(Some(DoNotCall), &Page::default()).await;
        let items = first.expect("it reads").items;
        let who = |entry: &SuppressionView| entry.by.clone();
        // The first who put somebody there, and after a removal the first since.
        let writers: Vec<_> = items.iter().map(who).collect();
        assert_eq!(writers, ["operator:1".into(), "operator:5".into()] as [Box<str>; 2]);
        opened.projector.rebuild(journal.records.clone()).await.expect("it is rebuilt");
    }
}

#[test]
fn entries_are_listed_by_whose_they_are_on_sqlite() {
    run(check(Backend::Sqlite));
}

#[test]
fn entries_are_listed_by_whose_they_are_on_postgres() {
    run(check(Backend::Postgres));
}
