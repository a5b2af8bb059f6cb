//! Repairs say what they drop, drop that, and keep what was there.

use exchange_journal::{Approval, Journal, Repair, repair, verify};

use crate::disk::{Disk, Failing};
use crate::records::{AT, commit, open, opened, read_all, records};

/// Three segments of three batches of two records, closed in good order.
fn journal() -> Disk {
    let disk = Disk::new();
    written(&disk).close().expect("a good disk");
    disk
}

fn written(disk: &Disk) -> Journal<Disk> {
    let (mut journal, _) = opened(disk);
    for round in 0..9 {
        if round % 3 == 0 {
            journal.roll(AT).expect("a good disk");
        }
        commit(&mut journal, &[100, 50]).expect("a good disk");
    }
    journal
}

fn damage(disk: &Disk, name: &str, at: usize) {
    let mut bytes = disk.read(name);
    bytes[at] ^= 0x10;
    disk.put(name, bytes);
}

const SECOND: &str = "00000000000000000007.log";
const THIRD: &str = "00000000000000000013.log";
/// A batch: its header, two records, their ciphertexts.
const BATCH: usize = 96 + 114 + 64 + 33 + 16;

/// File, offset, bytes, records and sequences of what is dropped.
type Part<'a> = (&'a str, u64, u64, u64, Option<(u64, u64)>);

fn summary(repair: &Repair) -> Vec<Part<'_>> {
    let summed = repair.dropped.iter();
    summed.map(|part| (part.file.as_str(), part.offset, part.bytes, part.records, part.sequences)).collect()
}

#[test]
fn a_look_says_what_would_be_dropped_and_touches_nothing() {
    let disk = journal();
    // The second batch of the second segment.
    damage(&disk, SECOND, 96 + BATCH + 150);
    let before = disk.changes();
    let plan = repair(&disk, Approval::Look).expect("a disk that reads");
    assert_eq!(plan.report.last_sequence, 8);
    let batch = BATCH as u64;
    assert_eq!(
        summary(&plan),
        [(SECOND, 96 + batch, 2 * batch, 4, Some((9, 12))), (THIRD, 0, 96 + 3 * batch, 6, Some((13, 18))),]
    );
    assert_eq!((disk.changes(), plan.aside.len()), (before, 0));
    assert!(open(&disk).is_err());
}

#[test]
fn a_repair_keeps_the_damaged_files_aside_and_leaves_a_journal_that_opens() {
    let disk = journal();
    let whole = records(&read_all(&disk));
    damage(&disk, SECOND, 96 + BATCH + 150);
    let damaged = disk.read(SECOND);
    let done = repair(&disk, Approval::Drop { at: AT }).expect("a good disk");
    let aside = ["closed", SECOND, THIRD].map(|name| format!("{name}.dropped-{}", AT.0));
    let mut kept = done.aside.clone();
    kept.sort();
    let mut expected = aside.to_vec();
    expected.sort();
    assert_eq!(kept, expected);
    assert_eq!(disk.read(&aside[1]), damaged);
    let (mut journal, found) = opened(&disk);
    assert_eq!((found.last_sequence, found.cut), (8, None));
    assert_eq!(records(&read_all(&disk)), whole[..8]);
    commit(&mut journal, &[5]).expect("a good disk");
    assert_eq!(verify(&disk).expect("a disk that reads").last_sequence, 9);
}

#[test]
fn a_damaged_header_of_a_segment_costs_the_segment() {
    let disk = journal();
    damage(&disk, SECOND, 20);
    let plan = repair(&disk, Approval::Look).expect("a disk that reads");
    // Its batches can be counted even so.
    assert_eq!(summary(&plan)[0], (SECOND, 0, 96 + 3 * BATCH as u64, 6, Some((7, 12))));
    repair(&disk, Approval::Drop { at: AT }).expect("a good disk");
    assert_eq!(opened(&disk).1.last_sequence, 6);
}

#[test]
fn a_good_journal_needs_no_repair() {
    let disk = journal();
    let before = disk.changes();
    let plan = repair(&disk, Approval::Drop { at: AT }).expect("a good disk");
    assert!(plan.dropped.is_empty() && plan.aside.is_empty());
    assert_eq!(disk.changes(), before);
}

#[test]
fn a_repair_that_broke_off_can_be_made_again() {
    for n in 0.. {
        let disk = journal();
        damage(&disk, SECOND, 96 + BATCH + 150);
        disk.fail_at(n, Failing::Device);
        let first = repair(&disk, Approval::Drop { at: AT });
        assert_eq!(first.is_err(), disk.has_failed());
        let disk = disk.power_cut(|| n % 2 == 0);
        repair(&disk, Approval::Drop { at: AT }).expect("a good disk");
        assert_eq!(opened(&disk).1.last_sequence, 8, "call {n}");
        if first.is_ok() {
            assert!(n > 8, "{n} calls");
            break;
        }
    }
}

#[test]
fn a_start_after_a_repair_that_broke_off_loses_nothing_that_is_not_kept_aside() {
    let mut opens = 0;
    for n in 0.. {
        let disk = Disk::new();
        drop(written(&disk));
        // The last batch of the second segment: damage only for as long as the third one stands behind it.
        damage(&disk, SECOND, 96 + 2 * BATCH + 150);
        let damaged = disk.read(SECOND);
        disk.fail_at(n, Failing::Device);
        let first = repair(&disk, Approval::Drop { at: AT });
        let disk = disk.power_cut(|| n % 2 == 0);
        if open(&disk).is_ok() {
            opens += 1;
            assert_eq!(disk.read(&format!("{SECOND}.dropped-{}", AT.0)), damaged, "call {n}");
        }
        if first.is_ok() {
            assert!(n > 8, "{n} calls");
            break;
        }
    }
    assert!(opens > 1, "some broke off where a start goes on");
}
