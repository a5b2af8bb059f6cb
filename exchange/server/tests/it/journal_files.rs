//! The log of a stopped exchange: checked, read, and mended where it is damaged.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::catalog::{Campaign, CatalogText};
use crate::exchange::{Exchange, stderr, stdout};
use crate::lead::{lead, phone};
use crate::market::Market;
use crate::process::eventually;
use crate::seller::{Answer, Request};

const NORTH: &str = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"30.00\" }\n";

/// Opens a market, sells leads one after another, and stops the exchange.
fn stopped(leads: u64) -> (Market, Vec<Answer>) {
    let catalog =
        CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"").with("north", Campaign::default());
    let more = "[journal]\nsegment_bytes = \"1 MiB\"\nballast_bytes = \"1 MiB\"\n";
    let mut market = Market::open_with(NORTH, &catalog, more);
    let seller = market.exchange.seller("acme");
    let answers: Vec<Answer> = (1..=leads).map(|serial| seller.lead(&lead(serial))).collect();
    assert!(answers.iter().all(|answer| answer.outcome() == "sold"));
    market.exchange.stop();
    (market, answers)
}

/// Returns the segments of a journal, oldest first.
fn segments(data: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(data.join("journal")).expect("a journal");
    let files = entries.map(|entry| entry.expect("an entry").path());
    let mut segments: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|end| end == "log")).collect();
    segments.sort();
    segments
}

/// Turns a byte of a file over.
fn damage(file: &Path, at: usize) {
    let mut bytes = fs::read(file).expect("a segment");
    let byte = bytes.get_mut(at).expect("the byte is there");
    *byte ^= 0x55;
    fs::write(file, bytes).expect("the segment can be written");
}

#[test]
fn every_record_is_dumped_and_exported_and_nothing_personal_is() {
    let (market, answers) = stopped(3);
    let data = market.exchange.data_dir();
    let verified = Exchange::journal(data, &["verify"]);
    assert!(verified.status.success(), "{}", stderr(&verified));
    assert!(stdout(&verified).contains("closed in good order"), "{}", stdout(&verified));
    let exported = stdout(&Exchange::journal(data, &["export"]));
    let lines: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let sequences: Vec<u64> = lines.iter().map(|line| line["sequence"].as_u64().expect("a number")).collect();
    assert_eq!(
        sequences,
        (1..=u64::try_from(lines.len()).expect("few")).collect::<Vec<_>>(),
        "one after another"
    );
    for answer in &answers {
        let id = answer.member("lead_id");
        let of_lead = lines.iter().filter(|line| line["lead_id"] == *id);
        let kinds: Vec<&str> = of_lead.map(|line| line["kind"].as_str().expect("a kind")).collect();
        assert_eq!(kinds, ["lead", "intent", "outcome", "closed"], "{exported}");
    }
    let dumped = stdout(&Exchange::journal(data, &["dump"]));
    assert_eq!(dumped.lines().count(), lines.len());
    let part = stdout(&Exchange::journal(data, &["dump", "--from", "2", "--to", "3"]));
    assert_eq!(part.lines().collect::<Vec<_>>(), dumped.lines().skip(1).take(2).collect::<Vec<_>>());
    let rest = stdout(&Exchange::journal(data, &["export", "--from", "4"]));
    assert_eq!(rest.lines().collect::<Vec<_>>(), exported.lines().skip(3).collect::<Vec<_>>());
    for personal in [phone(1), "lead-1@example.org".to_owned(), "Ada".to_owned()] {
        assert!(!exported.contains(&personal) && !dumped.contains(&personal), "{personal}");
    }
}

#[test]
fn a_damaged_batch_before_a_good_one_stops_the_start_until_it_is_repaired() {
    let (mut market, answers) = stopped(6);
    let data = market.exchange.data_dir().to_owned();
    let segment = segments(&data).first().expect("a segment").clone();
    // Somewhere in the first half of what is written: good batches follow.
    let written =
        fs::read(&segment).expect("a segment").iter().rposition(|byte| *byte != 0).expect("records");
    damage(&segment, written / 2);
    let verified = Exchange::journal(&data, &["verify"]);
    assert_eq!(verified.status.code(), Some(1), "{}", stdout(&verified));
    assert!(stderr(&verified).contains("damaged after record"), "{}", stderr(&verified));
    let refused = market.exchange.serve_beside();
    assert!(!refused.status.success(), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("repair"), "the remedy is named: {}", stderr(&refused));
    let looked = Exchange::journal(&data, &["repair"]);
    assert_eq!(looked.status.code(), Some(1));
    assert!(stdout(&looked).contains("would drop"), "{}", stdout(&looked));
    assert_eq!(Exchange::journal(&data, &["verify"]).status.code(), Some(1), "nothing was changed");
    let dropped = Exchange::journal(&data, &["repair", "--drop"]);
    assert!(dropped.status.success(), "{}", stderr(&dropped));
    assert!(stdout(&dropped).contains("kept aside"), "{}", stdout(&dropped));
    assert!(Exchange::journal(&data, &["verify"]).status.success());
    // The store knows more than the journal now: it is made anew before the start.
    let refused = market.exchange.serve_beside();
    assert!(!refused.status.success(), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("exchange store rebuild"), "the remedy is named: {}", stderr(&refused));
    let rebuilt = market.exchange.inspect(&["store", "rebuild"]);
    assert!(rebuilt.status.success(), "{}", stderr(&rebuilt));
    market.exchange.start_again();
    let seller = market.exchange.seller("acme");
    let read = |answer: &Answer| {
        seller.call(&Request::new("GET", &format!("/v1/leads/{}", answer.member("lead_id"))))
    };
    let first = answers.first().expect("a lead");
    assert_eq!(read(first).outcome(), "sold", "what lies before the damage is there");
    assert_eq!(read(answers.last().expect("a lead")).status, 404, "what lies behind it is gone");
    assert_eq!(seller.lead(&lead(100)).outcome(), "sold");
}

#[test]
fn a_torn_end_is_cut_off_at_the_start() {
    let (mut market, answers) = stopped(2);
    let data = market.exchange.data_dir().to_owned();
    market.exchange.start_again();
    let third = market.exchange.seller("acme").lead(&lead(3));
    assert_eq!(third.outcome(), "sold");
    // One more, whose last records are torn.
    let seller = market.exchange.seller("acme");
    seller.connect().begin(&Request::post("/v1/leads", &lead(4)));
    eventually("the next lead is posted", || market.buyers.log_so_far().posts().count() == 4);
    market.exchange.kill();
    let segment = segments(&data).pop().expect("a segment");
    let written =
        fs::read(&segment).expect("a segment").iter().rposition(|byte| *byte != 0).expect("records");
    damage(&segment, written - 1);
    let verified = Exchange::journal(&data, &["verify"]);
    assert!(verified.status.success(), "{}", stderr(&verified));
    assert!(stdout(&verified).contains("torn end"), "{}", stdout(&verified));
    market.exchange.start_again();
    let seller = market.exchange.seller("acme");
    for answer in answers.iter().chain([&third]) {
        let read = seller.call(&Request::new("GET", &format!("/v1/leads/{}", answer.member("lead_id"))));
        assert_eq!(read.outcome(), "sold", "what was answered sold lies before the end: {}", read.text());
    }
    assert_eq!(seller.lead(&lead(5)).outcome(), "sold");
    market.exchange.stop();
    assert!(Exchange::journal(&data, &["verify"]).status.success());
}
