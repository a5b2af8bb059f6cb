//! The ballast: a file of no content that is given up when the disk is full.
//!
//! Its room then takes one more segment, in which the outcomes of posts in flight find place, while admission
//! has stopped. It is filled again when there is room.

use std::io;

use crate::segment::write_durably;
use crate::storage::Storage;

pub(crate) const NAME: &str = "ballast";

/// Returns whether the ballast is there in full.
pub(crate) fn is_there<S: Storage>(storage: &S, bytes: u64) -> io::Result<bool> {
    match storage.open(NAME) {
        Ok(file) => Ok(storage.length(&file)? == bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes the room.
pub(crate) fn fill<S: Storage>(storage: &S, bytes: u64) -> io::Result<()> {
    write_durably(storage, NAME, |file| storage.allocate(file, bytes))?;
    Ok(())
}

/// Gives the room back.
pub(crate) fn release<S: Storage>(storage: &S) -> io::Result<()> {
    storage.remove(NAME)?;
    storage.sync_dir()
}
