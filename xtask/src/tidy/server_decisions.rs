//! No decision lives in `server`: it moves bytes and time, the node decides.
//!
//! A file there that names a variant of a record or a state of the sale has begun to decide.

use super::finding::Finding;
use super::source::{imported_paths, is_import, is_test_file, production_lines, written_paths};
use crate::tree::Tree;

const FOLDER: &str = "exchange/server/src/";
/// Types whose variants are the sale's story and state.
const TYPES: [&str; 4] = ["Record", "Outcome", "PostStage", "Phase"];

/// Finds variants of records and states in the server's files.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts("rs").filter(|(path, _)| path.starts_with(FOLDER) && !is_test_file(path)) {
        let written = production_lines(text)
            .filter(|(_, line)| !is_import(line))
            .flat_map(|(number, line)| written_paths(line).map(move |it| (number, it.to_owned())));
        for (number, used) in imported_paths(text).into_iter().chain(written) {
            if let Some(name) = decided_type(&used) {
                let message = format!("`{name}::` is decided in the node; the server passes it on");
                findings.push(Finding::line(path, number, message));
            }
        }
    }
    findings
}

/// Returns the type of which the path names a variant.
fn decided_type(path: &str) -> Option<&str> {
    let (before, _variant) = path.rsplit_once("::")?;
    let name = before.rsplit("::").next()?;
    TYPES.contains(&name).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::super::finding::assert_findings;
    use super::*;

    fn check_file(path: &str, text: &str, expected: &[&str]) {
        assert_findings(&check(&Tree::of(&[(path, text)])), expected);
    }

    #[test]
    fn passing_a_record_on_is_fine() {
        let text = "use exchange_protocol::Record;\n// A Record::Intent waits.\nfn a(_: &Record) {}\n";
        check_file("exchange/server/src/a.rs", text, &[]);
        check_file("exchange/server/src/b.rs", "fn a() { PostOutcome::Unknown; }\n", &[]);
    }

    #[test]
    fn looking_into_one_is_a_decision() {
        check_file("exchange/server/src/a.rs", "if let Record::Intent { .. } = it {}\n", &["`Record::`"]);
        check_file(
            "exchange/server/src/a.rs",
            "exchange_protocol::Record::Closed(a) => {}\n",
            &["`Record::`"],
        );
        check_file(
            "exchange/server/src/a.rs",
            "use exchange_protocol::Record::{self, *};\n",
            &["`Record::`"; 2],
        );
        check_file("exchange/server/src/a.rs", "PostStage::Unknown => {}\n", &["`PostStage::`"]);
    }

    #[test]
    fn the_node_decides() {
        check_file("exchange/node/src/a.rs", "if let Record::Intent { .. } = it {}\n", &[]);
    }
}
