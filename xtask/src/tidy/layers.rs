//! The layer table of `docs/architecture.md`, checked against the manifests.
//!
//! A crate uses lower layers only, never its own; `engine` alone of layer 3 is used by `node`; outside parties
//! use four named crates. In `[dev-dependencies]` the simulator may be used as well.

use super::finding::Finding;
use super::manifests::{Manifest, Section};
use crate::tree::Tree;

/// Where a crate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A crate of the exchange in this layer.
    Layer(u8),
    /// A harness that may use every crate and is used by tests only.
    Harness,
    /// A party on the other side of the wire.
    Outside,
    /// The repository's own commands, which use no crate of the exchange.
    Commands,
}

/// The table. A crate that is not listed is an error, so that every new one gets its place here first.
const TABLE: [(&str, Place); 23] = [
    ("exchange-types", Place::Layer(0)),
    ("exchange-catalog", Place::Layer(1)),
    ("exchange-telemetry", Place::Layer(1)),
    ("exchange-protocol", Place::Layer(2)),
    ("exchange-auction", Place::Layer(2)),
    ("exchange-counters", Place::Layer(2)),
    ("exchange-wire", Place::Layer(2)),
    ("exchange-engine", Place::Layer(3)),
    ("exchange-journal", Place::Layer(3)),
    ("exchange-store", Place::Layer(3)),
    ("exchange-cluster", Place::Layer(3)),
    ("exchange-transport", Place::Layer(3)),
    ("exchange-client", Place::Layer(3)),
    ("exchange-vault", Place::Layer(3)),
    ("exchange-node", Place::Layer(4)),
    ("exchange-control", Place::Layer(4)),
    ("exchange-server", Place::Layer(5)),
    ("exchange-sim", Place::Harness),
    ("exchange-benches", Place::Harness),
    ("exchange-fuzz", Place::Harness),
    ("bidder-sim", Place::Outside),
    ("loadtest", Place::Outside),
    ("xtask", Place::Commands),
];

/// What a party on the other side of the wire may use.
const FOR_OUTSIDE: [&str; 4] = ["exchange-types", "exchange-wire", "exchange-client", "exchange-telemetry"];
/// What tests of every crate may use besides the lower layers.
const FOR_TESTS: &str = "exchange-sim";
/// The crate without I/O above the engine, and the only crate of layer 3 that it knows.
const NODE: &str = "exchange-node";
const ENGINE: &str = "exchange-engine";

/// Finds every arrow between crates that the table does not allow.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in Manifest::members(tree) {
        let Some(from) = place(&manifest.name) else {
            let message =
                format!("`{}` has no place in the layer table (xtask/src/tidy/layers.rs)", manifest.name);
            findings.push(Finding::file(&manifest.path, message));
            continue;
        };
        for dependency in &manifest.dependencies {
            let Some(to) = place(&dependency.name) else { continue };
            let for_tests = dependency.section == Section::Tests && dependency.name == FOR_TESTS;
            if !for_tests && !allows((&manifest.name, from), (&dependency.name, to)) {
                let message = format!(
                    "`{}` may not use `{}`: {}",
                    manifest.name,
                    dependency.name,
                    why(from, &manifest.name)
                );
                findings.push(Finding::file(&manifest.path, message));
            }
        }
    }
    findings
}

fn place(name: &str) -> Option<Place> {
    TABLE.iter().find(|(listed, _)| *listed == name).map(|(_, place)| *place)
}

fn allows((from_name, from): (&str, Place), (to_name, to): (&str, Place)) -> bool {
    match (from, to) {
        (Place::Layer(4), Place::Layer(3)) if from_name == NODE => to_name == ENGINE,
        (Place::Layer(upper), Place::Layer(lower)) => lower < upper,
        (Place::Harness, Place::Layer(_)) => true,
        (Place::Harness, Place::Harness) => to_name == FOR_TESTS && from_name != to_name,
        (Place::Outside, Place::Layer(_)) => FOR_OUTSIDE.contains(&to_name),
        _ => false,
    }
}

fn why(from: Place, name: &str) -> String {
    match from {
        Place::Layer(_) if name == NODE => "layers 0 to 2, and of layer 3 `exchange-engine` alone".to_owned(),
        Place::Layer(layer) => format!("it stands in layer {layer} and uses lower layers only"),
        Place::Harness => "harnesses use the exchange, nobody else".to_owned(),
        Place::Outside => format!("an outside party uses {} only", FOR_OUTSIDE.join(", ")),
        Place::Commands => "the repository's commands use no crate of the workspace".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::assert_findings;
    use super::*;

    /// Checks what the rule says of one crate with these dependencies.
    fn check_crate(name: &str, dependencies: &str, expected: &[&str]) {
        let manifest = format!("[package]\nname = \"{name}\"\n{dependencies}");
        assert_findings(&check(&Tree::of(&[("a/Cargo.toml", &manifest)])), expected);
    }

    #[test]
    fn lower_layers_may_be_used() {
        check_crate("exchange-engine", "[dependencies]\nexchange-auction.workspace = true\n", &[]);
        check_crate("exchange-node", "[dependencies]\nexchange-engine.workspace = true\n", &[]);
        check_crate("exchange-server", "[dependencies]\nexchange-transport.workspace = true\n", &[]);
        check_crate("exchange-sim", "[dependencies]\nexchange-node.workspace = true\n", &[]);
        check_crate("bidder-sim", "[dependencies]\nexchange-wire.workspace = true\n", &[]);
        check_crate("exchange-types", "[dependencies]\nthiserror.workspace = true\n", &[]);
    }

    #[test]
    fn own_and_higher_layers_may_not() {
        check_crate("exchange-auction", "[dependencies]\nexchange-counters.workspace = true\n", &["layer 2"]);
        check_crate("exchange-types", "[dependencies]\nexchange-catalog.workspace = true\n", &["layer 0"]);
        check_crate("exchange-wire", "[build-dependencies]\nexchange-node.workspace = true\n", &["layer 2"]);
    }

    #[test]
    fn dependencies_of_one_platform_count() {
        let text = "[target.'cfg(unix)'.dependencies]\nexchange-node.workspace = true\n";
        check_crate("exchange-wire", text, &["layer 2"]);
    }

    #[test]
    fn a_renamed_dependency_counts_as_what_it_is() {
        let text = "[dependencies]\nnode = { package = \"exchange-node\", path = \"../node\" }\n";
        check_crate("exchange-wire", text, &["`exchange-node`"]);
    }

    #[test]
    fn of_layer_three_the_node_uses_the_engine_alone() {
        let text = "[dependencies]\nexchange-transport.workspace = true\nexchange-journal.workspace = true\n";
        check_crate("exchange-node", text, &["exchange-journal", "exchange-transport"]);
    }

    #[test]
    fn the_simulator_is_for_tests() {
        check_crate("exchange-node", "[dev-dependencies]\nexchange-sim.workspace = true\n", &[]);
        check_crate("exchange-node", "[dependencies]\nexchange-sim.workspace = true\n", &["exchange-sim"]);
        check_crate(
            "exchange-engine",
            "[dev-dependencies]\nexchange-node.workspace = true\n",
            &["exchange-node"],
        );
    }

    #[test]
    fn outside_parties_speak_over_the_wire() {
        check_crate("loadtest", "[dependencies]\nexchange-catalog.workspace = true\n", &["outside party"]);
    }

    #[test]
    fn an_unknown_crate_has_no_place() {
        check_crate("exchange-utils", "", &["no place"]);
    }
}
