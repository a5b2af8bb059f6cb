//! The scenarios of the repository are good, and fit the demo's catalog.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use exchange_types::UtcMicros;
use loadtest::{LeadMaker, Scenario};

fn configs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs")
}

#[test]
fn every_scenario_parses() {
    let mut count = 0;
    for entry in std::fs::read_dir(configs().join("scenarios")).expect("the folder is there") {
        Scenario::read(&entry.expect("an entry").path()).expect("a good scenario");
        count += 1;
    }
    assert!(count >= 2, "{count} scenarios");
}

/// Returns the keys that a table takes, as the error for an unknown one lists them.
fn keys_of(scenario_with_unknown: &str) -> Vec<String> {
    let error =
        Scenario::parse(Path::new("s.toml"), scenario_with_unknown).expect_err("an unknown key").to_string();
    let (_, expected) = error.split_once("expected ").expect("a list of keys");
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_reference_names_every_key() {
    let reference =
        std::fs::read_to_string(configs().join("scenarios/reference.toml")).expect("the reference");
    for table in ["x = 1", "expect = { x = 1 }", "[[lead]]\nx = 1", "[[lead]]\nfields.zip = { x = 1 }"] {
        let keys = keys_of(table);
        assert!(keys.len() >= 4, "{table}: {keys:?}");
        for key in keys {
            assert!(reference.contains(&key), "`{key}` of {table}");
        }
    }
}

/// Fields of a vertical of the demo's catalog: all of them, those that a ping needs, and all that are needed.
fn fields_of(vertical: &toml::Value) -> [BTreeSet<&str>; 3] {
    let fields = vertical.get("fields").and_then(toml::Value::as_table).expect("fields");
    let required = |stages: &[&str]| {
        let at = |field: &toml::Value| {
            field.get("required").and_then(toml::Value::as_str).is_some_and(|stage| stages.contains(&stage))
        };
        fields.iter().filter(|(_, field)| at(field)).map(|(name, _)| name.as_str()).collect()
    };
    [fields.keys().map(String::as_str).collect(), required(&["ping"]), required(&["ping", "post"])]
}

#[test]
fn the_demo_s_leads_fit_its_catalog() {
    let catalog = std::fs::read_to_string(configs().join("demo/catalog.toml")).expect("the demo's catalog");
    let catalog: toml::Table = catalog.parse().expect("TOML");
    let verticals = catalog.get("verticals").and_then(toml::Value::as_table).expect("verticals");
    let scenario = Scenario::read(&configs().join("scenarios/demo.toml")).expect("a good scenario");
    let maker = LeadMaker::new(&scenario, 1);
    let mut seen = BTreeSet::new();
    for number in 0..500 {
        let lead = maker.make(number, UtcMicros(0));
        let vertical = verticals.get(&lead.vertical).expect("a vertical of the catalog");
        let [known, for_ping, for_post] = fields_of(vertical);
        let all = lead.all_fields();
        let given = |names: &BTreeSet<&str>| names.iter().all(|name| all.contains_key(name));
        assert!(all.keys().all(|name| known.contains(name)), "{lead:?}");
        assert!(for_ping.iter().all(|&name| lead.fields.contains_key(name)), "{lead:?}");
        assert!(given(&for_post), "{lead:?}");
        for (name, value) in all {
            let field = vertical.get("fields").and_then(|fields| fields.get(name)).expect("a known field");
            if let Some(values) = field.get("values").and_then(toml::Value::as_array) {
                assert!(values.iter().any(|known| known.as_str() == value.as_str()), "{name}: {value}");
            }
        }
        assert_eq!(vertical.get("currency").and_then(toml::Value::as_str), Some(&*lead.currency.to_string()));
        seen.insert(lead.vertical);
    }
    assert_eq!(seen.len(), 3);
}
