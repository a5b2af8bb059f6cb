//! What was meant to be finished later has an issue, not a mark in the code.

use super::finding::Finding;
use super::source::words;
use crate::tree::Tree;

/// Marks, each written so that this file does not hold it.
const MARKS: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];
/// Code that must not stay.
const CODE: [&str; 5] = [
    concat!("unimplemented", "!("),
    concat!("todo", "!("),
    concat!("dbg", "!("),
    concat!("#[", "ignore]"),
    concat!("#[", "ignore ="),
];

/// Finds marks and code that must not stay, in Rust and in TOML.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts("rs").chain(tree.texts("toml")) {
        for (line, number) in text.lines().zip(1..) {
            let mark = words(line).find(|word| MARKS.contains(word));
            let code = CODE.into_iter().find(|code| line.contains(code));
            if let Some(found) = mark.or(code) {
                findings.push(Finding::line(path, number, format!("`{found}` must not stay")));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::finding::assert_findings;
    use super::*;

    #[test]
    fn every_leftover_is_found() {
        for leftover in MARKS.into_iter().chain(CODE) {
            let tree = Tree::of(&[("src/a.rs", &format!("//! A.\n    {leftover} x\n"))]);
            assert_findings(&check(&tree), &["src/a.rs:2"]);
        }
    }

    #[test]
    fn words_that_contain_one_are_fine() {
        assert_findings(&check(&Tree::of(&[("src/a.rs", "//! AUTODOC, photodbg!, ignored.\n")])), &[]);
    }
}
