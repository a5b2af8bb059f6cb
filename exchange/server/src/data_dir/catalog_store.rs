//! [`CatalogStore`]: the catalogs that were taken, one folder a version.
//!
//! A folder appears under its number when all of its files are on disk, so the one with the largest number is
//! the catalog in force, and a crash leaves the one before.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use exchange_catalog::SourceFile;

use super::FOLDER_MODE;
use super::synced_file::{replace_file, sync_folder_of, write_new};

/// Versions that are kept. An auction is explained and replayed with the catalog of its time; at one change an
/// hour these last for a year.
const VERSIONS_MAX: usize = 10_000;
/// The name of a folder that is being written.
const UNFINISHED: &str = "next";
/// The file that says where the relative paths of secrets begin.
const SECRETS_FOLDER: &str = "secrets-folder";
/// Characters of a file's own name that are kept in its stored name.
const NAME_CHARS_MAX: usize = 100;

/// The catalogs that were taken. One process at a time may have it; see [`super::DataDirGuard`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogStore {
    path: PathBuf,
}

/// A catalog that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCatalog {
    /// Its version.
    pub version: u64,
    /// Its files, in the order in which they came.
    pub files: Vec<SourceFile>,
}

impl CatalogStore {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Returns the catalog that was taken last, if there is one.
    ///
    /// # Errors
    ///
    /// Says why it cannot be read.
    pub fn load(&self) -> io::Result<Option<StoredCatalog>> {
        let Some(&version) = self.versions()?.last() else { return Ok(None) };
        self.load_version(version).map(Some)
    }

