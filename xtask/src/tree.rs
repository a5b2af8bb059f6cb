//! [`Tree`]: the repository's own text files, read once.
//!
//! It does not ask git, so that a rule also holds for a file that was not added yet, and for an archive
//! without history.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Context as _;

/// Folders that hold what was built or fetched, never what was written.
const SKIPPED_FOLDERS: [&str; 4] = ["target", "node_modules", "__pycache__", ".git"];
/// Kinds of file that a rule reads.
const TEXT_EXTENSIONS: [&str; 3] = ["rs", "toml", "md"];
/// A source file is far smaller; what is larger is data, and only its name counts.
const TEXT_BYTES_MAX: u64 = 1 << 20;

/// The files of the repository by their path from its root, with `/` between the parts.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    texts: BTreeMap<String, String>,
    paths: BTreeSet<String>,
}

impl Tree {
    /// Reads the repository.
    ///
    /// # Errors
    ///
    /// Fails if a folder or a file cannot be read, or if a text is not UTF-8.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut tree = Self::default();
        tree.read_folder(root, "")?;
        Ok(tree)
    }

    /// Returns a tree of these paths and texts.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.add(path, Some((*text).to_owned()));
        }
        tree
    }

    /// Returns the text of a file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Returns path and text of every file with this extension.
    pub(crate) fn texts<'a>(&'a self, extension: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.texts
            .iter()
            .filter(move |(path, _)| extension_of(path) == Some(extension))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Returns whether a file or a folder stands there.
    pub(crate) fn contains(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str) -> anyhow::Result<()> {
        let entries = fs::read_dir(folder).with_context(|| format!("failed to list {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().into_string().ok().context("a file's name is not UTF-8")?;
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
            let kind = entry.file_type()?;
            if kind.is_dir() {
                if !SKIPPED_FOLDERS.contains(&name.as_str()) {
                    self.read_folder(&entry.path(), &path)?;
                }
            } else {
                let text = reads(&path, entry.metadata()?.len()).then(|| fs::read_to_string(entry.path()));
                self.add(&path, text.transpose().with_context(|| format!("failed to read {path}"))?);
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &str, text: Option<String>) {
        for (end, _) in path.match_indices('/') {
            self.paths.extend(path.get(..end).map(str::to_owned));
        }
        self.paths.insert(path.to_owned());
        if let Some(text) = text {
            self.texts.insert(path.to_owned(), text);
        }
    }
}

fn reads(path: &str, bytes: u64) -> bool {
    bytes <= TEXT_BYTES_MAX && extension_of(path).is_some_and(|it| TEXT_EXTENSIONS.contains(&it))
}

fn extension_of(path: &str) -> Option<&str> {
    Path::new(path).extension()?.to_str()
}
