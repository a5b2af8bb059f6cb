//! A file that has grown holds a second concept.

use super::finding::Finding;
use super::source::{is_test_file, lines_before_tests};
use crate::tree::Tree;

/// From here on a split is worth a look.
const LINES_WORTH_A_LOOK: usize = 400;
/// No file is longer.
const LINES_MAX: usize = 800;

/// Finds long files; tests do not count.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts("rs").filter(|(path, _)| !is_test_file(path)) {
        let lines = lines_before_tests(text).count();
        if lines > LINES_MAX {
            findings.push(Finding::file(path, format!("{lines} lines, at most {LINES_MAX}: split it")));
        } else if lines > LINES_WORTH_A_LOOK {
            findings.push(Finding::file(path, format!("{lines} lines: look for a split")).warning());
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::finding::assert_findings;
    use super::*;

    fn check_lines(path: &str, before_tests: usize, expected: &[&str]) {
        let text = format!(
            "{}#[cfg(test)]\nmod tests {{\n{}}}\n",
            "\n".repeat(before_tests),
            "\n".repeat(LINES_MAX)
        );
        assert_findings(&check(&Tree::of(&[(path, &text)])), expected);
    }

    #[test]
    fn long_files_are_found_and_tests_do_not_count() {
        check_lines("src/a.rs", LINES_WORTH_A_LOOK, &[]);
        check_lines("src/a.rs", LINES_WORTH_A_LOOK + 2, &["warning"]);
        check_lines("src/a.rs", LINES_MAX, &["warning"]);
        check_lines("src/a.rs", LINES_MAX + 2, &["error"]);
        check_lines("src/a/tests.rs", LINES_MAX + 2, &[]);
    }
}
