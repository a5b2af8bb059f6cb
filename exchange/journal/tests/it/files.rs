//! Real files.

use exchange_journal::{FileStorage, Journal, Storage, verify};

use crate::records::{SMALL, commit, opening, read_all};

#[test]
fn a_journal_in_files_is_opened_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("journal");
    let storage = FileStorage::exclusive(&path).expect("a new directory");
    let (mut journal, found) = Journal::open(storage.clone(), SMALL, &opening()).expect("a new journal");
    assert!(found.created);
    for round in 0..20 {
        commit(&mut journal, &[round * 100, 5]).expect("a good disk");
    }
    let before = read_all(&storage);
    journal.close().expect("a good disk");
    let (mut journal, found) = Journal::open(storage.clone(), SMALL, &opening()).expect("a good journal");
    assert_eq!((found.last_sequence, found.clean, found.created), (40, true, false));
    commit(&mut journal, &[1]).expect("a good disk");
    drop(journal);
    let (_, found) = Journal::open(storage.clone(), SMALL, &opening()).expect("a good journal");
    assert_eq!((found.last_sequence, found.clean, found.cut), (41, false, None));
    let reader = FileStorage::shared(&path).expect("the directory");
    assert_eq!(read_all(&reader)[..20], before);
    assert!(verify(&reader).expect("a disk that reads").segments.len() > 2);
    let free = reader.free_bytes().expect("a disk");
    assert!(free > 0);
}

#[test]
fn two_processes_do_not_write_one_journal() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = FileStorage::exclusive(directory.path()).expect("a directory");
    let error = FileStorage::exclusive(directory.path()).expect_err("it is taken");
    assert_eq!(error.kind(), std::io::ErrorKind::ResourceBusy);
    assert!(FileStorage::shared(directory.path()).is_ok());
    drop(first);
    assert!(FileStorage::exclusive(directory.path()).is_ok());
    assert!(FileStorage::shared(&directory.path().join("missing")).is_err());
}

#[test]
fn nobody_else_reads_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("journal");
    let storage = FileStorage::exclusive(&path).expect("a directory");
    Journal::open(storage.clone(), SMALL, &opening()).expect("a new journal");
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    for name in storage.list().expect("names") {
        assert_eq!(mode(&path.join(&name)), 0o600, "{name}");
    }
}
