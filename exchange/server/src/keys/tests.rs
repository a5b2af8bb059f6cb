//! Keys over their whole life, and damaged files with their exact messages.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use exchange_control::Role;

use super::*;

/// 2026-11-20T00:00:00Z.
const NOW: UtcMicros = UtcMicros(1_795_132_800_000_000);

fn create(path: &Path, owner: &str, mode: KeyMode) -> String {
    let owner = owner.parse().expect("an owner");
    create_key(path, (owner, KeyLimits::default()), mode, NOW).expect("made").key.text()
}

#[test]
fn a_key_speaks_for_its_owner_until_it_is_revoked() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys.toml");
    let store = KeyStore::open(&path).expect("a missing file holds no keys");
    assert!(store.is_empty());
    let live = create(&path, "seller:acme", KeyMode::Live);
    let test = create(&path, "seller:acme", KeyMode::Test);
    assert_eq!(store.authenticate(&live), None, "the file was not read again yet");
    assert_eq!(store.reload().expect("readable"), 2);
    for (key, mode) in [(&live, KeyMode::Live), (&test, KeyMode::Test)] {
        let principal = store.authenticate(key).expect("a known key");
        assert_eq!(*principal, Principal { role: Role::Seller, name: "acme".into(), mode });
    }
    let entry = revoke_key(&path, live.get(..16).expect("a prefix"), NOW).expect("revoked");
    assert_eq!(entry.revoked_at, Some(NOW));
    assert!(store.authenticate(&live).is_some(), "the file was not read again yet");
    assert_eq!(store.reload().expect("readable"), 1);
    assert_eq!(store.authenticate(&live), None);
    assert!(store.authenticate(&test).is_some());
    let listed = list_keys(path).expect("readable");
    assert_eq!(listed.iter().map(KeyEntry::is_active).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn the_file_holds_no_key_and_only_the_owner_reads_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys.toml");
    let key = create(&path, "operator:ada", KeyMode::Live);
    let text = fs::read_to_string(&path).expect("readable");
    assert!(!text.contains(&key));
    assert!(text.contains("created_at = \"2026-11-20T00:00:00.000Z\""), "{text}");
    assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o600);
    let debug = format!("{:?}", KeyStore::open(&path).expect("readable"));
    assert!(!debug.contains(&key));
}

#[test]
fn unknown_keys_speak_for_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys.toml");
    let key = create(&path, "buyer:north", KeyMode::Live);
    let store = KeyStore::open(&path).expect("readable");
    let other = ApiKey::new(KeyMode::Live, [7; 32]).text();
    let as_test = key.replace("live", "test");
    for bearer in ["", "px_live_", &other, &as_test, &format!("{key} "), &key.to_uppercase()] {
        assert_eq!(store.authenticate(bearer), None, "{bearer}");
    }
}

#[test]
fn only_one_key_is_revoked_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys.toml");
    create(&path, "seller:acme", KeyMode::Live);
    create(&path, "seller:acme", KeyMode::Live);
    let revoked = |prefix| revoke_key(&path, prefix, NOW).expect_err("not one key").to_string();
    for short in ["", "px_live_", "px_test_"] {
        assert_eq!(
            revoked(short),
            format!("{short:?} does not tell one key from the others: give more of it")
        );
    }
    assert_eq!(revoked("px_test_0000"), "no active key begins with px_test_0000");
}

#[test]
fn one_key_is_not_revoked_by_what_all_keys_begin_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys.toml");
    let key = create(&path, "operator:ada", KeyMode::Live);
    for short in ["", "px_live_"] {
        assert!(revoke_key(&path, short, NOW).is_err(), "{short:?}");
    }
    revoke_key(&path, &key, NOW).expect("the whole key");
}

#[test]
fn a_file_that_is_gone_leaves_the_keys_in_force() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys.toml");
    let key = create(&path, "operator:ada", KeyMode::Live);
    let store = KeyStore::open(&path).expect("readable");
    fs::remove_file(&path).expect("removed");
    let refused = store.reload().expect_err("nobody is left").to_string();
    assert_eq!(refused, "the file with the keys is gone or empty; the keys in force stay");
    assert!(store.authenticate(&key).is_some());
}

#[test]
fn a_damaged_file_is_refused_and_the_keys_in_force_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys.toml");
    let key = create(&path, "seller:acme", KeyMode::Live);
    let good = fs::read_to_string(&path).expect("readable");
    let store = KeyStore::open(&path).expect("readable");
    let prefix = key.get(..16).expect("a prefix");
    let cases = [
        ("owner = \"seller:acme\"", "owner = \"acme\"", "owner"),
        ("sha256 = \"", "sha256 = \"x", "sha256"),
        ("created_at = \"2026", "created_at = \"26", "created_at"),
    ];
    for (from, to, field) in cases {
        fs::write(&path, good.replace(from, to)).expect("written");
        let expected = format!("{}: key 1 ({prefix}): {field} is wrong", path.display());
        assert_eq!(store.reload().expect_err("damaged").to_string(), expected);
        assert!(store.authenticate(&key).is_some());
    }
    fs::write(&path, good.replace("owner =", "ovner =")).expect("written");
    let message = store.reload().expect_err("damaged").to_string();
    assert!(message.contains("unknown field `ovner`"), "{message}");
}

#[test]
fn keys_made_at_once_are_all_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys.toml");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| create(&path, "seller:acme", KeyMode::Live));
        }
    });
    assert_eq!(KeyStore::open(&path).expect("readable").len(), 8);
}
