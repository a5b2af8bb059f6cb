//! The same records give the same tables, however they are cut, repeated or rebuilt.

use exchange_protocol::Outcome;
use exchange_store::{Backend, OpenError, ProjectError, Projector, Store};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::database::{Database, TABLES};
use crate::journal::Journal;
use crate::{Opened, config, run};

/// Projects the journal at once, then again cut and repeated, then rebuilds it: one dump.
async fn check_same_tables(backend: Backend) {
    let whole = Opened::with(Database::new(backend), Journal::of_everything().records).await;
    let expected = whole.database.dump().await;
    for (table, _) in TABLES {
        assert!(expected.iter().any(|row| row.starts_with(table)), "the journal fills {table}");
    }
    // What the journal does not speak of is compared nowhere, so it is named here.
    let mut tables = whole.database.tables(backend).await;
    tables.retain(|table| TABLES.iter().all(|(compared, _)| compared != table));
    assert_eq!(tables, ["api_keys", "migrations", "receivers"]);

    let mut pieces = Opened::new(Database::new(backend)).await;
    for one in Journal::of_everything().records {
        pieces.projector.project(vec![one]).await.expect("it is projected");
    }
    assert_eq!(pieces.database.dump().await, expected, "one record at a time");

    let mut rebuilt = whole;
    rebuilt.database.execute("UPDATE posts SET price_now = 1").await;
    rebuilt.database.execute("DELETE FROM leads").await;
    let stray = "INSERT INTO erasures (sequence, lead, request, by_whom, at, record) \
         SELECT sequence + 1000, lead, request, by_whom, at, record FROM erasures";
    rebuilt.database.execute(stray).await;
    let progress = rebuilt.projector.rebuild(Journal::of_everything().records).await.expect("it is rebuilt");
    assert_eq!(progress.projected, rebuilt.projector.cursor());
    assert_eq!(rebuilt.database.dump().await, expected, "rebuilt over damage");
}

#[test]
fn pieces_and_a_rebuild_give_the_same_tables_on_sqlite() {
    run(check_same_tables(Backend::Sqlite));
}

#[test]
fn pieces_and_a_rebuild_give_the_same_tables_on_postgres() {
    run(check_same_tables(Backend::Postgres));
}

#[test]
fn overlapping_batches_in_any_cut_change_nothing() {
    let records = Journal::of_everything().records.len();
    let expected = run(async {
        Opened::with(Database::new(Backend::Sqlite), Journal::of_everything().records)
            .await
            .database
            .dump()
            .await
    });
    let cuts = proptest::collection::vec((0..records, 0..12_usize), 1..20);
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let check = |cuts: Vec<(usize, usize)>| {
        let dump = run(async {
            let mut opened = Opened::new(Database::new(Backend::Sqlite)).await;
            let mut done = 0;
            for (from, more) in cuts.into_iter().chain([(0, records)]) {
                // Each batch begins anywhere in what is there already and ends somewhere beyond it.
                let (from, to) = (from.min(done), done.saturating_add(more).min(records));
                let batch = Journal::of_everything().records.drain(from..to).collect();
                opened.projector.project(batch).await.expect("it is projected");
                done = to;
            }
            opened.database.dump().await
        });
        prop_assert_eq!(&dump, &expected);
        Ok(())
    };
    runner.run(&cuts, check).expect("every cut gives the same tables");
}

async fn check_opening(backend: Backend) {
    let database = Database::new(backend);
    let mut opened = Opened::with(database, Journal::of_everything().records).await;
    let cursor = opened.projector.cursor();
    // Opened again, it goes on where it was; a second projector finds out that it is one too many.
    let mut second = Projector::open(opened.database.url(), config()).await.expect("it opens again");
    assert_eq!(second.cursor(), cursor);
    let mut journal = Journal::of_everything();
    journal.auction(8, Outcome::Accepted);
    opened.projector.project(journal.records.clone()).await.expect("the first goes on");
    let raced = second.project(journal.records).await.expect_err("the second may not");
    assert!(matches!(raced, ProjectError::Raced { expected } if expected == cursor), "{raced}");
    // A later release has been here.
    opened.database.execute("INSERT INTO migrations (version) VALUES (99)").await;
    let newer = Store::open(opened.database.url()).await.expect_err("it is refused");
    assert!(matches!(newer, OpenError::Newer { found: 99, known: 6 }), "{newer}");
}

#[test]
fn one_projector_goes_on_and_a_newer_store_is_refused_on_sqlite() {
    run(check_opening(Backend::Sqlite));
}

#[test]
fn one_projector_goes_on_and_a_newer_store_is_refused_on_postgres() {
    run(check_opening(Backend::Postgres));
}

#[test]
fn a_batch_that_fails_leaves_nothing_and_may_come_again() {
    run(async {
        let mut opened = Opened::new(Database::new(Backend::Sqlite)).await;
        let records = Journal::of_everything().records;
        let mut without_catalog = records.split_first().expect("records").1.to_vec();
        for one in &mut without_catalog {
            one.sequence = one.sequence.saturating_sub(1);
        }
        let error = opened.projector.project(without_catalog).await.expect_err("its catalog is missing");
        assert!(matches!(error, ProjectError::UnknownCatalog { sequence: 2, version: 1 }), "{error}");
        let mut gap = records.clone();
        gap.remove(3);
        let error = opened.projector.project(gap).await.expect_err("a record is missing");
        assert!(matches!(error, ProjectError::Gap { expected: 4, found: 5 }), "{error}");
        assert!(opened.database.dump().await.is_empty(), "nothing was written");
        opened.projector.project(records).await.expect("the whole journal goes through");
        let whole = Opened::with(Database::new(Backend::Sqlite), Journal::of_everything().records).await;
        assert_eq!(opened.database.dump().await, whole.database.dump().await);
    });
}
