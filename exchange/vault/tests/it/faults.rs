//! Every call of the disk fails once; every error has a test.

use exchange_protocol::{SealClass, SlotRef};
use exchange_types::UtcMicros;
use exchange_vault::{EraseError, KeepError, MasterKey, OpenError, RetireError, UnsealError, Vault};

use crate::disk::Disk;
use crate::world::{CONFIG, DAY_US, Kept, NOW, open, start};

const NEXT_DAY: UtcMicros = UtcMicros(NOW.0 + DAY_US);

/// Calls `act` with its first call of the disk failing, then its second, until none is left to fail. Returns
/// how often it failed.
fn fail_each_call(disk: &Disk, mut act: impl FnMut() -> bool) -> u64 {
    for call in 0.. {
        let before = disk.calls();
        disk.fail_after(Some(call));
        let failed = act();
        disk.fail_after(None);
        let reached = disk.calls() - before > call;
        assert_eq!(failed, reached, "call {call} failed and nothing was said, or the other way around");
        if !reached {
            return call;
        }
    }
    unreachable!("some call is the last")
}

#[test]
fn an_erasure_is_done_or_says_that_it_is_not() {
    let disk = Disk::default();
    let (vault, mut drawer) = start(&disk);
    let kept = Kept::seal(&mut drawer, SealClass::Lead, 1);
    let slot = kept.sealed.slot;
    let calls = fail_each_call(&disk, || matches!(vault.erase(slot), Err(EraseError::Io { .. })));
    assert_eq!(calls, 4, "opening, length, writing, syncing");
    disk.lose_power(|| false);
    kept.assert_erased(&open(&disk).expect("opens"));

    let other = Kept::seal(&mut drawer, SealClass::Lead, 2);
    fail_each_call(&disk, || matches!(vault.erase_all([other.sealed.slot]), Err(EraseError::Io { .. })));
    disk.lose_power(|| false);
    other.assert_erased(&open(&disk).expect("opens"));
}

#[test]
fn zeros_that_were_not_synced_do_not_count_as_erased() {
    let disk = Disk::default();
    let (vault, mut drawer) = start(&disk);
    let kept = Kept::seal(&mut drawer, SealClass::Lead, 1);
    disk.fail_after(Some(3));
    vault.erase(kept.sealed.slot).expect_err("the sync fails");
    disk.fail_after(None);
    // Another process reads zeros; after it has swept, a power cut must not bring the key back.
    open(&disk).expect("opens").erase_all([kept.sealed.slot]).expect("swept");
    disk.lose_power(|| false);
    kept.assert_erased(&open(&disk).expect("opens"));
}

#[test]
fn a_failed_read_is_told() {
    let disk = Disk::default();
    let (vault, mut drawer) = start(&disk);
    let kept = Kept::seal(&mut drawer, SealClass::Lead, 1);
    let calls = fail_each_call(&disk, || matches!(kept.read(&vault), Err(UnsealError::Io { .. })));
    assert_eq!(calls, 3, "opening, header, slot");
}

#[test]
fn keeping_ahead_that_fails_is_told_and_goes_on_with_the_next_call() {
    for call in (0..60).step_by(5) {
        let disk = Disk::default();
        let vault = open(&disk).expect("opens");
        disk.fail_after(Some(call));
        let failed = vault.keep_ahead(NOW);
        disk.fail_after(None);
        assert!(matches!(failed, Err(KeepError::Io { .. })), "call {call}: {failed:?}");
        vault.keep_ahead(NOW).expect("keys");
        disk.lose_power(|| false);
        let (mut drawer, vault) = (vault.drawer(), open(&disk).expect("opens"));
        for number in 0..500 {
            Kept::seal(&mut drawer, SealClass::Lead, number).assert_readable(&vault);
        }
    }
}

#[test]
fn opening_and_retiring_that_fail_are_told() {
    let disk = Disk::default();
    let (vault, mut drawer) = start(&disk);
    let kept = Kept::seal(&mut drawer, SealClass::Lead, 1);
    vault.keep_ahead(NEXT_DAY).expect("keys");
    fail_each_call(&disk, || matches!(open(&disk), Err(OpenError::Io { .. })));
    fail_each_call(&disk, || matches!(vault.retire(SealClass::Lead, NEXT_DAY), Err(RetireError::Io { .. })));
    assert!(matches!(kept.read(&vault), Err(UnsealError::Gone { .. })));
}

#[test]
fn what_a_crash_left_unfinished_is_removed() {
    let disk = Disk::default();
    disk.put("leads/0000000001.new".as_ref(), vec![1; 77]);
    disk.put("leads/notes.txt".as_ref(), vec![1; 77]);
    start(&disk);
    let paths = disk.paths();
    assert!(!paths.contains(&"leads/0000000001.new".into()));
    assert!(paths.contains(&"leads/notes.txt".into()));
}

#[test]
fn another_master_key_is_refused_and_one_damaged_file_is_not() {
    let disk = Disk::default();
    let (vault, mut drawer) = start(&disk);
    let kept = Kept::seal(&mut drawer, SealClass::Lead, 1);
    let opened = Vault::open(Box::new(disk.clone()), MasterKey::new(&[6; 32]), CONFIG);
    assert!(matches!(opened, Err(OpenError::OtherMasterKey { class: SealClass::Lead })));

    let path = "leads/0000000001.slots";
    let whole = disk.read(path.as_ref());
    let mut bytes = whole.clone();
    bytes[70] ^= 1;
    disk.put(path.as_ref(), bytes);
    open(&disk).expect("opens");
    assert!(matches!(kept.read(&vault), Err(UnsealError::SlotDamaged { .. })));
    let retired = open(&disk).expect("opens").retire(SealClass::Lead, UtcMicros(i64::MAX)).expect("retired");
    assert_eq!(retired.unreadable, 1);

    // Nothing, nearly a header, a header alone, and one with a piece of the slot.
    for length in [0, 127, 128, 130] {
        disk.put(path.as_ref(), whole[..length].to_vec());
        open(&disk).expect("opens");
        assert!(matches!(kept.read(&vault), Err(UnsealError::SlotDamaged { .. })), "{length}");
    }
    disk.put(path.as_ref(), whole);
    kept.assert_readable(&vault);
}

#[test]
fn a_file_that_does_not_hold_what_was_written_is_not_drawn_from() {
    let disk = Disk::default();
    let (vault, mut drawer) = start(&disk);
    // The last file has slots that were not fed yet.
    let path = disk.paths().into_iter().rfind(|path| path.starts_with("leads")).expect("a file");
    let mut bytes = disk.read(&path);
    let end = bytes.len();
    bytes[128..end].fill(7);
    disk.put(&path, bytes);
    let mut failed = None;
    for number in 0..6_000 {
        Kept::seal(&mut drawer, SealClass::Lead, number);
        failed = failed.or(vault.keep_ahead(NOW).err());
    }
    assert!(matches!(failed, Some(KeepError::Damaged { .. })), "{failed:?}");
}

#[test]
fn numbers_of_files_end() {
    let disk = Disk::default();
    let vault = open(&disk).expect("opens");
    vault.note_drawn(SlotRef { class: SealClass::Consent, file: u32::MAX, index: 0 });
    let failed = vault.keep_ahead(NOW);
    assert!(matches!(failed, Err(KeepError::NumbersExhausted { class: SealClass::Consent })));
    let mut drawer = vault.drawer();
    Kept::seal(&mut drawer, SealClass::Lead, 1);
}
