//! The buyer profiles of the repository are good.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bidder_sim::Profile;

fn configs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/buyers")
}

fn buyer_names(file: &str) -> BTreeSet<String> {
    let profile = Profile::read(&configs().join(file)).expect("a good profile");
    profile.buyers.iter().map(|buyer| buyer.name.get_ref().as_str().to_owned()).collect()
}

#[test]
fn every_profile_parses() {
    let mut count = 0;
    for entry in std::fs::read_dir(configs()).expect("the folder is there") {
        Profile::read(&entry.expect("an entry").path()).expect("a good profile");
        count += 1;
    }
    assert!(count >= 3, "{count} profiles");
}

/// Returns the keys that a table takes, as the error for an unknown one lists them.
fn keys_of(profile_with_unknown: &str) -> Vec<String> {
    let error =
        Profile::parse(Path::new("p.toml"), profile_with_unknown).expect_err("an unknown key").to_string();
    let (_, expected) = error.split_once("expected ").expect("a list of keys");
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_reference_names_every_key() {
    let reference = configs().join("reference.toml");
    let reference = std::fs::read_to_string(reference).expect("the reference");
    for table in [
        "x = 1\nbuyer = []",
        "[[buyer]]\nx = 1",
        "[[buyer]]\nname = \"a\"\nping = [{ x = 1 }]",
        "[[buyer]]\nname = \"a\"\npost = [{ x = 1 }]",
        "[[buyer]]\nname = \"a\"\nentries = [{ x = 1 }]",
        "[[buyer]]\nname = \"a\"\nsellers = [{ name = \"b\", x = 1 }]",
        "[[buyer]]\nname = \"a\"\nlatency = { x = 1 }",
        "[[buyer]]\nname = \"a\"\nprice = { x = 1 }",
        "[[buyer]]\nname = \"a\"\nping = [{ fault = \"x\" }]",
    ] {
        let keys = keys_of(table);
        assert!(keys.len() >= 2, "{table}: {keys:?}");
        for key in keys {
            assert!(reference.contains(&key), "`{key}` of {table}");
        }
    }
}

#[test]
fn every_campaign_of_the_demo_has_its_buyer() {
    let catalog = configs().join("../demo/catalog.toml");
    let catalog = std::fs::read_to_string(catalog).expect("the demo's catalog");
    let catalog: toml::Table = catalog.parse().expect("TOML");
    let campaigns = catalog.get("campaigns").and_then(toml::Value::as_table).expect("campaigns");
    let campaigns: BTreeSet<_> = campaigns.keys().cloned().collect();
    assert_eq!(buyer_names("demo.toml"), campaigns);
}

#[test]
fn six_of_the_hostile_twenty_are_hostile() {
    let names = buyer_names("hostile.toml");
    assert_eq!(names.len(), 20);
    assert_eq!(names.iter().filter(|name| name.starts_with("hostile-")).count(), 6);
}
