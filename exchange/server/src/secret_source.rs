//! [`SecretSource`]: what `env:NAME` and `file:PATH` in a catalog lead to: secrets, certificates, lists, places.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Bytes of a file: every postal code of a large country with its place.
const FILE_BYTES_MAX: u64 = 8 * 1_024 * 1_024;

/// Looks up the secrets that a catalog refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretSource {
    /// Where relative paths begin.
    base: PathBuf,
}

impl SecretSource {
    /// Returns the secrets of a catalog whose relative paths begin at a folder.
    pub const fn new(base: PathBuf) -> Self {
        Self { base }
    }

    /// Returns the secrets of a catalog whose relative paths begin beside its file.
    pub fn beside(file: &Path) -> Self {
        Self::new(file.parent().unwrap_or_else(|| Path::new("")).to_owned())
    }

    /// Returns the same secrets wherever a later process is started.
    ///
    /// # Errors
    ///
    /// Says why the current folder is not known.
    pub fn absolute(self) -> io::Result<Self> {
        let base = if self.base.as_os_str().is_empty() { PathBuf::from(".") } else { self.base };
        Ok(Self { base: std::path::absolute(base)? })
    }

    /// Returns the folder in which relative paths begin.
    pub fn folder(&self) -> &Path {
        &self.base
    }

    /// Returns the secret behind a reference; nothing where there is no such variable or file, or where it is no
    /// text.
    pub fn lookup(&self, reference: &str) -> Option<String> {
        if let Some(name) = reference.strip_prefix("env:") {
            return std::env::var(name).ok();
        }
        let file = File::open(self.base.join(reference.strip_prefix("file:")?)).ok()?;
        let mut text = String::new();
        file.take(FILE_BYTES_MAX.saturating_add(1)).read_to_string(&mut text).ok()?;
        // What is too large is no file at all: a part of a list would be another list.
        let fits = u64::try_from(text.len()).is_ok_and(|length| length <= FILE_BYTES_MAX);
        fits.then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_beside_the_catalog() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("north.secret"), "whsec_x\n").expect("written");
        let secrets = SecretSource::beside(&folder.path().join("catalog.toml"));
        assert_eq!(secrets.lookup("file:north.secret").as_deref(), Some("whsec_x\n"));
        let largest = "x".repeat(usize::try_from(FILE_BYTES_MAX).expect("a length"));
        std::fs::write(folder.path().join("largest"), &largest).expect("written");
        assert_eq!(secrets.lookup("file:largest").map(|text| text.len()), Some(largest.len()));
        std::fs::write(folder.path().join("larger"), format!("{largest}x")).expect("written");
        assert_eq!(secrets.lookup("file:larger"), None, "not a part of it");
        for reference in ["file:south.secret", "env:EXCHANGE_NO_SUCH_VARIABLE", "north.secret", ""] {
            assert_eq!(secrets.lookup(reference), None, "{reference}");
        }
    }
}
