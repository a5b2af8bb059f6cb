//! [`Storage`]: the files of a vault, as a seam at which a test can fail or lose what was not synced.

use core::fmt::Debug;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Folders: for their owner only.
const FOLDER_MODE: u32 = 0o700;
/// Files: for their owner only.
const FILE_MODE: u32 = 0o600;

/// A folder with one level of folders in it, and a source of random bits. Paths are relative to the folder.
pub trait Storage: Debug + Send + Sync {
    /// Makes a folder where it is missing, durably.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;
    /// Returns the names of the files in a folder, in any order.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn names(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// Makes an empty file that is not there yet and opens it. Nobody but its owner may read it.
    ///
    /// # Errors
    ///
    /// What the system says; `AlreadyExists` where it is there.
    fn create(&self, path: &Path) -> io::Result<Box<dyn StorageFile>>;
    /// Opens a file for reading and writing.
    ///
    /// # Errors
    ///
    /// What the system says; `NotFound` where it is missing.
    fn open(&self, path: &Path) -> io::Result<Box<dyn StorageFile>>;
    /// Gives a file another name in its folder.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Waits until the names in a folder are on disk.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Waits until everything that anybody has written here is on disk, an earlier process too.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn sync_everything(&self) -> io::Result<()>;
    /// Fills bytes with random ones that nobody can foresee.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn fill_random(&self, bytes: &mut [u8]) -> io::Result<()>;
}

/// An open file.
pub trait StorageFile: Send {
    /// Returns the length in bytes.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn length(&self) -> io::Result<u64>;
    /// Reads all of `bytes` from an offset.
    ///
    /// # Errors
    ///
    /// What the system says; `UnexpectedEof` where the file ends before.
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()>;
    /// Writes all of `bytes` at an offset.
    ///
    /// # Errors
    ///
    /// What the system says; then any part may have been written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Waits until what was written is on disk.
    ///
    /// # Errors
    ///
    /// What the system says; then nothing is known of what was written, and a second call proves nothing.
    fn sync(&self) -> io::Result<()>;
}

/// The real files below a folder.
#[derive(Clone, Debug)]
pub struct FileStorage {
    root: PathBuf,
}

impl FileStorage {
    /// Uses a folder, making it where it is missing.
    ///
    /// # Errors
    ///
    /// Says why it cannot be made.
    pub fn open(root: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(root)?;
        let parent = root.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or_else(|| Path::new(".")))?.sync_all()?;
        Ok(Self { root: root.to_owned() })
    }
}

impl Storage for FileStorage {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(self.root.join(folder))?;
        File::open(&self.root)?.sync_all()
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(self.root.join(folder))?;
        // A name that is no text is none of ours.
        let names = entries.filter_map(|entry| entry.map(|it| it.file_name().into_string().ok()).transpose());
        names.collect()
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).mode(FILE_MODE);
        Ok(Box::new(RealFile(file.open(self.root.join(path))?)))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        let file = OpenOptions::new().read(true).write(true).open(self.root.join(path))?;
        Ok(Box::new(RealFile(file)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(self.root.join(from), self.root.join(to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(self.root.join(path))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(self.root.join(folder))?.sync_all()
    }

    #[cfg(target_os = "linux")]
    fn sync_everything(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(File::open(&self.root)?)?)
    }

    #[cfg(not(target_os = "linux"))]
    fn sync_everything(&self) -> io::Result<()> {
        // Elsewhere no call waits for one file system; that of POSIX may return while it is being written.
        rustix::fs::sync();
        Ok(())
    }

    fn fill_random(&self, bytes: &mut [u8]) -> io::Result<()> {
        getrandom::fill(bytes).map_err(io::Error::other)
    }
}

struct RealFile(File);

impl StorageFile for RealFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(bytes, offset)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}
