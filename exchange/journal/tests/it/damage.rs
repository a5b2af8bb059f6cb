//! Damage is refused, or cut where a power cut explains it, and never silently accepted.
//!
//! Harmless is a flip after which every record reads as before: in the preallocated zeros behind the last batch
//! of a segment that another one follows, and in the closing mark, without which the last segment is copied.

use exchange_journal::{
    Flaw, Journal, JournalId, OpenError, Opening, Part, Proof, Reader, Storage as _, verify,
};
use exchange_types::UtcMicros;

use crate::disk::Disk;
use crate::records::{AT, Batch, SMALL, commit, open_tiny, opened, opening, read_all, records};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Refused,
    Cut,
    Harmless,
}

fn journal(closed: bool) -> Disk {
    let disk = Disk::new();
    let (mut journal, _) = open_tiny(&disk).expect("a new journal");
    for lengths in [&[30, 0][..], &[500], &[9]] {
        commit(&mut journal, lengths).expect("a good disk");
    }
    journal.roll(AT).expect("a good disk");
    for lengths in [&[20][..], &[10, 11]] {
        commit(&mut journal, lengths).expect("a good disk");
    }
    if closed {
        journal.close().expect("a good disk");
    }
    disk
}

/// Opens a damaged journal and says what became of it.
fn outcome(disk: &Disk, whole: &[(u64, Vec<u8>)]) -> Found {
    let refused = verify(disk).expect("a disk that reads").is_damaged();
    match open_tiny(disk) {
        Err(error) => {
            assert!(matches!(error, OpenError::Damaged(_)), "{error}");
            assert!(refused);
            Found::Refused
        }
        Ok((_, found)) => {
            assert!(!refused);
            let read = records(&read_all(disk));
            assert_eq!(read, whole[..read.len()], "what is read is what was written");
            assert_eq!(found.last_sequence, read.len() as u64);
            if found.cut.is_some() {
                return Found::Cut;
            }
            assert_eq!(read.len(), whole.len(), "nothing goes missing silently");
            Found::Harmless
        }
    }
}

fn flip_every_byte(closed: bool) -> [usize; 3] {
    let good = journal(closed);
    let whole = records(&read_all(&good));
    let report = verify(&good).expect("a disk that reads");
    let ends: Vec<u64> = report.segments.iter().map(|segment| segment.bytes).collect();
    let mut counted = [0; 3];
    for name in good.names() {
        if name == "ballast" {
            continue;
        }
        let bytes = good.read(&name);
        for at in 0..bytes.len() {
            let disk = good.restart();
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            disk.put(&name, damaged);
            let found = outcome(&disk, &whole);
            let within = |segment: usize| (at as u64) < ends[segment];
            let expected = match name.as_str() {
                "00000000000000000001.log" if within(0) => Found::Refused,
                "closed" | "00000000000000000001.log" => Found::Harmless,
                // The header of the last segment, a batch with another behind it, and with the closing mark
                // the last batch as well.
                _ if at < 96 + 96 + 34 + 6 || (closed && within(1)) => Found::Refused,
                _ => Found::Cut,
            };
            assert_eq!(found, expected, "{name}, byte {at}");
            counted[found as usize] += 1;
        }
    }
    counted
}

#[test]
fn every_flipped_byte_is_found_or_harmless() {
    for closed in [false, true] {
        let [refused, cut, harmless] = flip_every_byte(closed);
        assert!(refused > 1_300 && cut > 1_300 && harmless > 600, "{refused} {cut} {harmless}");
    }
}

#[test]
fn a_batch_lost_before_one_that_survived_is_refused() {
    let disk = journal(false);
    let name = &disk.segments()[1];
    let mut bytes = disk.read(name);
    // As if the page of the fourth batch had never been written.
    bytes[96..96 + 96 + 34 + 6].fill(0);
    disk.put(name, bytes);
    let fault = verify(&disk).expect("a disk that reads").fault.expect("damage");
    assert_eq!((fault.offset, fault.flaw, fault.batches_behind), (96, Flaw::Residue, 1));
    assert_eq!(fault.proof, Some(Proof::LaterBatch { batch: 5, offset: 232 }));
    let error = open_tiny(&disk).expect_err("damage");
    assert!(
        error.to_string().contains("no power cut leaves this behind: batch 5 stands behind it"),
        "{error}"
    );
}

