//! Readers beside the writer.

use exchange_journal::{ReadError, Reader, Released, retire, verify};

use crate::disk::Disk;
use crate::records::{AT, commit, opened, read_all, records};

#[test]
fn a_reader_follows_the_writer_over_segments_and_never_beyond_what_is_durable() {
    let disk = Disk::new();
    let (mut journal, _) = opened(&disk);
    let mut reader = Reader::new(disk.clone(), 0).expect("an empty journal");
    assert!(reader.next(0).expect("nothing yet").is_none());
    let mut read = Vec::new();
    for round in 0..60 {
        let committed = commit(&mut journal, &[round * 40, 10]).expect("a good disk");
        // One batch behind: the newest is there and not yet to be seen.
        let up_to = committed.first - 1;
        while let Some(frame) = reader.next(up_to).expect("a good journal") {
            assert!(frame.last() <= up_to);
            read.extend(frame.records().map(|(sequence, bytes)| (sequence, bytes.to_vec())));
        }
        assert_eq!(reader.next_sequence(), committed.first);
    }
    assert_eq!(read, records(&read_all(&disk))[..118]);
    assert!(verify(&disk).expect("a disk that reads").segments.len() > 5);
}

#[test]
fn a_reader_begins_with_the_batch_of_any_record() {
    let disk = Disk::new();
    let (mut journal, _) = opened(&disk);
    for round in 0..20 {
        commit(&mut journal, &[round * 60, 10, 20]).expect("a good disk");
    }
    for from in 0..=60 {
        let mut reader = Reader::new(disk.clone(), from).expect("it is there");
        let first = reader.next(u64::MAX).expect("a good journal").expect("a batch").first;
        assert_eq!(first, (from.max(1) - 1) / 3 * 3 + 1, "from {from}");
    }
    let mut reader = Reader::new(disk, 61).expect("it will be there");
    assert!(reader.next(u64::MAX).expect("a good journal").is_none());
}

#[test]
fn what_was_retired_is_gone_by_name() {
    let disk = Disk::new();
    let (mut journal, _) = opened(&disk);
    commit(&mut journal, &[1, 2]).expect("a good disk");
    journal.roll(AT).expect("a good disk");
    commit(&mut journal, &[3]).expect("a good disk");
    retire(&disk, Released { projected: 2, checkpointed: 2, archived: u64::MAX }).expect("a good disk");
    assert!(matches!(Reader::new(disk.clone(), 2), Err(ReadError::Gone { wanted: 2, first: 3 })));
    assert!(Reader::new(disk, 3).is_ok());
}

#[test]
fn a_durable_batch_that_is_not_there_is_an_error() {
    let disk = Disk::new();
    let (mut journal, _) = opened(&disk);
    commit(&mut journal, &[1]).expect("a good disk");
    let mut reader = Reader::new(disk, 0).expect("a journal");
    assert!(reader.next(2).expect("the first batch").is_some());
    let error = reader.next(2).expect_err("the second");
    assert!(error.to_string().contains("batches are missing"), "{error}");
}

#[test]
fn segments_before_a_checkpoint_are_taken_at_their_word() {
    let disk = Disk::new();
    let (mut journal, _) = opened(&disk);
    for _ in 0..3 {
        commit(&mut journal, &[100]).expect("a good disk");
        journal.roll(AT).expect("a good disk");
    }
    drop(journal);
    let mut bytes = disk.read("00000000000000000001.log");
    bytes[200] ^= 1;
    disk.put("00000000000000000001.log", bytes);
    let start = |verify_from| {
        let opening = exchange_journal::Opening { verify_from, ..crate::records::opening() };
        exchange_journal::Journal::open(disk.restart(), crate::records::SMALL, &opening)
    };
    assert!(start(1).is_err());
    assert_eq!(start(2).expect("the damage lies before").1.last_sequence, 3);
}
