//! [`Folder`]: a fresh folder for one run, for its owner only.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// Names that are tried before giving up; more would mean that something else is wrong.
const TRIES_MAX: u32 = 100;

/// A fresh folder. It stays unless it is removed, so that a failed run can be looked into.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes a folder that did not exist, where the system keeps temporary files.
    ///
    /// # Errors
    ///
    /// Fails if no folder can be made there.
    pub(crate) fn create() -> io::Result<Self> {
        let parent = std::env::temp_dir();
        let process = std::process::id();
        for number in 0..TRIES_MAX {
            let path = parent.join(format!("exchange-xtask-{process}-{number}"));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self { path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other(format!("{} is full of earlier runs", parent.display())))
    }

    /// Returns where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file and returns its path.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written.
    pub(crate) fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.path.join(name);
        fs::write(&path, text)?;
        Ok(path)
    }

    /// Removes it with everything in it.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be removed.
    pub(crate) fn remove(self) -> io::Result<()> {
        fs::remove_dir_all(self.path)
    }
}
