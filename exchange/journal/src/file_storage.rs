//! [`FileStorage`]: a directory of the operating system.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::FallocateFlags;
use rustix::io::Errno;

use crate::storage::Storage;

/// Keeps two writers apart; it holds nothing.
const LOCK: &str = "lock";

/// A directory of the operating system.
#[derive(Clone, Debug)]
pub struct FileStorage {
    directory: Arc<PathBuf>,
    /// Held while one clone lives; the system lets go of it when the process dies.
    _lock: Option<Arc<File>>,
}

impl FileStorage {
    /// Creates the directory if it is missing and locks it: only one process writes a journal.
    ///
    /// # Errors
    ///
    /// `ResourceBusy` where another process holds the lock; else as the system says.
    pub fn exclusive(directory: &Path) -> io::Result<Self> {
        create_directory(directory)?;
        let lock = options().create(true).truncate(false).open(directory.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let text = format!("{} is locked by another process; stop it first", directory.display());
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, text));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        Ok(Self { directory: Arc::new(directory.to_owned()), _lock: Some(Arc::new(lock)) })
    }

    /// Returns an existing directory without locking it, for reading.
    ///
    /// # Errors
    ///
    /// `NotFound` or `NotADirectory` where there is no such directory; else as the system says.
    pub fn shared(directory: &Path) -> io::Result<Self> {
        if !std::fs::metadata(directory)?.is_dir() {
            return Err(io::Error::from(io::ErrorKind::NotADirectory));
        }
        Ok(Self { directory: Arc::new(directory.to_owned()), _lock: None })
    }

    /// Returns the directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

impl Storage for FileStorage {
    type File = File;

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.directory())? {
            // A name that is no text is none of the journal's.
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<File> {
        options().create(true).truncate(true).open(self.path(name))
    }

    fn open(&self, name: &str) -> io::Result<File> {
        let path = self.path(name);
        match options().open(&path) {
            // Who may only read a journal, or an archive on a read-only medium, can still verify it.
            Err(error) if read_only(&error) => File::open(&path),
            opened => opened,
        }
    }

    fn allocate(&self, file: &File, length: u64) -> io::Result<()> {
        match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, length) {
            // A file system that cannot set room aside: the free-space watch is all there is.
            Err(Errno::OPNOTSUPP) if file.metadata()?.len() < length => file.set_len(length),
            Ok(()) | Err(Errno::OPNOTSUPP) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn length(&self, file: &File) -> io::Result<u64> {
        Ok(file.metadata()?.len())
    }

    fn read_at(&self, file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        uninterrupted(|| file.read_at(bytes, offset))
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        uninterrupted(|| file.write_at(bytes, offset))
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn sync_dir(&self) -> io::Result<()> {
        File::open(self.directory())?.sync_all()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path(name))
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(self.directory())?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}

/// Creates a directory with those above it, and returns when their names are on the disk.
fn create_directory(directory: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = directory.ancestors().take_while(|path| !path.exists()).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    for made in missing {
        let above = made.parent().filter(|path| !path.as_os_str().is_empty());
        File::open(above.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// Returns how the journal opens its files: nobody else reads them.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

fn read_only(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// Makes a call again that a signal has interrupted before it did anything.
fn uninterrupted(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
