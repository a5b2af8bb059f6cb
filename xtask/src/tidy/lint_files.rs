//! The `clippy.toml` of a pure crate replaces the root one, so it must repeat every ban of it, and all of the
//! pure crates must say the same.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::finding::Finding;
use super::purity::PURE_CRATES;
use crate::tree::Tree;

const ROOT: &str = "clippy.toml";
const BANS: [&str; 2] = ["disallowed-methods", "disallowed-types"];

/// Finds pure crates without the common bans.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let first = PURE_CRATES.first().and_then(|name| tree.text(&path_of(name)));
    let root = tree.text(ROOT).unwrap_or_default();
    for path in PURE_CRATES.map(path_of) {
        let Some(text) = tree.text(&path) else {
            findings.push(Finding::file(&path, "is missing: a pure crate has stricter bans"));
            continue;
        };
        if first.is_some_and(|it| it != text) {
            findings.push(Finding::file(&path, "differs from the other pure crates' file"));
        }
        for lost in entries(root).difference(&entries(text)) {
            findings.push(Finding::file(&path, format!("lacks what the root says: {lost}")));
        }
    }
    findings
}

fn path_of(name: &str) -> String {
    format!("exchange/{name}/clippy.toml")
}

/// Returns every setting and every banned path of a file.
fn entries(text: &str) -> BTreeSet<String> {
    let table = text.parse::<Table>().unwrap_or_default();
    let mut entries = BTreeSet::new();
    for (key, value) in &table {
        if BANS.contains(&key.as_str()) {
            let bans = value.as_array().into_iter().flatten();
            entries.extend(bans.filter_map(|ban| ban.get("path")?.as_str()).map(|it| format!("{key} {it}")));
        } else {
            entries.insert(format!("{key} = {}", shown(value)));
        }
    }
    entries
}

fn shown(value: &Value) -> String {
    let flag = value.as_bool().map(|it| it.to_string());
    flag.or_else(|| Some(value.as_integer()?.to_string())).unwrap_or_else(|| format!("{value:?}"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::assert_findings;
    use super::*;

    const BANNED: &str = "a = 1\ndisallowed-methods = [{ path = \"std::fs::read\", reason = \"r\" }]\n";

    /// Checks a root file, one file for `types`, and one for each other pure crate.
    fn check_files(root: &str, types: &str, others: &str, expected: &[&str]) {
        let paths = PURE_CRATES.map(path_of);
        let mut files = vec![(ROOT, root)];
        files.extend(
            paths.iter().map(|path| (path.as_str(), if path.contains("types") { types } else { others })),
        );
        assert_findings(&check(&Tree::of(&files)), expected);
    }

    #[test]
    fn files_that_repeat_the_root_are_fine() {
        let stricter = format!("{BANNED}disallowed-types = [\"std::fs::File\"]\n");
        check_files(BANNED, &stricter, &stricter, &[]);
    }

    #[test]
    fn a_lost_ban_is_found_in_every_crate() {
        check_files(BANNED, "a = 1\n", "a = 1\n", &["std::fs::read"; 7]);
        check_files("a = 1\n", "a = 2\n", "a = 2\n", &["a = 1"; 7]);
    }

    #[test]
    fn the_pure_crates_say_the_same() {
        check_files("", "a = 1\n", "", &["differs"; 6]);
    }

    #[test]
    fn a_pure_crate_without_a_file_is_found() {
        assert_findings(&check(&Tree::of(&[])), &["is missing"; 7]);
    }
}
