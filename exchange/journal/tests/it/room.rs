//! A full disk: admission stops first, the ballast takes what is in flight, and room comes back.

use exchange_journal::{ConfigError, Journal, JournalConfig, OpenError};

use crate::disk::Disk;
use crate::records::{SMALL, commit, opened, opening, read_all};

#[test]
fn below_the_configured_free_space_there_is_no_room_for_leads() {
    let disk = Disk::new();
    let (mut journal, _) = opened(&disk);
    assert!(disk.names().contains(&"ballast".to_owned()));
    for (free, enough) in [(1 << 30, true), (1_024, true), (1_023, false), (0, false), (1_024, true)] {
        disk.set_free(free);
        let room = journal.watch();
        assert_eq!((room.free, room.enough), (free, enough));
    }
}

#[test]
fn the_ballast_makes_room_for_one_more_segment_and_comes_back() {
    let disk = Disk::new();
    let (mut journal, _) = opened(&disk);
    disk.set_free(0);
    let mut committed = 0;
    // The segment at hand takes two of these, and the ballast's room two more.
    while commit(&mut journal, &[2_900]).is_ok() {
        committed += 1;
        assert!(!journal.watch().enough);
    }
    assert_eq!(committed, 4);
    assert!(!disk.names().contains(&"ballast".to_owned()));
    assert_eq!(journal.failure().expect("failed for good").kind, std::io::ErrorKind::StorageFull);

    // On the next start there is room for the copy, and not for the ballast.
    disk.set_free(9_000);
    let disk = disk.restart();
    let (mut journal, found) = opened(&disk);
    assert_eq!((found.last_sequence, journal.watch().enough), (4, false));
    disk.set_free(8_192 + 1_024);
    assert!(journal.watch().enough);
    assert!(disk.names().contains(&"ballast".to_owned()));
    assert_eq!(read_all(&disk).len(), 4);
}

#[test]
fn a_start_on_a_full_disk_takes_the_ballasts_room() {
    let disk = Disk::new();
    let (mut journal, _) = opened(&disk);
    commit(&mut journal, &[5]).expect("a good disk");
    drop(journal);
    let disk = disk.restart();
    disk.set_free(0);
    let (mut journal, found) = opened(&disk);
    assert_eq!((found.last_sequence, journal.watch().enough), (1, false));
    commit(&mut journal, &[5]).expect("the segment has room");
}

#[test]
fn no_ballast_is_kept_where_none_is_configured() {
    let disk = Disk::new();
    let config = JournalConfig { ballast_bytes: 0, ..SMALL };
    let (mut journal, _) = Journal::open(disk.clone(), config, &opening()).expect("a new journal");
    assert!(journal.watch().enough);
    assert!(!disk.names().contains(&"ballast".to_owned()));
    // Nor is one given up: the failure that is told is the disk's.
    disk.set_free(0);
    while commit(&mut journal, &[2_900]).is_ok() {}
    assert_eq!(journal.failure().expect("failed for good").kind, std::io::ErrorKind::StorageFull);
}

#[test]
fn sizes_that_do_not_fit_together_are_refused() {
    let least = 6_000 + 2 * 96;
    for (config, expected) in [
        (JournalConfig { segment_bytes: least, ballast_bytes: 0, ..SMALL }, None),
        (
            JournalConfig { segment_bytes: least - 1, ballast_bytes: 0, ..SMALL },
            Some(ConfigError::Segment { given: least - 1, min: least }),
        ),
        (
            JournalConfig { ballast_bytes: 8_191, ..SMALL },
            Some(ConfigError::Ballast { given: 8_191, min: 8_192 }),
        ),
        (
            JournalConfig { batch_bytes_max: (64 << 20) + 1, segment_bytes: 1 << 40, ..SMALL },
            Some(ConfigError::Batch { given: (64 << 20) + 1, max: 64 << 20 }),
        ),
        (JournalConfig::default(), None),
    ] {
        assert_eq!(config.check().err(), expected);
        if expected.is_some() {
            let error = Journal::open(Disk::new(), config, &opening()).expect_err("refused");
            assert!(matches!(error, OpenError::Config(_)), "{error}");
        }
    }
}
