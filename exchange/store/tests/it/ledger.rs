//! Charges, what follows them, and a verification that finds whatever was touched.

use exchange_protocol::{Outcome, SaleStep};
use exchange_store::ledger::{CheckpointKey, CheckpointSigner, Fault, LedgerReport};
use exchange_store::{Backend, LeadFilter, LeadState, LedgerFilter, Page, ViolationKind};
use exchange_types::Amount;

use crate::database::Database;
use crate::journal::{Journal, MARGIN, PAYOUT, PRICE, RETURNED, id};
use crate::{Opened, config, run};

/// What accounts hold, by their names.
type Balances<'a> = &'a [(&'a str, i128)];

async fn verified(opened: &Opened) -> LedgerReport {
    let key = config().signer.key();
    opened.store.as_operator().verify_ledger(&key).await.expect("the ledger reads")
}

/// Projects a journal and compares the balances that are not zero; their sum is zero, and the ledger verifies.
async fn check_balances(backend: Backend, journal: Journal, expected: &[(&str, i128)]) {
    let opened = Opened::with(Database::new(backend), journal.records).await;
    let balances = opened.store.as_operator().balances().await.expect("they read");
    assert_eq!(balances.iter().map(|balance| balance.micros).sum::<i128>(), 0, "the sum is zero");
    let found: Vec<(&str, i128)> =
        balances.iter().filter(|one| one.micros != 0).map(|one| (&*one.account, one.micros)).collect();
    assert_eq!(found, expected);
    assert_eq!(verified(&opened).await.fault, None);
}

fn micros(amount: Amount) -> i128 {
    i128::from(amount.micros())
}

fn sold_then(steps: &[SaleStep]) -> Journal {
    let mut journal = Journal::new();
    journal.auction(2, Outcome::Accepted);
    for step in steps {
        journal.step(2, *step);
    }
    journal
}

#[test]
fn each_step_of_a_sale_moves_its_money_once() {
    let (price, payout) = (micros(PRICE), micros(PAYOUT));
    let adjusted = SaleStep::Adjusted { price: Amount::from_micros(20), payout: Amount::from_micros(16) };
    let charged: &[(&str, i128)] =
        &[("buyer:north receivable", price), ("exchange margin", -MARGIN), ("seller:acme pending", -payout)];
    let settled: &[(&str, i128)] =
        &[("buyer:north receivable", price), ("exchange margin", -MARGIN), ("seller:acme payable", -payout)];
    let corrected: &[(&str, i128)] =
        &[("buyer:north receivable", 20), ("exchange margin", -4), ("seller:acme payable", -16)];
    let cases: [(&[SaleStep], Balances<'_>); 7] = [
        (&[], charged),
        (&[SaleStep::Settled], settled),
        (&[SaleStep::Settled, SaleStep::Settled], settled),
        (&[RETURNED, RETURNED, SaleStep::Settled], &[]),
        (&[adjusted, SaleStep::Settled], corrected),
        (&[SaleStep::Settled, adjusted, RETURNED], corrected),
        (&[SaleStep::Settled, SaleStep::Reversed, SaleStep::Reversed], &[]),
    ];
    for (steps, expected) in cases {
        run(check_balances(Backend::Sqlite, sold_then(steps), expected));
    }
}

fn prepaid() -> Journal {
    let mut journal = Journal::new();
    journal.deposit(1, "north", 100_000_000);
    journal.deposit(1, "north", 100_000_000);
    journal.auction(2, Outcome::Accepted);
    journal
}

const PREPAID: [(&str, i128); 4] = [
    ("buyer:north prepaid", -70_000_000),
    ("exchange cash", 100_000_000),
    ("exchange margin", -MARGIN),
    ("seller:acme pending", -24_000_000),
];

#[test]
fn a_buyer_that_paid_in_advance_is_charged_there_on_sqlite() {
    run(check_balances(Backend::Sqlite, prepaid(), &PREPAID));
}

#[test]
fn a_buyer_that_paid_in_advance_is_charged_there_on_postgres() {
    run(check_balances(Backend::Postgres, prepaid(), &PREPAID));
}

/// Projects a journal in which something is wrong: it is named, and nothing of it is charged.
async fn check_violation(journal: Journal, expected: ViolationKind, entries: u64) {
    let opened = Opened::with(Database::new(Backend::Sqlite), journal.records).await;
    let listed = opened.store.as_operator().violations(&Page::default()).await.expect("they read");
    let kinds: Vec<ViolationKind> = listed.items.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [expected]);
    let report = verified(&opened).await;
    assert_eq!((report.fault, report.entries), (None, entries), "{expected:?}");
}

#[test]
fn what_no_charge_may_come_of_is_named() {
    let mut journal = Journal::new();
    journal.auction(2, Outcome::Accepted);
    journal.intent_to(2, 1, 0);
    journal.outcome(2, 1, Outcome::Accepted);
    run(check_violation(journal, ViolationKind::SecondCharge, 3));

    let mut journal = Journal::new();
    journal.lead(2);
    journal.outcome(2, 0, Outcome::Accepted);
    run(check_violation(journal, ViolationKind::ChargeWithoutIntent, 0));

    let mut journal = Journal::new();
    journal.lead(2);
    journal.intent(2, 0);
    journal.outcome_with(2, 0, Outcome::Accepted, [0; 16]);
    run(check_violation(journal, ViolationKind::ChargeWithoutEvidence, 0));

    let mut journal = Journal::new();
    journal.auction(2, Outcome::Accepted);
    journal.outcome(2, 0, Outcome::Accepted);
    run(check_violation(journal, ViolationKind::SecondOutcome, 3));

    let mut journal = Journal::new();
    journal.auction(2, Outcome::Unknown);
    journal.resolved(2, Outcome::Accepted, [0; 16]);
    journal.resolved(2, Outcome::Accepted, [5; 16]);
    run(check_violation(journal, ViolationKind::SecondOutcome, 3));

    let mut journal = Journal::new();
    journal.auction(2, Outcome::Accepted);
    journal.intent(2, 0);
    run(check_violation(journal, ViolationKind::SecondIntent, 3));

    run(check_violation(sold_then(&[RETURNED, RETURNED]), ViolationKind::StepRefused, 6));

    let mut journal = Journal::new();
    journal.step(2, RETURNED);
    run(check_violation(journal, ViolationKind::UnknownPost, 0));
}

/// The only lead of a journal is in a state and earns an amount, and a list of that state has it.
async fn check_lead(journal: Journal, state: LeadState, payout: Amount) {
    let opened = Opened::with(Database::new(Backend::Sqlite), journal.records).await;
    let filter = LeadFilter { state: Some(state), ..LeadFilter::default() };
    let listed = opened.store.as_operator().leads(&filter, &Page::default()).await.expect("they read");
    let found: Vec<_> = listed.items.iter().map(|lead| (lead.id, lead.state, lead.payout)).collect();
    assert_eq!(found, [(id(2), state, payout)]);
}

#[test]
fn a_charge_that_was_refused_earns_its_seller_nothing() {
    let mut journal = Journal::new();
    journal.auction(2, Outcome::Accepted);
    journal.intent_to(2, 1, 0);
    journal.outcome(2, 1, Outcome::Accepted);
    run(check_lead(journal, LeadState::Sold, PAYOUT));

    let mut journal = Journal::new();
    journal.lead(2);
    journal.intent(2, 0);
    journal.outcome_with(2, 0, Outcome::Accepted, [0; 16]);
    run(check_lead(journal, LeadState::Sold, Amount::ZERO));
}

#[test]
fn a_live_auction_whose_post_failed_is_listed_as_running() {
    let mut journal = Journal::new();
    journal.lead(2);
    journal.intent(2, 0);
    journal.resolved(2, Outcome::Failed(exchange_types::Reason::PostRejected), [4; 16]);
    run(check_lead(journal, LeadState::Running, Amount::ZERO));
}

/// A partner's entries are its own, also where another's name begins with its name.
async fn check_owner(backend: Backend, before: &[&'static str]) {
    let mut journal = Journal::new();
    let partners = ["north", "north-two", "north!", "nort"];
    for (number, buyer) in (1..).zip(partners) {
        journal.deposit(number, buyer, 1_000_000);
    }
    let opened = Opened::with(Database::new(backend), journal.records).await;
    for statement in before {
        opened.database.execute(statement).await;
    }
    for buyer in partners {
        let owner = Some(format!("buyer:{buyer}").into());
        let filter = LedgerFilter { owner, ..LedgerFilter::default() };
        let listed = opened.store.as_operator().ledger(&filter, &Page::default()).await.expect("it reads");
        let accounts: Vec<_> = listed.items.iter().map(|entry| entry.account.to_string()).collect();
        assert_eq!(accounts, [format!("buyer:{buyer} prepaid")]);
    }
}

#[test]
fn a_partner_has_no_entry_of_one_whose_name_begins_with_its_own_on_sqlite() {
    run(check_owner(Backend::Sqlite, &[]));
}

#[test]
fn a_partner_has_no_entry_of_one_whose_name_begins_with_its_own_on_postgres() {
    // As in a database that orders names by a language, where a hyphen stands between a blank and `!`.
    let by_language = "ALTER TABLE accounts ALTER COLUMN name TYPE TEXT COLLATE \"en-x-icu\"";
    run(check_owner(Backend::Postgres, &[by_language]));
}

/// Verifies again and again while a projector writes: no state between two transactions is ever seen.
async fn check_beside_a_projector(backend: Backend) {
    let mut opened = Opened::new(Database::new(backend)).await;
    let mut journal = Journal::new();
    for lead in 2..42 {
        journal.auction(lead, Outcome::Accepted);
    }
    let whole = journal.records.len();
    let (store, key) = (opened.store.clone(), config().signer.key());
    let writing = async {
        for at in 1..=whole {
            let batch = journal.records.get(..at).expect("a part").to_vec();
            opened.projector.project(batch).await.expect("it is projected");
        }
    };
    let mut writing = core::pin::pin!(writing);
    let (mut verified, mut over) = (0, false);
    while !over {
        let report = {
            let operator = store.as_operator();
            let mut verifying = core::pin::pin!(operator.verify_ledger(&key));
            loop {
                tokio::select! {
                    report = &mut verifying => break report.expect("the ledger reads"),
                    () = &mut writing, if !over => over = true,
                }
            }
        };
        assert_eq!(report.fault, None, "after {verified} verifications");
        verified += 1;
    }
    assert!(verified > 2, "the two ran at once");
}

#[test]
fn a_ledger_is_verified_as_of_one_moment_beside_a_projector_on_sqlite() {
    run(check_beside_a_projector(Backend::Sqlite));
}

#[test]
fn a_ledger_is_verified_as_of_one_moment_beside_a_projector_on_postgres() {
    run(check_beside_a_projector(Backend::Postgres));
}

/// Changes the ledger behind the store's back; verification names the first thing that is wrong.
async fn check_fault(backend: Backend, harm: &[&'static str], expected: Fault) {
    let opened = Opened::with(Database::new(backend), Journal::of_everything().records).await;
    let before = verified(&opened).await;
    assert_eq!(before.fault, None);
    assert!(before.entries > 15 && before.checkpoints > 3, "{before:?}");
    for statement in harm {
        opened.database.execute(statement).await;
    }
    assert_eq!(verified(&opened).await.fault, Some(expected), "{harm:?}");
}

/// Harm and what it is found as. The journal's first entries: 1-2 a deposit, 3-5 the charge of lead 1.
fn harms() -> Vec<(Vec<&'static str>, Fault)> {
    vec![
        (vec!["UPDATE ledger_entries SET amount = amount + 1 WHERE number = 4"], Fault::Chain { entry: 4 }),
        (vec!["UPDATE ledger_entries SET at = at + 1 WHERE number = 7"], Fault::Chain { entry: 7 }),
        (vec!["UPDATE accounts SET name = 'buyer:other receivable' WHERE id = 3"], Fault::Chain { entry: 3 }),
        (vec!["DELETE FROM ledger_entries WHERE number = 5"], Fault::Missing { entry: 5 }),
        (vec!["UPDATE posts SET intent_sequence = 999 WHERE prepaid = 0"], Fault::Intent { entry: 3 }),
        (
            vec![
                "UPDATE posts SET digest = (SELECT other.digest FROM posts AS other WHERE other.state = 2 \
                 AND other.resolved_by IS NOT NULL) WHERE sale = 1",
            ],
            Fault::Evidence { entry: 3 },
        ),
        (
            vec!["UPDATE ledger_checkpoints SET at = at + 1 WHERE number = 1"],
            Fault::Checkpoint { checkpoint: 1, entry: 5 },
        ),
        (
            vec!["UPDATE accounts SET balance = (SELECT balance FROM accounts WHERE id = 1) WHERE id = 5"],
            Fault::Balance { account: "exchange margin".into(), currency: crate::journal::euro() },
        ),
    ]
}

#[test]
fn verification_names_the_first_wrong_entry_on_sqlite() {
    for (harm, expected) in harms() {
        run(check_fault(Backend::Sqlite, &harm, expected));
    }
}

#[test]
fn verification_names_the_first_wrong_entry_on_postgres() {
    for (harm, expected) in harms().into_iter().take(2) {
        run(check_fault(Backend::Postgres, &harm, expected));
    }
}

#[test]
fn a_ledger_cut_at_its_end_is_found_out() {
    run(async {
        let opened = Opened::with(Database::new(Backend::Sqlite), Journal::of_everything().records).await;
        let last = verified(&opened).await.entries;
        opened.database.execute("DELETE FROM ledger_entries WHERE number > 21").await;
        assert!(last > 21);
        assert_eq!(verified(&opened).await.fault, Some(Fault::Missing { entry: 22 }));
    });
}

#[test]
fn another_key_did_not_sign_it() {
    run(async {
        let opened = Opened::with(Database::new(Backend::Sqlite), Journal::of_everything().records).await;
        let other: CheckpointKey = CheckpointSigner::from_seed(&[8; 32]).expect("a seed").key();
        let report = opened.store.as_operator().verify_ledger(&other).await.expect("it reads");
        assert_eq!(report.fault, Some(Fault::Checkpoint { checkpoint: 1, entry: 5 }));
    });
}
