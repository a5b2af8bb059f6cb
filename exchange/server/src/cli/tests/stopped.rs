//! What is done to an exchange that does not run.

use exchange_catalog::{CompileOptions, SourceFile, compile};
use exchange_journal::{FileStorage, Journal, JournalConfig, JournalId, Opening, Part};
use exchange_protocol::{
    BalanceChange, CandidateIndex, CatalogNames, LeadRecord, Outcome, Record, SaleChange, SaleKind, SaleStep,
    SealClass, Sealed, SlotRef, encode_record,
};
use exchange_types::{
    Amount, BuyerIndex, CampaignIndex, Currency, LeadId, Person, SellerIndex, SmallText, UtcMicros, Uuid7,
    VerticalIndex,
};

use super::*;
use crate::data_dir::DataDir;

const AT: UtcMicros = UtcMicros(1_795_255_200_000_000);

fn lead() -> Uuid7 {
    Uuid7::new(AT, 7)
}

/// A lead that is sold for 31.50, of which its seller earns 25.20, and given back.
fn sale() -> [Record; 4] {
    let slot = SlotRef { class: SealClass::Lead, file: 1, index: 0 };
    let admitted = Record::Lead(LeadRecord {
        id: lead(),
        kind: SaleKind::OneCall,
        seller: SellerIndex(0),
        vertical: VerticalIndex(0),
        test: false,
        catalog_version: 1,
        admitted: AT,
        claim: None,
        prints: [None; 4],
        person: Person::default(),
        seller_ref: None,
        taken_until: AT,
        again_from: AT,
        sealed: Sealed { slot, length: 0, digest: [0; 32] },
        consent: None,
    });
    let (price, payout) = (Amount::from_micros(31_500_000), Amount::from_micros(25_200_000));
    let intent = Record::Intent {
        auction: lead(),
        seller: SellerIndex(0),
        vertical: VerticalIndex(0),
        catalog_version: 1,
        campaign: CampaignIndex(0),
        buyer: BuyerIndex(0),
        candidate: CandidateIndex(0),
        entry: 0,
        bid_id: SmallText::EMPTY,
        price,
        payout,
        reserved: price,
        exclusive: true,
        at: AT,
        give_up_at: AT,
    };
    let outcome = Record::Outcome {
        auction: lead(),
        candidate: CandidateIndex(0),
        outcome: Outcome::Accepted,
        price,
        payout,
        digest: [0xab; 16],
        at: AT,
        settles_at: UtcMicros(AT.0 + 1),
        redirect_url: Box::default(),
    };
    let reversed = SaleChange {
        auction: lead(),
        candidate: CandidateIndex(0),
        step: SaleStep::Reversed,
        at: AT,
        by: "operator:ada".into(),
        digest: [0xcd; 16],
    };
    [admitted, intent, outcome, reversed.into()]
}

/// Writes a journal with a catalog, two movements of a prepaid balance, and a sale.
fn data_dir(folder: &Path) -> String {
    let dir = DataDir::open(folder).expect("opened");
    dir.lock().expect("nobody else has it").secret_key().expect("drawn");
    let secrets = |_: &str| Some(SECRET.to_owned());
    let options =
        CompileOptions { version: 1, now: AT, secrets: &secrets, allow_http: false, source_names: None };
    let file = SourceFile { name: "catalog.toml".to_owned(), text: GOOD.to_owned() };
    let (snapshot, _) = compile(&[file], &options).expect("a good catalog");
    let moved = |id, units: i64| -> Record {
        let change = BalanceChange {
            id,
            buyer: "north".into(),
            currency: Currency::parse("EUR").expect("a currency"),
            amount: Amount::from_micros(units * 1_000_000),
            reference: "invoice 7".into(),
            by: "operator:ada".into(),
            at: AT,
        };
        change.into()
    };
    let books = [CatalogNames::of(&snapshot, AT).into(), moved(1, 500), moved(2, -200)];
    let mut bytes = Vec::new();
    for record in books.iter().chain(&sale()) {
        encode_record(record, &mut bytes);
    }
    let storage = FileStorage::exclusive(&dir.journal()).expect("opened");
    let config = JournalConfig {
        segment_bytes: 8 << 20,
        ballast_bytes: 0,
        free_bytes_min: 0,
        ..JournalConfig::default()
    };
    let opening = Opening { id: JournalId([7; 16]), at: AT, verify_from: 0 };
    let (mut journal, _) = Journal::open(storage, config, &opening).expect("opened");
    journal.commit(&[Part { count: 7, bytes: &bytes, sealed: &[] }], AT).expect("written");
    folder.display().to_string()
}

