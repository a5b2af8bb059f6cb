//! Archives, and what may leave the journal.

use exchange_journal::{
    ArchiveError, Ciphertext, OpenError, Reader, Released, Storage as _, archive, retire, verify,
};

use crate::disk::{Disk, Failing};
use crate::records::{AT, commit, open, opened, read_all, records};

/// Segments with the records 1 to 4, 5 to 8 and 9.
fn journal() -> Disk {
    let disk = Disk::new();
    let (mut journal, _) = opened(&disk);
    for lengths in [&[100, 50, 3][..], &[7]] {
        commit(&mut journal, lengths).expect("a good disk");
    }
    journal.roll(AT).expect("a good disk");
    commit(&mut journal, &[30, 40, 50, 60]).expect("a good disk");
    journal.roll(AT).expect("a good disk");
    commit(&mut journal, &[1]).expect("a good disk");
    disk
}

#[test]
fn an_archive_holds_the_full_segments_and_verifies() {
    let journal = journal();
    let to = Disk::new();
    let first = archive(&journal, &to, 7, Ciphertext::Keep).expect("good disks");
    assert_eq!((first.copied, first.up_to), (vec!["00000000000000000001.log".to_owned()], 4));
    let second = archive(&journal, &to, 9, Ciphertext::Keep).expect("good disks");
    assert_eq!((second.copied, second.up_to), (vec!["00000000000000000005.log".to_owned()], 8));
    let report = verify(&to).expect("a disk that reads");
    assert_eq!((report.last_sequence, report.fault), (8, None));
    assert_eq!(read_all(&to), read_all(&journal)[..3]);
    assert_eq!(archive(&journal, &to, 9, Ciphertext::Keep).expect("good disks").copied, Vec::<String>::new());
}

#[test]
fn an_archive_without_ciphertexts_keeps_the_records_and_the_chain() {
    let journal = journal();
    let to = Disk::new();
    archive(&journal, &to, u64::MAX, Ciphertext::Drop).expect("good disks");
    let report = verify(&to).expect("a disk that reads");
    assert_eq!((report.last_sequence, report.fault), (8, None));
    assert!(report.segments.iter().all(|segment| segment.without_sealed));
    let (whole, kept) = (read_all(&journal), read_all(&to));
    assert_eq!(records(&kept), records(&whole)[..8]);
    assert!(kept.iter().all(|batch| batch.sealed.is_none()));
    assert!(whole.iter().any(|batch| batch.sealed.as_ref().is_some_and(|sealed| !sealed.is_empty())));
    // Nothing of any ciphertext is left.
    let sealed = whole[0].sealed.clone().expect("a journal");
    let bytes = to.read("00000000000000000001.log");
    assert!(!bytes.windows(8).any(|window| window == &sealed[..8]));
    assert!(matches!(open(&to), Err(OpenError::Archive { .. })));
}

#[test]
fn every_flipped_byte_of_an_archive_is_found() {
    let to = Disk::new();
    archive(&journal(), &to, u64::MAX, Ciphertext::Drop).expect("good disks");
    for name in to.names() {
        let bytes = to.read(&name);
        for at in 0..bytes.len() {
            let disk = to.restart();
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x40;
            disk.put(&name, damaged);
            assert!(verify(&disk).expect("a disk that reads").fault.is_some(), "{name}, byte {at}");
        }
    }
}

#[test]
fn a_damaged_segment_is_not_archived() {
    let journal = journal();
    let mut bytes = journal.read("00000000000000000005.log");
    bytes[300] ^= 1;
    journal.put("00000000000000000005.log", bytes);
    let to = Disk::new();
    let error = archive(&journal, &to, 9, Ciphertext::Keep).expect_err("damage");
    assert!(matches!(&error, ArchiveError::Flawed { segment, .. } if segment.contains('5')), "{error}");
    assert_eq!(verify(&to).expect("a disk that reads").last_sequence, 4);
}

