//! `cargo xtask tidy`: the rules of the repository, as code instead of a reviewer's memory.
//!
//! A rule is a function from the [`Tree`] to its findings; `RULES` lists them all.
//! Each has good and bad examples in its tests, so that it was seen to fail.

mod configs;
mod finding;
mod layers;
mod leftovers;
mod links;
mod lint_files;
mod manifests;
mod module_docs;
mod names;
mod orphans;
mod purity;
mod server_decisions;
mod sizes;
mod source;

use std::path::Path;
use std::process::ExitCode;

use crate::tree::Tree;
use finding::{Finding, Severity};

/// A rule's name, and what it does.
type Rule = (&'static str, fn(&Tree) -> Vec<Finding>);

const RULES: [Rule; 12] = [
    ("layers", layers::check),
    ("purity", purity::check),
    ("server decides nothing", server_decisions::check),
    ("manifests", manifests::check),
    ("lint files", lint_files::check),
    ("module docs", module_docs::check),
    ("names", names::check),
    ("orphans", orphans::check),
    ("sizes", sizes::check),
    ("leftovers", leftovers::check),
    ("links", links::check),
    ("configs", configs::check),
];

/// Checks every rule and prints what breaks it.
///
/// # Errors
///
/// Fails if the repository cannot be read.
pub(crate) fn run(root: &Path) -> anyhow::Result<ExitCode> {
    let tree = Tree::read(root)?;
    let mut errors = 0_usize;
    for (name, rule) in RULES {
        for finding in rule(&tree) {
            errors += usize::from(finding.severity == Severity::Error);
            println!("{finding} [{name}]");
        }
    }
    println!("tidy: {} rules, {errors} errors", RULES.len());
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_repository_is_tidy() {
        let tree = Tree::read(&crate::repository_root()).expect("the repository can be read");
        let errors: Vec<String> = RULES
            .iter()
            .flat_map(|(_, rule)| rule(&tree))
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| finding.to_string())
            .collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
    }
}