#[test]
fn the_ledger_is_brought_up_to_the_journal_checked_and_written_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = data_dir(folder.path());
    let ledger = |what: &str| run_line(&["ledger", what, "--data-dir", &dir]);

    let ran = ledger("export");
    assert_eq!((ran.ending, &*ran.error), (Ending::Done, ""));
    let lines: Vec<serde_json::Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let [deposit, withdrawal, charge, reversal] = &*lines else { panic!("{}", ran.out) };
    let expected = serde_json::json!({
        "entry": 1, "sequence": 2, "kind": "deposit", "currency": "EUR", "at_us": AT.0,
        "evidence": "00000000000000000000000000000001",
        "legs": [
            { "account": "exchange cash", "amount_micros": 500_000_000 },
            { "account": "buyer:north prepaid", "amount_micros": -500_000_000 },
        ],
    });
    assert_eq!(*deposit, expected);
    assert_eq!(withdrawal.get("sequence"), Some(&serde_json::json!(3)));

    let said = |line: &serde_json::Value, key: &str| line.get(key).cloned().unwrap_or_default();
    let expected = [
        ("kind", serde_json::json!("charge")),
        ("sequence", serde_json::json!(6)),
        ("intent", serde_json::json!(5)),
        ("lead_id", serde_json::json!(LeadId(lead()).to_string())),
        ("campaign", serde_json::json!("north")),
        ("buyer", serde_json::json!("north")),
        ("seller", serde_json::json!("acme")),
        ("price_micros", serde_json::json!(31_500_000)),
        ("payout_micros", serde_json::json!(25_200_000)),
        ("evidence", serde_json::json!("ab".repeat(16))),
    ];
    for (key, value) in expected {
        assert_eq!(said(charge, key), value, "{key}");
    }
    assert!(said(charge, "post_id").as_str().is_some_and(|id| id.starts_with("post_")), "{charge}");
    assert_eq!(said(reversal, "kind"), "reversed");
    assert_eq!(said(reversal, "post_id"), said(charge, "post_id"));
    assert_eq!(
        (said(reversal, "price_micros"), said(reversal, "payout_micros")),
        ((-31_500_000).into(), (-25_200_000).into())
    );
    for line in &lines {
        let legs = said(line, "legs");
        let amounts =
            legs.as_array().into_iter().flatten().filter_map(|leg| leg.get("amount_micros")?.as_i64());
        assert_eq!(amounts.sum::<i64>(), 0, "{line}");
    }

    let ran = ledger("verify");
    assert!(ran.out.starts_with("good: 10 entries, "), "{}{}", ran.out, ran.error);
    let ran = ledger("balances");
    let lines: Vec<String> =
        ran.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let expected = [
        "buyer:north prepaid -300.00 EUR",
        "exchange cash 300.00 EUR",
        "exchange margin 0.00 EUR",
        "seller:acme pending 0.00 EUR",
    ];
    assert_eq!(lines, expected, "{}", ran.error);
}

#[test]
fn a_rebuilt_store_says_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = data_dir(folder.path());
    let export = || run_line(&["ledger", "export", "--data-dir", &dir]).out;
    let before = export();
    let ran = run_line(&["store", "rebuild", "--data-dir", &dir]);
    assert_eq!((&*ran.error, &*ran.out), ("", "the store is rebuilt: 10 entries in the ledger\n"));
    assert_eq!(export(), before);
}

#[test]
fn a_running_exchange_is_left_alone_and_a_missing_one_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = data_dir(folder.path());
    let guard = DataDir::open(folder.path()).expect("opened").lock().expect("nobody else has it");
    for line in [["ledger", "verify"], ["store", "rebuild"]] {
        let ran = run_line(&[&line[..], &["--data-dir", &dir]].concat());
        assert_eq!(ran.ending, Ending::Refused);
        assert_eq!(ran.error, format!("error: another process serves from {dir}\n"));
    }
    drop(guard);
    let missing = folder.path().join("missing").display().to_string();
    let ran = run_line(&["ledger", "verify", "--data-dir", &missing]);
    assert!(ran.error.starts_with(&format!("error: cannot use {missing}: ")), "{}", ran.error);
}

#[test]
fn the_journal_is_checked_and_written_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = data_dir(folder.path());
    let journal = |what: &str| run_line(&["journal", what, "--data-dir", &dir]);
    let ran = journal("verify");
    assert!(ran.out.contains("good: 7 records"), "{}{}", ran.out, ran.error);
    let kinds: Vec<String> = journal("export")
        .out
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .map(|line| line.get("kind").and_then(|kind| kind.as_str()).unwrap_or("").to_owned())
        .collect();
    let expected = ["catalog", "balance", "balance", "lead", "intent", "outcome", "sale_changed"];
    assert_eq!(kinds, expected);
}
