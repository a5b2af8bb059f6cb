//! Every Rust file opens by saying what it is responsible for.

use super::finding::Finding;
use crate::tree::Tree;

/// Finds files that do not begin with `//!`. A file `tests.rs` is explained by the module it stands under.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    tree.texts("rs")
        .filter(|(path, text)| !path.ends_with("/tests.rs") && !text.starts_with("//! "))
        .map(|(path, _)| {
            Finding::line(path, 1, "the module must begin with `//!` and what it is responsible for")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::finding::assert_findings;
    use super::*;

    #[test]
    fn a_module_without_its_purpose_is_found() {
        assert_findings(&check(&Tree::of(&[("src/a.rs", "//! Bids.\n")])), &[]);
        assert_findings(&check(&Tree::of(&[("src/a/tests.rs", "use super::*;\n")])), &[]);
        assert_findings(&check(&Tree::of(&[("src/a.rs", "use std::fmt;\n")])), &["src/a.rs:1"]);
        assert_findings(&check(&Tree::of(&[("src/a.rs", "")])), &["src/a.rs:1"]);
    }
}
