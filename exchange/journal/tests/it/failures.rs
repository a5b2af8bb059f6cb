//! The n-th call to the disk fails, for every n and every kind of failure.

use exchange_journal::{Journal, JournalError, OpenError, Storage};

use crate::disk::{Disk, Failing};
use crate::records::{commit, open, opened, read_all, record, records};

const KINDS: [Failing; 3] = [Failing::Device, Failing::Full, Failing::Short];
/// Sizes with which a few batches fill two segments.
const BATCHES: [&[usize]; 8] =
    [&[10], &[2_000, 1_000], &[30], &[2_000], &[5], &[2_000, 900], &[60], &[70, 80]];

/// Commits until the disk fails and returns how many records were acknowledged.
fn run<S: Storage>(journal: &mut Journal<S>) -> usize {
    let mut acknowledged = 0;
    for lengths in BATCHES {
        match commit(journal, lengths) {
            Ok(_) => acknowledged += lengths.len(),
            Err(error) => {
                assert!(matches!(error, JournalError::Failed(_)), "{error}");
                break;
            }
        }
    }
    acknowledged
}

fn lengths() -> Vec<usize> {
    BATCHES.concat()
}

fn check(n: u64, how: Failing, power_stays: bool) -> bool {
    let disk = Disk::new();
    disk.fail_at(n, how);
    let mut acknowledged = 0;
    match open(&disk) {
        Ok((mut journal, _)) => {
            acknowledged = run(&mut journal);
            if acknowledged < lengths().len() {
                let failure = journal.failure().cloned().expect("a journal that has failed says so");
                // Nothing touches the disk any more, least of all a second sync.
                let before = disk.changes();
                assert_eq!(commit(&mut journal, &[1]), Err(JournalError::Failed(failure.clone())));
                assert_eq!(journal.roll(crate::records::AT), Err(JournalError::Failed(failure.clone())));
                assert_eq!(journal.close(), Err(JournalError::Failed(failure)));
                assert_eq!(disk.changes(), before);
            }
        }
        Err(error) => assert!(matches!(error, OpenError::Io { .. }), "{error}"),
    }
    let reached = disk.has_failed();
    let left = if power_stays { disk.restart() } else { disk.power_cut(|| false) };
    let (_, found) = opened(&left);
    let read = records(&read_all(&left));
    assert_eq!(found.last_sequence, read.len() as u64);
    assert!(read.len() >= acknowledged, "{n} {how:?}: {} of {acknowledged}", read.len());
    for ((number, length), (sequence, bytes)) in (1_u64..).zip(lengths()).zip(read) {
        assert_eq!((sequence, bytes), (number, record(number, length).0));
    }
    reached
}

#[test]
fn whichever_call_fails_nothing_acknowledged_is_lost() {
    for how in KINDS {
        for power_stays in [true, false] {
            let calls = (0..1_000).take_while(|n| check(*n, how, power_stays)).count();
            assert!(30 < calls && calls < 1_000, "{calls} calls failed");
        }
    }
}

#[test]
fn a_start_can_fail_at_every_call_and_be_made_again() {
    for how in KINDS {
        for n in 0.. {
            let disk = Disk::new();
            let (mut journal, _) = opened(&disk);
            let acknowledged = run(&mut journal);
            drop(journal);
            let disk = disk.restart();
            disk.fail_at(n, how);
            let outcome = open(&disk);
            let reached = disk.has_failed();
            drop(outcome);
            let disk = disk.power_cut(|| false);
            assert_eq!(opened(&disk).1.last_sequence, acknowledged as u64, "{n} {how:?}");
            assert_eq!(records(&read_all(&disk)).len(), acknowledged);
            if !reached {
                assert!(n > 4, "{n} calls");
                break;
            }
        }
    }
}

#[test]
fn a_batch_that_is_refused_leaves_no_trace() {
    use exchange_journal::Part;
    let disk = Disk::new();
    let (mut journal, _) = opened(&disk);
    let before = disk.changes();
    let (bytes, sealed) = record(1, 10);
    let part = |count, bytes| Part { count, bytes, sealed: &sealed };
    let large = record(1, 6_000).0;
    for (parts, expected) in [
        (vec![], JournalError::Empty),
        (vec![part(1, &bytes), part(2, &bytes)], JournalError::Malformed { part: 1, count: 2 }),
        (vec![part(1, &bytes[..9])], JournalError::Malformed { part: 0, count: 1 }),
        (vec![part(1, &large)], JournalError::TooLarge { bytes: 6_017, max: 6_000 }),
    ] {
        assert_eq!(journal.commit(&parts, crate::records::AT), Err(expected));
    }
    assert_eq!(disk.changes(), before);
    assert_eq!(commit(&mut journal, &[10]).expect("a good disk").first, 1);
}
