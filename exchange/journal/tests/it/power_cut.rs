//! A power cut at any moment loses any subset of unsynced pages, and nothing that was acknowledged.

use proptest::prelude::*;

use crate::disk::{Disk, Failing};
use crate::records::{ReadBatch, commit, opened, read_all, record, records};

/// What happens to a journal.
#[derive(Clone, Debug)]
enum Event {
    Commit(Vec<usize>),
    Roll,
    Close,
    /// The n-th change of a commit fails and the power goes; what was unsynced is kept as the bits say.
    PowerCut(u64, Vec<bool>),
    /// The n-th change of a commit fails, the process ends and starts again with the power on.
    Fails(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let lengths = || prop::collection::vec(prop_oneof![0_usize..200, 1_000_usize..2_200], 1..3);
    prop_oneof![
        6 => lengths().prop_map(Event::Commit),
        1 => Just(Event::Roll),
        1 => Just(Event::Close),
        3 => (0_u64..8, prop::collection::vec(any::<bool>(), 12)).prop_map(|(n, keep)| Event::PowerCut(n, keep)),
        2 => (0_u64..8).prop_map(Event::Fails),
    ]
}

/// Returns whether these are the records 1 to `read.len()`, whole and in order.
fn assert_in_order(batches: &[ReadBatch], lengths: &[usize]) {
    for ((number, length), (sequence, bytes)) in (1_u64..).zip(lengths).zip(records(batches)) {
        assert_eq!(sequence, number);
        assert_eq!(bytes, record(number, *length).0, "record {number}");
    }
}

fn check(events: Vec<Event>) {
    let mut disk = Disk::new();
    let (mut journal, _) = opened(&disk);
    // The lengths of all records that are in the log, and of those that may be: one batch at the most.
    let mut acknowledged: Vec<usize> = Vec::new();
    let mut perhaps: Vec<usize> = Vec::new();
    for event in events {
        let next = match event {
            Event::Commit(lengths) => {
                commit(&mut journal, &lengths).expect("a good disk");
                acknowledged.extend(lengths);
                continue;
            }
            Event::Roll => {
                journal.roll(crate::records::AT).expect("a good disk");
                continue;
            }
            Event::Close => {
                journal.close().expect("a good disk");
                disk.restart()
            }
            Event::Fails(n) => {
                die_in_commit(&disk, &mut journal, n, (&mut acknowledged, &mut perhaps));
                disk.restart()
            }
            Event::PowerCut(n, keep) => {
                die_in_commit(&disk, &mut journal, n, (&mut acknowledged, &mut perhaps));
                let mut keep = keep.into_iter().cycle();
                disk.power_cut(|| keep.next().unwrap_or(true))
            }
        };
        disk = next;
        let found;
        (journal, found) = opened(&disk);
        let all: Vec<usize> = acknowledged.iter().chain(&perhaps).copied().collect();
        let read = read_all(&disk);
        let count = records(&read).len();
        assert_eq!(found.last_sequence, count as u64);
        assert!(count == acknowledged.len() || count == all.len(), "{count} of {}", acknowledged.len());
        assert_in_order(&read, &all);
        // What a start has reported it never takes back.
        acknowledged.extend(perhaps.drain(..).take(count - acknowledged.len()));
    }
}

/// Commits two records while the n-th call fails.
fn die_in_commit(
    disk: &Disk,
    journal: &mut exchange_journal::Journal<Disk>,
    n: u64,
    (acknowledged, perhaps): (&mut Vec<usize>, &mut Vec<usize>),
) {
    let how = [Failing::Device, Failing::Full, Failing::Short][usize::try_from(n % 3).expect("small")];
    disk.fail_at(n, how);
    let done = commit(journal, &[40, 3_000]);
    // Where the call was not reached, or a full disk was helped by the ballast, the batch is in the log.
    let list = if done.is_ok() { acknowledged } else { perhaps };
    list.extend([40, 3_000]);
    assert!(done.is_ok() || disk.has_failed());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_was_acknowledged_survives_any_power_cut(events in prop::collection::vec(event(), 1..25)) {
        check(events);
    }
}

#[test]
fn what_a_failed_sync_has_dropped_is_written_anew_at_the_start() {
    let disk = Disk::new();
    let (mut journal, _) = opened(&disk);
    commit(&mut journal, &[10]).expect("a good disk");
    // The write of the second batch succeeds, its sync does not.
    disk.fail_at(1, Failing::Device);
    commit(&mut journal, &[20]).expect_err("the sync fails");
    drop(journal);
    // The cache still shows it, and the next start counts it in.
    let disk = disk.restart();
    let (mut journal, found) = opened(&disk);
    assert_eq!((found.last_sequence, found.clean), (2, false));
    commit(&mut journal, &[30]).expect("a good disk");
    let disk = disk.power_cut(|| false);
    assert_eq!(opened(&disk).1.last_sequence, 3);
    assert_in_order(&read_all(&disk), &[10, 20, 30]);
}

#[test]
fn a_torn_batch_is_cut_and_leaves_no_trace() {
    let disk = Disk::new();
    let (mut journal, _) = opened(&disk);
    commit(&mut journal, &[10]).expect("a good disk");
    // The second of two pages is all that reaches the disk of the second batch.
    disk.fail_at(1, Failing::Device);
    commit(&mut journal, &[4_000]).expect_err("the sync fails");
    let bytes = disk.read("00000000000000000001.log");
    let torn = disk.power_cut(|| false);
    let mut kept = torn.read("00000000000000000001.log");
    kept[4_096..].copy_from_slice(&bytes[4_096..]);
    torn.put("00000000000000000001.log", kept);
    let (mut journal, found) = opened(&torn);
    let cut = found.cut.expect("a torn end");
    assert_eq!((found.last_sequence, cut.offset), (1, 96 + 96 + 24 + 3));
    commit(&mut journal, &[7]).expect("a good disk");
    drop(journal);
    assert_eq!(opened(&torn).1.cut, None);
    assert_in_order(&read_all(&torn), &[10, 7]);
}
