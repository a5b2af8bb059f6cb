//! The workspace's manifests: what a member must say, and [`Manifest`], which other rules read.
//!
//! Folders that the root manifest excludes, such as the peers of the load comparison, follow none of it.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::finding::Finding;
use crate::tree::Tree;

const ROOT: &str = "Cargo.toml";
/// Fields of a package that the root manifest decides.
const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];

/// What one crate's manifest says of its dependencies.
#[derive(Debug)]
pub(crate) struct Manifest {
    /// Its path from the repository's root.
    pub(crate) path: String,
    /// The crate's name.
    pub(crate) name: String,
    /// The crate's dependencies, of every platform.
    pub(crate) dependencies: Vec<Dependency>,
}

/// One dependency.
#[derive(Debug)]
pub(crate) struct Dependency {
    /// The name of the package, not its alias.
    pub(crate) name: String,
    /// For what it is used.
    pub(crate) section: Section,
    inherited: bool,
}

/// For what a dependency is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// The crate itself.
    Normal,
    /// Its tests.
    Tests,
    /// Its build script.
    Build,
}

const SECTIONS: [(&str, Section); 3] = [
    ("dependencies", Section::Normal),
    ("dev-dependencies", Section::Tests),
    ("build-dependencies", Section::Build),
];

impl Manifest {
    /// Returns the manifests of all crates; one that cannot be parsed is the business of [`check`].
    pub(crate) fn members(tree: &Tree) -> Vec<Self> {
        manifest_tables(tree).into_iter().filter_map(|(path, table)| Self::read(path, &table.ok()?)).collect()
    }

    fn read(path: &str, table: &Table) -> Option<Self> {
        let name = table.get("package")?.get("name")?.as_str()?.to_owned();
        let mut dependencies = Vec::new();
        let platforms = table.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
        for source in std::iter::once(table).chain(platforms.filter_map(Value::as_table)) {
            for (key, section) in SECTIONS {
                let listed = source.get(key).and_then(Value::as_table).into_iter().flatten();
                dependencies.extend(listed.map(|(alias, value)| Dependency::read(alias, value, section)));
            }
        }
        Some(Self { path: path.to_owned(), name, dependencies })
    }
}

impl Dependency {
    fn read(alias: &str, value: &Value, section: Section) -> Self {
        let name = value.get("package").and_then(Value::as_str).unwrap_or(alias).to_owned();
        Self { name, section, inherited: inherits(Some(value)) }
    }
}

/// Finds members that do not inherit versions and lints, and crates that are no members.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let members = members(tree);
    let mut findings = Vec::new();
    for (path, table) in manifest_tables(tree) {
        match table {
            Err(error) => findings.push(Finding::file(path, format!("is no TOML: {}", error.message()))),
            Ok(table) if table.contains_key("package") => {
                check_package(path, &table, &mut findings);
                let folder = path.trim_end_matches("/Cargo.toml");
                if !members.contains(folder) {
                    findings.push(Finding::file(path, "is no member of the workspace"));
                }
            }
            Ok(_) => {}
        }
    }
    findings
}

fn check_package(path: &str, table: &Table, findings: &mut Vec<Finding>) {
    if !inherits(table.get("lints")) {
        findings.push(Finding::file(path, "lacks `[lints] workspace = true`"));
    }
    for field in INHERITED {
        if !inherits(table.get("package").and_then(|package| package.get(field))) {
            findings.push(Finding::file(path, format!("lacks `{field}.workspace = true`")));
        }
    }
    let manifest = Manifest::read(path, table);
    for dependency in manifest.iter().flat_map(|it| &it.dependencies).filter(|it| !it.inherited) {
        let message = format!("`{}` states its own version or path; the root manifest does", dependency.name);
        findings.push(Finding::file(path, message));
    }
}

fn inherits(value: Option<&Value>) -> bool {
    value.and_then(|it| it.get("workspace")).and_then(Value::as_bool) == Some(true)
}

fn members(tree: &Tree) -> BTreeSet<String> {
    folders(tree, "members")
}

/// Returns the folders that the root manifest lists under a key of its workspace.
fn folders(tree: &Tree, key: &str) -> BTreeSet<String> {
    let root = tree.text(ROOT).and_then(|text| text.parse::<Table>().ok()).unwrap_or_default();
    let listed = root.get("workspace").and_then(|it| it.get(key)).and_then(Value::as_array);
    listed.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn manifest_tables(tree: &Tree) -> Vec<(&str, Result<Table, toml::de::Error>)> {
    let excluded = folders(tree, "exclude");
    let is_excluded = |path: &str| excluded.iter().any(|folder| path.starts_with(&format!("{folder}/")));
    tree.texts("toml")
        .filter(|(path, _)| path.ends_with("/Cargo.toml") && !is_excluded(path))
        .map(|(path, text)| (path, text.parse::<Table>()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::finding::assert_findings;
    use super::*;

    const GOOD: &str = "[package]\nname = \"a\"\nversion.workspace = true\nedition.workspace = true\n\
        rust-version.workspace = true\nlicense.workspace = true\npublish.workspace = true\n\
        [dependencies]\nserde = { workspace = true, features = [\"rc\"] }\n[lints]\nworkspace = true\n";

    /// Checks one member with the good manifest changed in one place.
    fn check_changed(from: &str, to: &str, expected: &[&str]) {
        let root = "[workspace]\nmembers = [\"a\"]\n";
        let manifest = GOOD.replace(from, to);
        assert_findings(&check(&Tree::of(&[("Cargo.toml", root), ("a/Cargo.toml", &manifest)])), expected);
    }

    #[test]
    fn a_member_that_inherits_everything_is_fine() {
        check_changed("", "", &[]);
    }

    #[test]
    fn versions_stand_in_the_root_manifest_only() {
        check_changed("{ workspace = true, features = [\"rc\"] }", "\"1\"", &["`serde`"]);
        check_changed("{ workspace = true,", "{ path = \"../serde\",", &["`serde`"]);
        check_changed("edition.workspace = true", "edition = \"2024\"", &["edition.workspace"]);
    }

    #[test]
    fn lints_come_from_the_root_manifest() {
        check_changed("[lints]\nworkspace = true\n", "", &["[lints]"]);
    }

    #[test]
    fn a_broken_manifest_is_named() {
        check_changed("[package]", "[package", &["is no TOML"]);
    }

    #[test]
    fn an_excluded_folder_follows_no_rule() {
        let root = "[workspace]\nmembers = []\nexclude = [\"peers\"]\n";
        let own = "[package]\nname = \"a\"\nversion = \"1.0.0\"\n";
        for (path, expected) in [("peers/a/Cargo.toml", true), ("peers-not/Cargo.toml", false)] {
            let tree = Tree::of(&[("Cargo.toml", root), (path, own)]);
            assert_eq!(check(&tree).is_empty(), expected, "{path}");
            assert_eq!(Manifest::members(&tree).is_empty(), expected, "{path}");
        }
    }

    #[test]
    fn a_crate_outside_the_workspace_is_found() {
        let tree = Tree::of(&[("Cargo.toml", "[workspace]\nmembers = []\n"), ("a/Cargo.toml", GOOD)]);
        assert_findings(&check(&tree), &["no member"]);
    }
}
