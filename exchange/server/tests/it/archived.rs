//! Old segments of the journal: held by checkpoints, archived, removed, and read again for a rebuild.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::catalog::{Campaign, CatalogText};
use crate::exchange::{Exchange, stderr, stdout};
use crate::lead::{lead, phone};
use crate::market::{Market, sell};
use crate::process::eventually;
use crate::seller::{Answer, Request};

const NORTH: &str = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"40.00\" }\n";
/// Leads of which a segment is full more than once.
const LEADS: u64 = 300;

/// A lead with as much text as there may be.
fn long_lead(serial: u64) -> Value {
    let mut long = lead(serial);
    long["consent"] = json!({"text": "I agree. ".repeat(900)});
    long
}

fn open(archive: &Path, more: &str) -> Market {
    let catalog =
        CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"").with("north", Campaign::default());
    let journal = format!(
        "[journal]\nsegment_bytes = \"1 MiB\"\nballast_bytes = \"1 MiB\"\ncheckpoint_records = 100\narchive_dir = \"{}\"\n{more}",
        archive.display()
    );
    Market::open_with(NORTH, &catalog, &journal)
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == ending)).collect();
    files.sort();
    files
}

/// Returns the first record that a journal still has.
fn first_record(journal: &Path) -> u64 {
    let segments = files(journal, "log");
    let first = segments.first().and_then(|path| path.file_stem()).and_then(|stem| stem.to_str());
    first.expect("a segment").parse().expect("a segment is named by its first record")
}

fn fill(market: &Market, serials: core::ops::Range<u64>) -> Vec<(u64, Answer)> {
    let answers = sell(&market.exchange.seller("acme"), 4, serials, long_lead);
    for (serial, answer) in &answers {
        assert_eq!(answer.outcome(), "sold", "{serial}: {}", answer.text());
    }
    eventually("the store has followed", || market.exchange.journal_is_even());
    answers
}

fn balances(market: &Market) -> Value {
    market.exchange.operator().call(&Request::new("GET", "/v1/balances")).json()
}

#[test]
fn what_two_checkpoints_hold_is_archived_and_removed_and_a_rebuild_reads_it_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let archive = folder.path().join("archive");
    let mut market = open(&archive, "keep = \"0s\"\n");
    let journal = market.exchange.data_dir().join("journal");
    let checkpoints = market.exchange.data_dir().join("checkpoints");
    let first = fill(&market, 1..LEADS);
    // Each look makes a checkpoint where enough was written since the last one; segments go when two hold them.
    eventually("a checkpoint is made", || !files(&checkpoints, "checkpoint").is_empty());
    let mut serial = LEADS;
    eventually("a segment is archived and removed", || {
        fill(&market, serial..serial + 20);
        serial += 20;
        !files(&archive, "log").is_empty() && first_record(&journal) > 1
    });
    let before = balances(&market);
    market.exchange.kill();
    market.exchange.start_again();
    assert_eq!(balances(&market), before, "a start needs none of them");
    let (_, oldest) = first.first().expect("a lead");
    let read = |market: &Market| {
        let path = format!("/v1/leads/{}", oldest.member("lead_id"));
        market.exchange.seller("acme").call(&Request::new("GET", &path)).outcome()
    };
    assert_eq!(read(&market), "sold");
    market.exchange.stop();
    let without = market.exchange.inspect(&["store", "rebuild"]);
    assert!(!without.status.success(), "the journal alone does not begin at its beginning");
    assert!(stderr(&without).contains("archive"), "the remedy is named: {}", stderr(&without));
    let folder = archive.display().to_string();
    check_texts(&market, first_record(&journal), &folder);
    let rebuilt = market.exchange.inspect(&["store", "rebuild", "--archive", &folder]);
    assert!(rebuilt.status.success(), "{}", stderr(&rebuilt));
    assert!(stdout(&rebuilt).starts_with("the store is rebuilt"), "{}", stdout(&rebuilt));
    market.exchange.start_again();
    assert_eq!((balances(&market), read(&market).as_str()), (before, "sold"));
    let exported = market.exchange.ask(&["person", "export"], &phone(1));
    assert!(stdout(&exported).contains("Ada"), "{}{}", stdout(&exported), stderr(&exported));
}

/// Records are written as text from the first that the journal still has, and the earlier ones from the archive.
fn check_texts(market: &Market, begins: u64, archive: &str) {
    let sequence = |line: &str| serde_json::from_str::<Value>(line).expect("JSON")["sequence"].as_u64();
    let text = |given: &[&str]| {
        let output = Exchange::journal(market.exchange.data_dir(), given);
        assert!(output.status.success(), "{given:?}: {}", stderr(&output));
        stdout(&output)
    };
    let exported = text(&["export"]);
    assert_eq!(exported.lines().next().and_then(sequence), Some(begins));
    let archived = text(&["export", "--folder", archive]);
    assert_eq!(archived.lines().next().and_then(sequence), Some(1));
    assert!(archived.lines().last().and_then(sequence) >= Some(begins - 1), "nothing is between the two");
    let dumped = |given: &[&str]| {
        let first =
            text(given).lines().next().and_then(|line| line.split_whitespace().next().map(str::to_owned));
        first.expect("a record")
    };
    assert_eq!(dumped(&["dump"]), begins.to_string());
    assert_eq!(dumped(&["dump", "--folder", archive]), "1");
    let gone = Exchange::journal(market.exchange.data_dir(), &["dump", "--from", "1"]);
    assert!(!gone.status.success(), "what was asked for by its number is not passed over in silence");
    assert!(stderr(&gone).contains("archive"), "{}", stderr(&gone));
}

#[test]
fn a_segment_stays_for_as_long_as_it_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let market = open(&folder.path().join("archive"), "keep = \"1h\"\n");
    let journal = market.exchange.data_dir().join("journal");
    let checkpoints = market.exchange.data_dir().join("checkpoints");
    fill(&market, 1..LEADS);
    let mut serial = LEADS;
    eventually("two checkpoints are made", || {
        fill(&market, serial..serial + 20);
        serial += 20;
        files(&checkpoints, "checkpoint").len() == 2
    });
    // The one after the second was made in a later look, when the first segment could have gone.
    let second = files(&checkpoints, "checkpoint");
    eventually("another one follows", || {
        fill(&market, serial..serial + 20);
        serial += 20;
        files(&checkpoints, "checkpoint") != second
    });
    assert!(files(&journal, "log").len() > 1);
    assert_eq!(first_record(&journal), 1);
    assert!(files(&folder.path().join("archive"), "log").is_empty());
}
