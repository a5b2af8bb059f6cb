//! The closing mark: a file that says at which batch the journal was closed in good order.
//!
//! It is removed when the journal is opened. Where it is missing, the process died, perhaps of a failed sync,
//! and what the system's cache shows of the last segment need not be on the disk. Where it is there, a journal
//! that ends earlier has lost batches.

use std::io;

use crate::bytes::{array, put};
use crate::segment::{Link, write_durably};
use crate::storage::{Storage, read_full, write_whole};

pub(crate) const NAME: &str = "closed";
const MAGIC: [u8; 8] = *b"xjrnlend";
const CRC_AT: usize = 56;
const BYTES: usize = 60;

/// Writes the mark.
pub(crate) fn write<S: Storage>(storage: &S, link: Link) -> io::Result<()> {
    let mut mark = [0; BYTES];
    put(&mut mark, 0, MAGIC);
    put(&mut mark, 8, link.next_batch.to_le_bytes());
    put(&mut mark, 16, link.next_sequence.to_le_bytes());
    put(&mut mark, 24, link.digest);
    let crc = crc32fast::hash(mark.get(..CRC_AT).unwrap_or_default());
    put(&mut mark, CRC_AT, crc.to_le_bytes());
    write_durably(storage, NAME, |file| write_whole(storage, file, &mark, 0))?;
    Ok(())
}

/// Reads the mark. A damaged one counts as none: then the last segment is copied, which is always right.
pub(crate) fn read<S: Storage>(storage: &S) -> io::Result<Option<Link>> {
    let file = match storage.open(NAME) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut mark = [0; BYTES];
    let read = read_full(storage, &file, &mut mark, 0)?;
    Ok(parse(mark.get(..read).unwrap_or_default()))
}

fn parse(mark: &[u8]) -> Option<Link> {
    let crc = u32::from_le_bytes(array(mark, CRC_AT)?);
    if !mark.starts_with(&MAGIC) || crc != crc32fast::hash(mark.get(..CRC_AT)?) {
        return None;
    }
    Some(Link {
        next_batch: u64::from_le_bytes(array(mark, 8)?),
        next_sequence: u64::from_le_bytes(array(mark, 16)?),
        digest: array(mark, 24)?,
    })
}

/// Removes the mark, so that it never stands beside a journal that goes on.
pub(crate) fn remove<S: Storage>(storage: &S) -> io::Result<()> {
    match storage.remove(NAME) {
        Ok(()) => storage.sync_dir(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