#[test]
fn a_missing_segment_is_refused() {
    let disk = journal(true);
    let (mut journal, _) = open_tiny(&disk).expect("a good journal");
    journal.roll(AT).expect("a good disk");
    commit(&mut journal, &[8]).expect("a good disk");
    drop(journal);
    disk.remove(&disk.segments()[1]).expect("a file");
    let error = open_tiny(&disk).expect_err("a gap");
    assert!(error.to_string().contains("batches are missing"), "{error}");
    let mut reader = Reader::new(disk, 0).expect("the first segment");
    while reader.next_sequence() < 5 {
        reader.next(7).expect("the first segment").expect("a batch");
    }
    assert!(reader.next(7).is_err());
}

#[test]
fn a_closed_journal_without_its_segments_is_refused() {
    let disk = journal(true);
    for name in disk.segments() {
        disk.remove(&name).expect("a file");
    }
    let error = open_tiny(&disk).expect_err("nothing is there");
    assert!(error.to_string().contains("the journal was closed after batch 5"), "{error}");
}

#[test]
fn a_batch_of_a_later_release_is_refused_and_not_cut() {
    let disk = journal(false);
    let name = &disk.segments()[1];
    let mut bytes = disk.read(name);
    // The version of the last batch, and the checksum of its header.
    let at = 232;
    bytes[at + 4] = 2;
    let crc = crc32fast::hash(&bytes[at..at + 92]);
    bytes[at + 92..at + 96].copy_from_slice(&crc.to_le_bytes());
    disk.put(name, bytes);
    let fault = verify(&disk).expect("a disk that reads").fault.expect("a finding");
    assert_eq!((fault.flaw, fault.proof), (Flaw::Version { version: 2 }, Some(Proof::Release)));
    assert!(open_tiny(&disk).is_err());
}

#[test]
fn a_record_cannot_pass_for_a_batch() {
    // Somebody has a lead's text look like a batch of a later number, salt and all of another journal.
    let other = journal(false);
    // The header of its second batch.
    let forged = other.read("00000000000000000001.log")[260..356].to_vec();
    let disk = Disk::new();
    let id = JournalId([9; 16]);
    let start = Opening { id, ..opening() };
    let (mut journal, _) = Journal::open(disk.clone(), SMALL, &start).expect("a new journal");
    let mut bytes = 104_u32.to_le_bytes().to_vec();
    bytes.extend([0; 4]);
    bytes.extend(forged);
    let part = Part { count: 1, bytes: &bytes, sealed: &[] };
    journal.commit(&[part], AT).expect("a good disk");
    drop(journal);
    // A power cut tears the batch.
    let mut torn = disk.read("00000000000000000001.log");
    torn[96] ^= 1;
    disk.put("00000000000000000001.log", torn);
    let (_, found) = opened(&disk);
    assert_eq!((found.last_sequence, found.cut.is_some()), (0, true));
}

#[test]
fn a_batch_of_another_history_does_not_join_the_chain() {
    // Two journals of one id that differ in the time of their first batch.
    let [disk, other] = [0, 1].map(|later| {
        let disk = Disk::new();
        let (mut journal, _) = open_tiny(&disk).expect("a new journal");
        for at in [UtcMicros(AT.0 + later), AT, AT] {
            let batch = Batch::new(journal.last_sequence() + 1, &[9]);
            journal.commit(&[batch.part()], at).expect("a good disk");
        }
        disk
    });
    let name = &disk.segments()[0];
    let batch = 96 + 23 + 3;
    let mut bytes = disk.read(name);
    // The second batch of the other one fits in number, sequence, length and checksums.
    let place = 96 + batch..96 + 2 * batch;
    bytes[place.clone()].copy_from_slice(&other.read(name)[place.clone()]);
    disk.put(name, bytes);
    let fault = verify(&disk).expect("a disk that reads").fault.expect("damage");
    assert_eq!((fault.offset, fault.flaw), (place.start as u64, Flaw::Chain));
    assert!(fault.proof.is_some(), "the third batch stands behind it");
}
