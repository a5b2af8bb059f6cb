//! An erased lead stays erased: at once, in whatever order its records come, and after a rebuild.

use exchange_protocol::{Acknowledgement, Erasure, Outcome, Record, SealClass};
use exchange_store::{Backend, Page};
use exchange_types::{Reason, UtcMicros};

use crate::database::Database;
use crate::journal::{Journal, id, print, slot};
use crate::{Opened, run};

const LEAD: u128 = 4;

fn erasure(classes: &[SealClass]) -> Record {
    Record::Erased(Erasure {
        request: id(900),
        lead: id(LEAD),
        slots: classes.iter().map(|class| slot(*class, LEAD)).collect(),
        by: "operator:ada".into(),
        at: UtcMicros(crate::journal::START),
    })
}

async fn parts_and_findings(opened: &Opened) -> (Vec<SealClass>, usize) {
    let operator = opened.store.as_operator();
    let parts = operator.sealed(id(LEAD)).await.expect("it reads");
    let found = operator.person(&[print(LEAD)], &Page::default()).await.expect("it reads");
    (parts.iter().map(|part| part.sealed.slot.class).collect(), found.items.len())
}

async fn check_erased(backend: Backend) {
    let mut journal = Journal::new();
    journal.lead(LEAD);
    journal.intent(LEAD, 0);
    journal.outcome(LEAD, 0, Outcome::Accepted);
    journal.intent(LEAD, 1);
    journal.outcome(LEAD, 1, Outcome::Failed(Reason::PostFailed));
    let mut opened = Opened::with(Database::new(backend), journal.records.clone()).await;
    assert_eq!(parts_and_findings(&opened).await, (vec![SealClass::Lead, SealClass::Consent], 1));

    journal.add(erasure(&[SealClass::Lead]));
    opened.projector.project(journal.records.clone()).await.expect("it is projected");
    // The lead is gone and cannot be found; the evidence of consent is kept until its own slot is erased.
    assert_eq!(parts_and_findings(&opened).await, (vec![SealClass::Consent], 0));
    let lead = opened.store.as_operator().lead(id(LEAD)).await.expect("it reads").expect("it is there");
    assert!(lead.erased_at.is_some());

    journal.add(Record::Acknowledged(Acknowledgement {
        lead: id(LEAD),
        buyer: "north".into(),
        at: UtcMicros(77),
    }));
    journal.add(erasure(&[SealClass::Consent]));
    opened.projector.project(journal.records.clone()).await.expect("it is projected");
    assert_eq!(parts_and_findings(&opened).await, (vec![], 0));
    let listed = opened.store.as_operator().erasures(&Page::default()).await.expect("it reads");
    // Of two posts one failed before its first byte: that buyer has nothing to erase.
    for erasure in &listed.items {
        let buyers: Vec<_> = erasure.buyers.iter().map(|one| (&*one.buyer, one.acknowledged)).collect();
        assert_eq!(buyers, [("north", Some(UtcMicros(77)))]);
    }
    assert_eq!(listed.items.len(), 2);
    let own = async |name| {
        opened.store.as_buyer(name).erasures(&Page::default()).await.expect("it reads").items.len()
    };
    assert_eq!((own("north").await, own("south").await), (2, 0));

    opened.projector.rebuild(journal.records).await.expect("it is rebuilt");
    assert_eq!(parts_and_findings(&opened).await, (vec![], 0));
}

#[test]
fn an_erased_lead_is_gone_at_once_and_after_a_rebuild_on_sqlite() {
    run(check_erased(Backend::Sqlite));
}

#[test]
fn an_erased_lead_is_gone_at_once_and_after_a_rebuild_on_postgres() {
    run(check_erased(Backend::Postgres));
}

#[test]
fn an_erasure_before_its_lead_is_obeyed_too() {
    run(async {
        // In the same batch, and with a projector that was opened again in between.
        for split in [0, 2] {
            let mut journal = Journal::new();
            journal.add(erasure(&[SealClass::Lead, SealClass::Consent]));
            journal.lead(LEAD);
            let mut records = journal.records;
            let rest = records.split_off(split);
            let mut opened = Opened::with(Database::new(Backend::Sqlite), records).await;
            opened.projector = exchange_store::Projector::open(opened.database.url(), crate::config())
                .await
                .expect("it opens");
            opened.projector.project(rest).await.expect("it is projected");
            assert_eq!(parts_and_findings(&opened).await, (vec![], 0), "split at {split}");
        }
    });
}
