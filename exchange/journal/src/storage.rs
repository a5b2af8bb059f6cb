//! [`Storage`]: the seam between the journal and the disk.
//!
//! One directory of files with flat names. Everything that the journal asks of a disk goes through here, so
//! that a simulated disk can lose unsynced pages and a test can fail the n-th call.

use std::io;

/// A directory of files. A clone sees the same files.
///
/// What a call has written may be lost, page by page, until [`Storage::sync_data`] has returned; that a file
/// was created, renamed or removed may be lost until [`Storage::sync_dir`] has returned.
pub trait Storage: Clone {
    /// An open file. It stays readable when its name is gone.
    type File;

    /// Returns the names of all files, in any order.
    ///
    /// # Errors
    ///
    /// As the disk says.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Creates an empty file, in the place of one with this name, and opens it for reading and writing.
    ///
    /// # Errors
    ///
    /// As the disk says.
    fn create(&self, name: &str) -> io::Result<Self::File>;

    /// Opens a file for reading and writing.
    ///
    /// # Errors
    ///
    /// `NotFound` where there is no such file; else as the disk says.
    fn open(&self, name: &str) -> io::Result<Self::File>;

    /// Makes a file at least so long, with zeros whose room is taken from the disk already.
    ///
    /// # Errors
    ///
    /// `StorageFull` where there is no room; else as the disk says.
    fn allocate(&self, file: &Self::File, length: u64) -> io::Result<()>;

    /// Returns a file's length in bytes.
    ///
    /// # Errors
    ///
    /// As the disk says.
    fn length(&self, file: &Self::File) -> io::Result<u64>;

    /// Reads bytes from an offset and returns how many; 0 at the end of the file.
    ///
    /// # Errors
    ///
    /// As the disk says.
    fn read_at(&self, file: &Self::File, bytes: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes bytes at an offset and returns how many were written. Fewer than asked for is a short write.
    ///
    /// # Errors
    ///
    /// As the disk says.
    fn write_at(&self, file: &Self::File, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Returns when a file's bytes and its length are on the disk.
    ///
    /// # Errors
    ///
    /// As the disk says. After an error nobody knows what is on the disk, and a second call proves nothing.
    fn sync_data(&self, file: &Self::File) -> io::Result<()>;

    /// Returns when the names of the directory are on the disk.
    ///
    /// # Errors
    ///
    /// As the disk says.
    fn sync_dir(&self) -> io::Result<()>;

    /// Gives a file another name, in the place of a file that has it.
    ///
    /// # Errors
    ///
    /// As the disk says.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    ///
    /// As the disk says.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Returns how many bytes may still be written to the disk.
    ///
    /// # Errors
    ///
    /// As the disk says.
    fn free_bytes(&self) -> io::Result<u64>;
}

/// Writes all bytes; a short write is an error.
pub(crate) fn write_whole<S: Storage>(
    storage: &S,
    file: &S::File,
    bytes: &[u8],
    offset: u64,
) -> io::Result<()> {
    let written = storage.write_at(file, bytes, offset)?;
    if written == bytes.len() {
        return Ok(());
    }
    let text = format!("short write: {written} of {} bytes", bytes.len());
    Err(io::Error::new(io::ErrorKind::WriteZero, text))
}

/// Fills as many bytes as the file has from an offset and returns how many.
pub(crate) fn read_full<S: Storage>(
    storage: &S,
    file: &S::File,
    bytes: &mut [u8],
    offset: u64,
) -> io::Result<usize> {
    let mut filled = 0_usize;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        let at = offset.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
        match storage.read_at(file, rest, at)? {
            0 => break,
            read => filled = filled.saturating_add(read),
        }
    }
    Ok(filled)
}

/// Returns whether an error says that the disk has no room.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
