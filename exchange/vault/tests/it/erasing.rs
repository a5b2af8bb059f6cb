//! What is erased is gone: from the file, from every copy of the ciphertext, over restores and restarts.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use exchange_protocol::{SealClass, SlotRef};
use exchange_types::UtcMicros;
use exchange_vault::{EraseError, SealError, Swept, UnsealError};

use crate::disk::Disk;
use crate::world::{CANARY, CONFIG, DAY_US, Kept, NOW, lead, open, start};

fn path_of(slot: SlotRef) -> PathBuf {
    Path::new("leads").join(format!("{:010}.slots", slot.file))
}

fn slot_bytes(disk: &Disk, slot: SlotRef) -> Vec<u8> {
    let begin = 128 + slot.index as usize * 64;
    disk.read(&path_of(slot))[begin..begin + 64].to_vec()
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn an_erased_key_is_nowhere_and_its_neighbours_stay() {
    let disk = Disk::default();
    let (vault, mut drawer) = start(&disk);
    let leads: Vec<_> = (0..3).map(|number| Kept::seal(&mut drawer, SealClass::Lead, number)).collect();
    let slot = leads[1].sealed.slot;
    let key = slot_bytes(&disk, slot);
    assert_eq!(key[48..], [0; 16], "the rest of a slot");

    vault.erase(slot).expect("erased");

    leads[1].assert_erased(&vault);
    leads[0].assert_readable(&vault);
    leads[2].assert_readable(&vault);
    for file in disk.everything_on_disk() {
        assert!(!holds(&file, &key[..16]), "a part of the key is on disk");
    }
    vault.erase(slot).expect("erased again");
    disk.lose_power(|| false);
    leads[1].assert_erased(&open(&disk).expect("opens"));
}

#[test]
fn nothing_in_clear_is_on_disk_or_in_a_ciphertext() {
    let disk = Disk::default();
    let (_vault, mut drawer) = start(&disk);
    let kept = Kept::seal(&mut drawer, SealClass::Lead, 1);
    assert_eq!(kept.ciphertext.len(), CANARY.len() + 16);
    let copies = disk.everything_on_disk().into_iter().chain([kept.ciphertext]);
    for bytes in copies {
        assert!(!CANARY.windows(8).any(|part| holds(&bytes, part)));
    }
}

#[test]
fn a_restored_old_copy_does_not_bring_a_key_back() {
    let disk = Disk::default();
    let (vault, mut drawer) = start(&disk);
    let leads: Vec<_> = (0..200).map(|number| Kept::seal(&mut drawer, SealClass::Lead, number)).collect();
    let backup: Vec<_> = disk.paths().into_iter().map(|path| (path.clone(), disk.read(&path))).collect();
    let erased: Vec<_> = leads.iter().step_by(3).map(|kept| kept.sealed.slot).collect();
    let count = erased.len() as u64;
    for slot in &erased {
        vault.erase(*slot).expect("erased");
    }
    for (path, bytes) in backup {
        disk.put(&path, bytes);
    }

    let vault = open(&disk).expect("opens");
    leads[0].assert_readable(&vault);
    let swept = vault.erase_all(erased.iter().copied()).expect("swept");
    assert_eq!(swept, Swept { erased: count, already: 0, gone: 0 });
    let swept = vault.erase_all(erased.iter().copied()).expect("swept");
    assert_eq!(swept, Swept { erased: 0, already: count, gone: 0 });
    for (number, kept) in leads.iter().enumerate() {
        if number % 3 == 0 { kept.assert_erased(&vault) } else { kept.assert_readable(&vault) }
    }
    disk.lose_power(|| false);
    leads[0].assert_erased(&open(&disk).expect("opens"));
}

#[test]
fn many_are_erased_with_few_calls_of_the_disk() {
    let disk = Disk::default();
    let (vault, mut drawer) = start(&disk);
    let slots: Vec<_> =
        (0..150).map(|number| Kept::seal(&mut drawer, SealClass::Lead, number).sealed.slot).collect();
    vault.erase_all(slots.iter().copied()).expect("swept");
    let before = disk.calls();
    vault.erase_all(slots.iter().copied().chain(slots.iter().copied())).expect("swept");
    // One sync of everything, then for each of two files opening and length, and one reading a slot.
    assert_eq!(disk.calls() - before, 1 + 2 * 2 + 150);
    let before = disk.calls();
    assert_eq!(vault.erase_all([]).expect("swept"), Swept::default());
    assert_eq!(disk.calls(), before);
}

#[test]
fn a_vault_that_lost_its_newest_files_counts_on_from_the_journal() {
    let disk = Disk::default();
    let (_, mut drawer) = start(&disk);
    let leads: Vec<_> = (0..300).map(|number| Kept::seal(&mut drawer, SealClass::Lead, number)).collect();
    let last = leads.iter().map(|kept| kept.sealed.slot).max().expect("some");
    for path in disk.paths() {
        disk.remove_now(&path);
    }

    let vault = open(&disk).expect("opens");
    vault.note_drawn(last);
    vault.keep_ahead(NOW).expect("keys");
    let mut drawer = vault.drawer();
    let next = Kept::seal(&mut drawer, SealClass::Lead, 1_000);
    assert!(next.sealed.slot.file > last.file);
    assert!(matches!(leads[299].read(&vault), Err(UnsealError::Gone { .. })));

    // What was made before the journal was read is not drawn from, nor what a drawer has taken of it.
    vault.note_drawn(next.sealed.slot);
    vault.keep_ahead(NOW).expect("keys");
    let later = Kept::seal(&mut drawer, SealClass::Lead, 1_001);
    assert!(later.sealed.slot.file > next.sealed.slot.file);
    next.assert_readable(&vault);
    later.assert_readable(&vault);
}

#[test]
fn whole_files_go_by_age_and_the_newest_stays() {
    let disk = Disk::default();
    let (vault, mut drawer) = start(&disk);
    let old = Kept::seal(&mut drawer, SealClass::Lead, 1);
    let consent = Kept::seal(&mut drawer, SealClass::Consent, 1);
    let next_day = UtcMicros(NOW.0 + DAY_US);
    vault.keep_ahead(next_day).expect("keys");
    let young = Kept::seal(&mut drawer, SealClass::Lead, 2);
    assert!(young.sealed.slot.file > old.sealed.slot.file, "a file is drawn from for a day at most");

    let early = UtcMicros(NOW.0 + CONFIG.file_span_us - 1);
    assert_eq!(vault.retire(SealClass::Lead, early).expect("retired").removed, 0);
    old.assert_readable(&vault);
    let salt = disk.read(&path_of(old.sealed.slot))[32..64].to_vec();
    assert!(vault.retire(SealClass::Lead, next_day).expect("retired").removed > 0);

    assert!(matches!(old.read(&vault), Err(UnsealError::Gone { .. })));
    assert!(disk.everything_on_disk().iter().all(|file| !holds(file, &salt)), "the salt is on disk");
    consent.assert_readable(&vault);
    young.assert_readable(&vault);
    vault.erase(old.sealed.slot).expect("what is gone is erased");
    let swept = vault.erase_all([old.sealed.slot]).expect("swept");
    assert_eq!(swept, Swept { erased: 0, already: 0, gone: 1 });

    // However old, the newest file says from where to count.
    let vault = open(&disk).expect("opens");
    vault.retire(SealClass::Lead, UtcMicros(i64::MAX)).expect("retired");
    let left = disk.paths().into_iter().filter(|path| path.starts_with("leads")).count();
    assert_eq!(left, 1);
}

#[test]
fn a_removal_that_a_crash_cut_short_is_finished() {
    let disk = Disk::default();
    let (vault, mut drawer) = start(&disk);
    let old = Kept::seal(&mut drawer, SealClass::Lead, 1);
    let mut bytes = disk.read(&path_of(old.sealed.slot));
    bytes[..128].fill(0);
    disk.put(&path_of(old.sealed.slot), bytes);
    assert!(matches!(old.read(&vault), Err(UnsealError::Gone { .. })));
    let vault = open(&disk).expect("opens");
    assert_eq!(vault.retire(SealClass::Lead, UtcMicros(0)).expect("retired").removed, 1);
}

#[test]
fn erasing_beside_readers_gives_the_text_or_erased_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let storage = exchange_vault::FileStorage::open(folder.path()).expect("a folder");
    let vault =
        exchange_vault::Vault::open(Box::new(storage), crate::world::master(), CONFIG).expect("opens");
    vault.keep_ahead(NOW).expect("keys");
    let mut drawer = vault.drawer();
    for number in 0..20 {
        let kept = Kept::seal(&mut drawer, SealClass::Lead, number);
        let gone = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    loop {
                        let was_gone = gone.load(Ordering::SeqCst);
                        match kept.read(&vault) {
                            Ok(text) => assert!(!was_gone && text == CANARY, "read after the erasure"),
                            Err(UnsealError::Erased { .. }) => break,
                            Err(other) => panic!("{other}"),
                        }
                    }
                });
            }
            vault.erase(kept.sealed.slot).expect("erased");
            gone.store(true, Ordering::SeqCst);
        });
    }
}