    /// Returns the catalog of a version.
    ///
    /// # Errors
    ///
    /// Says why it cannot be read; `NotFound` where it was removed.
    pub fn load_version(&self, version: u64) -> io::Result<StoredCatalog> {
        let folder = self.path.join(version.to_string());
        let mut paths: Vec<PathBuf> =
            fs::read_dir(&folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
        paths.sort_unstable();
        let read = |path: PathBuf| {
            let text = fs::read_to_string(&path)?;
            Ok(SourceFile { name: path.to_string_lossy().into_owned(), text })
        };
        let files = paths.into_iter().map(read).collect::<io::Result<_>>()?;
        Ok(StoredCatalog { version, files })
    }

    /// Returns the folder in which the relative paths of secrets begin, where one was stored.
    ///
    /// # Errors
    ///
    /// Says why it cannot be read.
    pub fn secrets_folder(&self) -> io::Result<Option<PathBuf>> {
        match fs::read(self.path.join(SECRETS_FOLDER)) {
            Ok(bytes) => Ok(Some(PathBuf::from(OsString::from_vec(bytes)))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Stores the folder in which the relative paths of secrets begin from now on, and waits for the disk.
    ///
    /// # Errors
    ///
    /// Says why it cannot be written.
    pub fn save_secrets_folder(&self, folder: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&self.path)?;
        replace_file(&self.path.join(SECRETS_FOLDER), folder.as_os_str().as_bytes())
    }

    /// Returns the version for the next catalog.
    ///
    /// # Errors
    ///
    /// Says why the folder cannot be read.
    pub fn next_version(&self) -> io::Result<u64> {
        let last = self.versions()?.last().copied().unwrap_or(0);
        Ok(last.saturating_add(1))
    }

    /// Stores a catalog under [`CatalogStore::next_version`], which it returns, and waits for the disk.
    ///
    /// # Errors
    ///
    /// Says why it cannot be written; the one before stays the last then.
    pub fn save(&self, files: &[SourceFile]) -> io::Result<u64> {
        let mut folders = DirBuilder::new();
        folders.recursive(true).mode(FOLDER_MODE).create(&self.path)?;
        let version = self.next_version()?;
        let unfinished = self.path.join(UNFINISHED);
        match fs::remove_dir_all(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => folders.create(&unfinished)?,
        }
        for (position, file) in files.iter().enumerate() {
            let path = unfinished.join(stored_name(position, &file.name));
            write_new(&path, file.text.as_bytes())?;
        }
        sync_folder_of(&unfinished.join("any"))?;
        let finished = self.path.join(version.to_string());
        fs::rename(&unfinished, &finished)?;
        sync_folder_of(&finished)?;
        self.remove_oldest()?;
        Ok(version)
    }

    fn remove_oldest(&self) -> io::Result<()> {
        let versions = self.versions()?;
        let excess = versions.len().saturating_sub(VERSIONS_MAX);
        versions
            .iter()
            .take(excess)
            .try_for_each(|version| fs::remove_dir_all(self.path.join(version.to_string())))
    }

    /// Returns the versions that are stored, in their order.
    fn versions(&self) -> io::Result<Vec<u64>> {
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut versions = Vec::new();
        for entry in entries {
            versions.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
        }
        versions.sort_unstable();
        Ok(versions)
    }
}

/// Returns the name under which a file is stored: it sorts in the order of the files, and whatever a caller named
/// it, it stays in its folder.
fn stored_name(position: usize, name: &str) -> String {
    let own = Path::new(name).file_stem().and_then(|stem| stem.to_str()).unwrap_or("");
    let plain = |character: char| {
        if character.is_ascii_alphanumeric() || "-_".contains(character) { character } else { '_' }
    };
    let own: String = own.chars().take(NAME_CHARS_MAX).map(plain).collect();
    format!("{position:05}-{own}.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> SourceFile {
        SourceFile { name: name.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn the_catalog_taken_last_comes_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = CatalogStore::new(folder.path().join("catalog"));
        assert_eq!(store.load().expect("readable"), None);
        assert_eq!(store.save(&[file("a.toml", "1")]).expect("saved"), 1);
        let files = [file("../z.toml", "first"), file("a b.toml", "second")];
        assert_eq!(store.save(&files).expect("saved"), 2);
        let stored = store.load().expect("readable").expect("there is one");
        assert_eq!(stored.version, 2);
        let names: Vec<String> = stored.files.iter().map(|file| file.name.clone()).collect();
        let stored_at = |name: &str| folder.path().join("catalog/2").join(name).display().to_string();
        assert_eq!(names, [stored_at("00000-z.toml"), stored_at("00001-a_b.toml")]);
        let texts: Vec<&str> = stored.files.iter().map(|file| &*file.text).collect();
        assert_eq!(texts, ["first", "second"]);
    }

    #[test]
    fn the_folder_of_secrets_comes_back_and_is_no_version() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = CatalogStore::new(folder.path().join("catalog"));
        assert_eq!(store.secrets_folder().expect("readable"), None);
        for beside in ["/etc/exchange", "/etc/other one"] {
            store.save_secrets_folder(Path::new(beside)).expect("saved");
            assert_eq!(store.secrets_folder().expect("readable"), Some(PathBuf::from(beside)));
        }
        assert_eq!(store.load().expect("readable"), None);
    }

    #[test]
    fn a_catalog_that_a_crash_left_unfinished_does_not_count() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = CatalogStore::new(folder.path().to_owned());
        store.save(&[file("a.toml", "1")]).expect("saved");
        fs::create_dir(folder.path().join(UNFINISHED)).expect("made");
        fs::write(folder.path().join(UNFINISHED).join("00000-a.toml"), "half").expect("written");
        assert_eq!(store.load().expect("readable").expect("there is one").version, 1);
        assert_eq!(store.save(&[file("a.toml", "2")]).expect("saved"), 2);
    }

    #[test]
    fn versions_beyond_the_limit_are_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = CatalogStore::new(folder.path().to_owned());
        for version in 1..=VERSIONS_MAX {
            fs::create_dir(folder.path().join(version.to_string())).expect("made");
        }
        store.save(&[]).expect("saved");
        assert_eq!(store.load_version(1).expect_err("removed").kind(), io::ErrorKind::NotFound);
        let versions = store.versions().expect("readable");
        assert_eq!((versions.first(), versions.len()), (Some(&2), VERSIONS_MAX));
    }
}
