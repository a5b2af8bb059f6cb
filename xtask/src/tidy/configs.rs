//! Every configuration that is shipped can be read. What it means is checked by the crate that reads it.

use toml::Table;

use super::finding::Finding;
use crate::tree::Tree;

const FOLDER: &str = "configs/";

/// Finds shipped configurations that are no TOML.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    tree.texts("toml")
        .filter(|(path, _)| path.starts_with(FOLDER))
        .filter_map(|(path, text)| {
            let error = text.parse::<Table>().err()?;
            let before = text.get(..error.span()?.start)?;
            Some(Finding::line(path, before.matches('\n').count() + 1, error.message()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::finding::assert_findings;
    use super::*;

    #[test]
    fn a_broken_configuration_is_found_with_its_line() {
        assert_findings(&check(&Tree::of(&[("configs/a.toml", "a = 1\nb = 2\n")])), &[]);
        assert_findings(&check(&Tree::of(&[("configs/a.toml", "a = 1\nb = \n")])), &["configs/a.toml:2"]);
        assert_findings(&check(&Tree::of(&[("other/a.toml", "b = \n")])), &[]);
    }
}
