//! Which files are made, and by which of them a master key is judged.

use std::path::PathBuf;

use exchange_protocol::SealClass;
use exchange_types::UtcMicros;
use exchange_vault::{MasterKey, OpenError, Vault};

use crate::disk::Disk;
use crate::world::{CONFIG, DAY_US, Kept, NOW, start};

/// As many of the newest files as are asked.
const ASKED: usize = 8;
/// Files that follow each other within this time grow.
const SOON_US: i64 = 600_000_000;

/// Returns the files of leads, the oldest first.
fn files(disk: &Disk) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = disk.paths().into_iter().filter(|path| path.starts_with("leads")).collect();
    files.sort();
    files
}

#[test]
fn a_master_key_is_judged_by_the_newest_files() {
    let disk = Disk::default();
    let (vault, _) = start(&disk);
    let mut day = NOW;
    while files(&disk).len() <= ASKED {
        day = UtcMicros(day.0 + DAY_US);
        vault.keep_ahead(day).expect("keys");
    }
    let files = files(&disk);
    let newest = &files[files.len() - ASKED..];
    let damage = |path: &PathBuf| disk.put(path, Vec::new());
    let refused_for = || match Vault::open(Box::new(disk.clone()), MasterKey::new(&[6; 32]), CONFIG) {
        Err(OpenError::OtherMasterKey { class }) => class,
        other => panic!("another master key: {:?}", other.err()),
    };
    newest[1..].iter().for_each(damage);
    assert_eq!(refused_for(), SealClass::Lead, "one of those that are asked can be read");
    damage(&newest[0]);
    assert_eq!(refused_for(), SealClass::Consent, "older files of leads are not asked");
}

/// Returns the length of the first file and of one that is made so much later.
fn lengths(later_us: i64) -> (usize, usize) {
    let disk = Disk::default();
    let (vault, mut drawer) = start(&disk);
    let made = files(&disk).len();
    for number in 0..20_000 {
        Kept::seal(&mut drawer, SealClass::Lead, number);
        vault.keep_ahead(UtcMicros(NOW.0 + later_us)).expect("keys");
        let files = files(&disk);
        if let Some(newest) = files.get(made) {
            return (disk.read(&files[0]).len(), disk.read(newest).len());
        }
    }
    panic!("no file follows");
}

#[test]
fn a_file_is_larger_where_the_one_before_was_soon_used_up() {
    let (first, soon) = lengths(SOON_US - 1);
    assert!(soon > first, "{soon} bytes after {first}");
    let (first, later) = lengths(SOON_US);
    assert_eq!(later, first);
}