#[test]
fn a_ciphertext_opens_for_its_lead_and_slot_only() {
    let disk = Disk::default();
    let (vault, mut drawer) = start(&disk);
    let one = Kept::seal(&mut drawer, SealClass::Lead, 1);
    let other = Kept::seal(&mut drawer, SealClass::Lead, 2);
    let mut wrong = [one.clone(), one.clone(), one.clone(), one.clone()];
    wrong[0].lead = lead(2);
    wrong[1].sealed.slot = other.sealed.slot;
    wrong[2].ciphertext[3] ^= 1;
    wrong[3].ciphertext.pop();
    for kept in wrong {
        assert!(matches!(kept.read(&vault), Err(UnsealError::OtherCiphertext { .. })));
    }
    let mut past = one;
    past.sealed.slot.index = 1 << 20;
    assert!(matches!(past.read(&vault), Err(UnsealError::SlotDamaged { .. })));
    assert!(matches!(vault.erase(past.sealed.slot), Err(EraseError::NoSuchSlot { .. })));
}

#[test]
fn sealing_says_when_no_key_is_ready_or_the_text_is_too_long() {
    let disk = Disk::default();
    let vault = open(&disk).expect("opens");
    let mut drawer = vault.drawer();
    let mut out = b"before".to_vec();
    let class = SealClass::Consent;
    let refused = drawer.seal(class, lead(1), CANARY, &mut out);
    assert_eq!(refused, Err(SealError::NoKeyReady { class }));
    assert_eq!(out, b"before");
    vault.keep_ahead(NOW).expect("keys");
    assert_eq!(vault.ready(class), 2_048);
    let limit = exchange_vault::PLAIN_BYTES_MAX;
    let refused = drawer.seal(class, lead(1), &vec![0; limit + 1], &mut out);
    assert_eq!(refused, Err(SealError::TooLong { bytes: limit + 1 }));
    let sealed = drawer.seal(class, lead(1), &vec![0; limit], &mut out).expect("at the limit");
    vault.unseal(lead(1), &sealed, &out[6..]).expect("reads");
    assert_eq!(format!("{drawer:?}"), "Drawer(..)");
    assert!(!format!("{vault:?}").contains("master"));
}
