//! A journal of each release is kept, and every later release reads it.
//!
//! `UPDATE_FIXTURES=1` writes the journal of the present layout anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use exchange_journal::{FileStorage, Journal, Reader, verify};
use sha2::{Digest as _, Sha256};

use crate::records::{AT, SMALL, commit, opening};

fn fixture(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures").join(version)
}

/// Writes two segments, the second of which was closed.
fn generate(directory: &Path) {
    if directory.exists() {
        std::fs::remove_dir_all(directory).expect("the fixture of before");
    }
    let config = exchange_journal::JournalConfig { ballast_bytes: 0, ..SMALL };
    let storage = FileStorage::exclusive(directory).expect("a directory");
    let (mut journal, _) = Journal::open(storage, config, &opening()).expect("a new journal");
    for lengths in [&[0, 1, 2][..], &[150; 10], &[700], &[3, 30, 300]] {
        commit(&mut journal, lengths).expect("a good disk");
    }
    journal.roll(AT).expect("a good disk");
    for lengths in [&[512; 2][..], &[1]] {
        commit(&mut journal, lengths).expect("a good disk");
    }
    journal.close().expect("a good disk");
    std::fs::remove_file(directory.join("lock")).expect("the lock");
    std::fs::write(directory.join("digest"), content(directory)).expect("the digest");
}

/// Returns the digest of everything that a journal gives back.
fn content(directory: &Path) -> String {
    let storage = FileStorage::shared(directory).expect("the fixture");
    let mut reader = Reader::new(storage, 0).expect("the fixture");
    let mut hash = Sha256::new();
    while let Some(frame) = reader.next(u64::MAX).expect("a good journal") {
        hash.update(frame.batch.to_le_bytes());
        hash.update(frame.at.0.to_le_bytes());
        for (sequence, record) in frame.records() {
            hash.update(sequence.to_le_bytes());
            hash.update(record);
        }
        hash.update(frame.sealed.unwrap_or_default());
        hash.update(frame.digest);
    }
    let mut text = String::new();
    for byte in hash.finalize() {
        write!(text, "{byte:02x}").expect("a string takes everything");
    }
    text.push('\n');
    text
}

#[test]
fn the_journal_of_this_release_reads_as_it_was_written() {
    let directory = fixture("v1");
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        generate(&directory);
    }
    let expected = std::fs::read_to_string(directory.join("digest")).expect("the digest");
    assert_eq!(content(&directory), expected);
    let report = verify(&FileStorage::shared(&directory).expect("the fixture")).expect("files");
    assert_eq!((report.last_sequence, report.closed, report.fault), (20, true, None));

    // The same journal is written today, and a later one goes on with the old.
    let work = tempfile::tempdir().expect("a directory");
    let (anew, copy) = (work.path().join("anew"), work.path().join("copy"));
    generate(&anew);
    std::fs::create_dir(&copy).expect("a directory");
    for entry in std::fs::read_dir(&directory).expect("the fixture") {
        let entry = entry.expect("a file");
        let bytes = std::fs::read(entry.path()).expect("a file");
        assert_eq!(std::fs::read(anew.join(entry.file_name())).expect("the same file"), bytes);
        std::fs::write(copy.join(entry.file_name()), bytes).expect("a copy");
    }
    let storage = FileStorage::exclusive(&copy).expect("the copy");
    let (mut journal, found) = Journal::open(storage, SMALL, &opening()).expect("a good journal");
    assert!(found.clean);
    assert_eq!(commit(&mut journal, &[9]).expect("a good disk").first, 21);
}
