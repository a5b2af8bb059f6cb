//! A file is named by the one concept it holds.

use super::finding::Finding;
use crate::tree::Tree;

/// Names that say nothing, and the old form of a module's file.
const BANNED: [&str; 8] =
    ["mod.rs", "utils.rs", "util.rs", "helpers.rs", "helper.rs", "common.rs", "misc.rs", "manager.rs"];

/// Finds files with such a name.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    tree.texts("rs")
        .filter_map(|(path, _)| {
            let name = path.rsplit('/').next()?;
            let message = if name == "mod.rs" {
                "stands as `foo.rs` beside `foo/`".to_owned()
            } else {
                format!("`{name}` says nothing: name the concept")
            };
            BANNED.contains(&name).then(|| Finding::file(path, message))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::finding::assert_findings;
    use super::*;

    #[test]
    fn names_that_say_nothing_are_found() {
        let tree = Tree::of(&[("src/a/mod.rs", ""), ("src/bid.rs", ""), ("src/utils.rs", "")]);
        assert_findings(&check(&tree), &["beside", "`utils.rs`"]);
    }
}