#[test]
fn another_journals_archive_is_left_alone() {
    let to = Disk::new();
    archive(&journal(), &to, 9, Ciphertext::Keep).expect("good disks");
    let disk = Disk::new();
    let opening =
        exchange_journal::Opening { id: exchange_journal::JournalId([1; 16]), ..crate::records::opening() };
    let (mut other, _) =
        exchange_journal::Journal::open(disk.clone(), crate::records::SMALL, &opening).expect("a new one");
    commit(&mut other, &[1]).expect("a good disk");
    other.roll(AT).expect("a good disk");
    let error = archive(&disk, &to, 9, Ciphertext::Keep).expect_err("another journal's");
    assert!(matches!(error, ArchiveError::Differs { .. }), "{error}");
}

#[test]
fn an_archive_of_a_copy_that_went_another_way_is_left_alone() {
    let to = Disk::new();
    archive(&journal(), &to, 9, Ciphertext::Keep).expect("good disks");
    // As after an older backup was restored: the same journal up to the second batch, the same header.
    let disk = Disk::new();
    let (mut other, _) = opened(&disk);
    for lengths in [&[100, 50, 3][..], &[8]] {
        commit(&mut other, lengths).expect("a good disk");
    }
    other.roll(AT).expect("a good disk");
    let name = "00000000000000000001.log";
    assert_eq!((&disk.read(name)[..96], disk.read(name) == to.read(name)), (&to.read(name)[..96], false));
    let error = archive(&disk, &to, 9, Ciphertext::Keep).expect_err("another way");
    assert!(matches!(&error, ArchiveError::Differs { segment } if segment == name), "{error}");
}

#[test]
fn an_archive_that_broke_off_can_be_made_again() {
    for n in 0.. {
        let (journal, to) = (journal(), Disk::new());
        to.fail_at(n, [Failing::Device, Failing::Short][usize::try_from(n % 2).expect("small")]);
        let first = archive(&journal, &to, 9, Ciphertext::Keep);
        let to = to.power_cut(|| n % 3 == 0);
        assert_eq!(archive(&journal, &to, 9, Ciphertext::Keep).expect("good disks").up_to, 8);
        assert_eq!(records(&read_all(&to)), records(&read_all(&journal))[..8], "call {n}");
        if first.is_ok() {
            assert!(n > 8, "{n} calls");
            break;
        }
    }
}

#[test]
fn a_segment_goes_only_when_nobody_needs_it() {
    for (released, removed) in [
        (Released { projected: 3, checkpointed: 9, archived: 9 }, 0),
        (Released { projected: 9, checkpointed: 3, archived: 9 }, 0),
        (Released { projected: 9, checkpointed: 9, archived: 3 }, 0),
        (Released { projected: 4, checkpointed: 5, archived: 6 }, 1),
        (Released { projected: 9, checkpointed: 9, archived: 7 }, 1),
        (Released { projected: 9, checkpointed: 9, archived: 9 }, 2),
        (Released { projected: 99, checkpointed: 99, archived: u64::MAX }, 2),
    ] {
        let disk = journal();
        let whole = records(&read_all(&disk));
        let gone = retire(&disk, released).expect("a good disk");
        assert_eq!(gone.len(), removed, "{released:?}");
        let (_, found) = opened(&disk);
        assert_eq!((found.first_sequence, found.last_sequence), ([1, 5, 9][removed], 9));
        let mut reader = Reader::new(disk.clone(), found.first_sequence).expect("it is there");
        let mut left = Vec::new();
        while let Some(frame) = reader.next(u64::MAX).expect("a good journal") {
            left.extend(frame.records().map(|(sequence, bytes)| (sequence, bytes.to_vec())));
        }
        assert_eq!(left, whole[[0, 4, 8][removed]..]);
        assert!(disk.list().expect("names").contains(&"00000000000000000009.log".to_owned()));
    }
}
