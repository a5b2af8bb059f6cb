//! [`DataDir`]: the folder that holds what outlives a process.
//!
//! ```text
//! DATA_DIR/lock           held while a process serves from the folder
//! DATA_DIR/secret.key     the root of ids, pseudonyms and fingerprints
//! DATA_DIR/keys.toml      the hashes of the bearer keys
//! DATA_DIR/master.key     wraps the keys of personal data, unless the configuration names another file
//! DATA_DIR/keyslots/      a key for the personal data of each lead
//! DATA_DIR/catalog/7/     the files of catalog version 7
//! DATA_DIR/journal/       every record
//! DATA_DIR/checkpoints/   what a start needs of older records
//! DATA_DIR/store.db       the tables that operators ask, unless they are in PostgreSQL
//! ```
//!
//! The folder and its files belong to one user and nobody else reads them.

mod catalog_store;
mod checkpoints;
mod secret_key;
mod synced_file;

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

pub use catalog_store::{CatalogStore, StoredCatalog};
pub use checkpoints::Checkpoints;
pub use secret_key::SecretKey;

pub(crate) use synced_file::replace_file;

/// Folders: for their owner only.
pub(crate) const FOLDER_MODE: u32 = 0o700;
/// Files: for their owner only.
pub(crate) const FILE_MODE: u32 = 0o600;

/// The folder that holds what outlives a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDir {
    path: PathBuf,
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// A file or folder in it cannot be read or written.
    #[error("cannot use {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process serves from it.
    #[error("another process serves from {}", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// Others may read the secret.
    #[error("{} may be read by others: run `chmod 600` on it, or replace it if others have read it", path.display())]
    SecretExposed {
        /// The file.
        path: PathBuf,
    },
    /// The secret is no secret.
    #[error("{} does not hold 64 hexadecimal digits", path.display())]
    SecretMalformed {
        /// The file.
        path: PathBuf,
    },
}

impl DataDir {
    /// Opens the folder, making it where it is missing.
    ///
    /// # Errors
    ///
    /// Says why it cannot be made.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let made = DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path);
        made.map_err(|source| io_error(path, source))?;
        Ok(Self { path: path.to_owned() })
    }

    /// Opens the folder where it is there already.
    ///
    /// # Errors
    ///
    /// Says why it cannot be read.
    pub fn find(path: &Path) -> Result<Self, DataDirError> {
        std::fs::read_dir(path).map_err(|source| io_error(path, source))?;
        Ok(Self { path: path.to_owned() })
    }

    /// Returns the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns where the keys are kept.
    pub fn keys_file(&self) -> PathBuf {
        self.path.join("keys.toml")
    }

    /// Reads the secret of a folder that was served from before.
    ///
    /// # Errors
    ///
    /// Says why it cannot be read, or that it is exposed or damaged.
    pub fn read_secret_key(&self) -> Result<SecretKey, DataDirError> {
        SecretKey::read_existing(&self.path.join("secret.key"))
    }

    /// Returns the folder of the journal.
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal")
    }

    /// Returns the folder of the keys of personal data.
    pub fn key_slots(&self) -> PathBuf {
        self.path.join("keyslots")
    }

    /// Returns the file of the master key, where the configuration names no other.
    pub fn master_key(&self) -> PathBuf {
        self.path.join("master.key")
    }

    /// Returns the file of the embedded store.
    pub fn store(&self) -> PathBuf {
        self.path.join("store.db")
    }

    /// Returns where checkpoints are kept.
    pub fn checkpoints(&self) -> Checkpoints {
        Checkpoints::new(self.path.join("checkpoints"))
    }

    /// Claims the folder for this process until the guard is dropped.
    ///
    /// # Errors
    ///
    /// Says that another process has it.
    pub fn lock(&self) -> Result<DataDirGuard, DataDirError> {
        let path = self.path.join("lock");
        let file = open_lock(&path).map_err(|source| io_error(&path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(DataDirGuard { dir: self.clone(), _lock: file }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::Locked { path: self.path.clone() }),
            Err(TryLockError::Error(source)) => Err(io_error(&path, source)),
        }
    }
}

/// A data directory that no other process serves from.
#[derive(Debug)]
pub struct DataDirGuard {
    dir: DataDir,
    /// The system releases the lock with the file, however the process ends.
    _lock: File,
}

impl DataDirGuard {
    /// Returns the folder.
    pub const fn dir(&self) -> &DataDir {
        &self.dir
    }

    /// Reads the secret, or draws it at the first start.
    ///
    /// # Errors
    ///
    /// Says why it cannot be read, or that it is exposed or damaged.
    pub fn secret_key(&self) -> Result<SecretKey, DataDirError> {
        SecretKey::read_or_create(&self.dir.path.join("secret.key"))
    }

    /// Returns where catalogs are kept.
    pub fn catalogs(&self) -> CatalogStore {
        CatalogStore::new(self.dir.path.join("catalog"))
    }
}

/// Opens a file that is there to be locked.
pub(crate) fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(FILE_MODE).open(path)
}

fn io_error(path: &Path, source: io::Error) -> DataDirError {
    DataDirError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
    }

    #[test]
    fn only_the_owner_may_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = DataDir::open(&folder.path().join("a/b")).expect("made");
        let guard = dir.lock().expect("nobody else has it");
        guard.secret_key().expect("drawn");
        assert_eq!(mode(dir.path()), 0o700);
        for file in ["lock", "secret.key"] {
            assert_eq!(mode(&dir.path().join(file)), 0o600, "{file}");
        }
    }

    #[test]
    fn two_processes_cannot_share_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = DataDir::open(folder.path()).expect("opened");
        let guard = dir.lock().expect("nobody else has it");
        assert!(matches!(dir.lock(), Err(DataDirError::Locked { .. })));
        drop(guard);
        dir.lock().expect("released");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("written");
        let error = DataDir::open(&file.join("below")).expect_err("a file is no folder");
        assert_eq!(error.to_string(), format!("cannot use {}", file.join("below").display()));
    }
}
