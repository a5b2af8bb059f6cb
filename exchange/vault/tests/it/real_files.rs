//! The vault over real files: modes, names and what a restart finds.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use exchange_protocol::SealClass;
use exchange_vault::{FileStorage, MasterKey, Vault, VaultConfig};

use crate::world::{Kept, NOW};

#[test]
fn files_are_their_owners_alone_and_survive_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("keyslots");
    let open = || {
        let master = MasterKey::read_or_create(&folder.path().join("master.key")).expect("a key");
        let storage = FileStorage::open(&root).expect("a folder");
        let vault = Vault::open(Box::new(storage), master, VaultConfig::default()).expect("opens");
        vault.keep_ahead(NOW).expect("keys");
        vault
    };
    let vault = open();
    let mut drawer = vault.drawer();
    let kept = Kept::seal(&mut drawer, SealClass::Lead, 1);
    let erased = Kept::seal(&mut drawer, SealClass::Consent, 1);
    vault.erase(erased.sealed.slot).expect("erased");

    let again = open();
    kept.assert_readable(&again);
    erased.assert_erased(&again);
    assert_eq!(again.erase_all([erased.sealed.slot]).expect("swept").already, 1);
    let next = Kept::seal(&mut again.drawer(), SealClass::Lead, 2);
    assert_eq!((kept.sealed.slot.file, next.sealed.slot.file), (1, 2));

    for class in ["leads", "consent"] {
        let mode = |path: &std::path::Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&root.join(class)), 0o700);
        for number in [1, 2] {
            let file = root.join(class).join(format!("{number:010}.slots"));
            assert_eq!(mode(&file), 0o600);
            assert_eq!(fs::metadata(&file).expect("there").len(), 128 + 4_096 * 64);
        }
    }
    let after = exchange_types::UtcMicros(i64::MAX);
    assert_eq!(again.retire(SealClass::Lead, after).expect("retired").removed, 1);
    assert!(!root.join("leads/0000000001.slots").exists());
}
