//! Every Rust file is compiled: a module that nobody declares would rot unseen.

use super::finding::Finding;
use super::source::words;
use crate::tree::Tree;

/// Files that cargo finds by itself wherever they stand.
const ROOTS: [&str; 3] = ["lib.rs", "main.rs", "build.rs"];
/// Folders in which each file is a target of its own.
const TARGET_FOLDERS: [&str; 5] = ["tests", "benches", "examples", "src/bin", "fuzz_targets"];

/// Finds files that no module declares.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    tree.texts("rs")
        .filter(|(path, _)| !is_declared(tree, path))
        .map(|(path, _)| Finding::file(path, "no module declares this file, so nothing compiles it"))
        .collect()
}

fn is_declared(tree: &Tree, path: &str) -> bool {
    let Some((folder, name)) = path.rsplit_once('/') else { return true };
    if ROOTS.contains(&name)
        || TARGET_FOLDERS.iter().any(|it| folder == *it || folder.ends_with(&format!("/{it}")))
    {
        return true;
    }
    let module = name.trim_end_matches(".rs");
    let parents = [format!("{folder}.rs"), format!("{folder}/lib.rs"), format!("{folder}/main.rs")];
    parents.iter().filter_map(|parent| tree.text(parent)).any(|text| declares(text, module))
}

/// Returns whether a line is `mod <module>;`, whatever its visibility, or names the file by `#[path]`.
fn declares(text: &str, module: &str) -> bool {
    text.lines().any(|line| {
        let follows_mod = words(line).zip(words(line).skip(1)).any(|pair| pair == ("mod", module));
        (follows_mod && line.trim_end().ends_with(';'))
            || (line.contains("#[path") && line.contains(&format!("{module}.rs")))
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::assert_findings;
    use super::*;

    fn check_files(files: &[(&str, &str)], expected: &[&str]) {
        assert_findings(&check(&Tree::of(files)), expected);
    }

    #[test]
    fn declared_modules_are_fine() {
        let files = [
            ("a/src/lib.rs", "mod bid;\npub(crate) mod score;\n"),
            ("a/src/bid.rs", "#[cfg(test)]\nmod tests;\n"),
            ("a/src/bid/tests.rs", ""),
            ("a/src/score.rs", ""),
            ("a/tests/it/main.rs", "mod sale;\n"),
            ("a/tests/it/sale.rs", ""),
            ("a/tests/loom.rs", ""),
        ];
        check_files(&files, &[]);
    }

    #[test]
    fn a_file_that_nobody_declares_is_found() {
        check_files(&[("a/src/lib.rs", "// mod bid\nmod bids;\n"), ("a/src/bid.rs", "")], &["a/src/bid.rs"]);
        check_files(&[("a/src/bid/entry.rs", ""), ("a/src/lib.rs", "mod entry;\n")], &["a/src/bid/entry.rs"]);
    }
}
