//! [`archive`] and [`retire`]: segments that nobody needs any more leave the journal.
//!
//! An archive is a directory of segments like the journal itself, and verifies like it, with the ciphertexts
//! or without: the chain covers the records, and those hold a digest of each ciphertext.

use std::io;

use crate::bytes::wide;
use crate::cursor::{Cursor, Step};
use crate::flaw::Flaw;
use crate::frame::HEADER_BYTES;
use crate::segment::{self, Link, SegmentHeader, UNFINISHED};
use crate::storage::{Storage, write_whole};

/// What becomes of the ciphertexts in an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ciphertext {
    /// They are copied.
    Keep,
    /// They are left out: what was erased is then gone from the archive as well.
    Drop,
}

/// What is in the archive now.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Archived {
    /// The files that were copied.
    pub copied: Vec<String>,
    /// Every record of the journal up to this sequence is in the archive; 0 for none.
    pub up_to: u64,
}

/// Why a segment is not archived.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The journal's own segment is damaged.
    #[error("{segment}, byte {offset}: {flaw}")]
    Flawed {
        /// In which file.
        segment: String,
        /// At which byte.
        offset: u64,
        /// What is wrong there.
        flaw: Flaw,
    },
    /// The archive holds another segment under the same name, or what was written reads otherwise.
    #[error("{segment} in the archive is not the journal's; archive to an empty directory")]
    Differs {
        /// Which file.
        segment: String,
    },
    /// The disk says no.
    #[error("cannot archive the journal")]
    Io(#[from] io::Error),
}

/// Copies every full segment whose records all lie up to a sequence to another directory.
///
/// The copy is read back before it gets its name. The segment that is being written stays.
///
/// # Errors
///
/// Says which segment is damaged, or that a disk says no; what was copied before stays.
pub fn archive<S: Storage, T: Storage>(
    journal: &S,
    archive: &T,
    up_to: u64,
    ciphertext: Ciphertext,
) -> Result<Archived, ArchiveError> {
    let firsts = segment::list(journal)?;
    let mut done = Archived::default();
    for (first, next) in firsts.iter().zip(firsts.iter().skip(1)) {
        let last = next.saturating_sub(1);
        if last > up_to {
            break;
        }
        let name = segment::name(*first);
        let mut source = Source::open(journal, &name)?;
        if source.is_in(archive, (&name, *next))? {
            done.up_to = last;
            continue;
        }
        source.copy_to(archive, &name, ciphertext, *next)?;
        done.copied.push(name);
        done.up_to = last;
    }
    Ok(done)
}

/// Up to where others no longer need the journal; each is a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Released {
    /// Projected into the store.
    pub projected: u64,
    /// Covered by a checkpoint of the recovery that is on the disk.
    pub checkpointed: u64,
    /// Archived; `u64::MAX` only where the operator has chosen to keep no archive.
    pub archived: u64,
}

/// Removes the segments that nobody needs any more, the oldest first, and returns their names. The segment
/// that is being written stays.
///
/// # Errors
///
/// As the disk says; what is left is without a gap.
pub fn retire<S: Storage>(storage: &S, released: Released) -> io::Result<Vec<String>> {
    let up_to = released.projected.min(released.checkpointed).min(released.archived);
    let firsts = segment::list(storage)?;
    let mut removed = Vec::new();
    for (first, next) in firsts.iter().zip(firsts.iter().skip(1)) {
        if next.saturating_sub(1) > up_to {
            break;
        }
        let name = segment::name(*first);
        storage.remove(&name)?;
        // One at a time: else a crash may leave a younger one gone and an older one there.
        storage.sync_dir()?;
        removed.push(name);
    }
    Ok(removed)
}

/// A segment of the journal that is to be archived.
struct Source<S: Storage> {
    header: SegmentHeader,
    cursor: Cursor<S>,
}

impl<S: Storage> Source<S> {
    fn open(storage: &S, name: &str) -> Result<Self, ArchiveError> {
        let file = storage.open(name)?;
        let header = segment::read_header(storage, &file)?.map_err(|flaw| flawed(name, 0, flaw))?;
        Ok(Self { header, cursor: Cursor::new(storage.clone(), file, &header) })
    }

    /// Returns whether the archive has this segment with all its batches. A file has its name only when it is
    /// whole, but it may be of a copy of this journal that went another way.
    fn is_in<T: Storage>(&mut self, archive: &T, (name, next): (&str, u64)) -> Result<bool, ArchiveError> {
        let file = match archive.open(name) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let there = segment::read_header(archive, &file)?;
        let same = |there: &SegmentHeader| {
            SegmentHeader { without_sealed: self.header.without_sealed, ..*there } == self.header
        };
        let there = there.ok().filter(same);
        let there = there.map(|there| read_back(archive, file, &there)).transpose()?;
        if there == Some(self.walk((name, next), |_| Ok(()))?) {
            Ok(true)
        } else {
            Err(ArchiveError::Differs { segment: name.to_owned() })
        }
    }

    /// Hands over every batch and returns where the chain stands after the last one, on which `next` follows.
    fn walk(
        &mut self,
        (name, next): (&str, u64),
        mut take: impl FnMut(&Cursor<S>) -> io::Result<()>,
    ) -> Result<Link, ArchiveError> {
        let stop = loop {
            let step = self.cursor.step()?;
            if step != Step::Frame {
                break step;
            }
            take(&self.cursor)?;
        };
        let end = self.cursor.link();
        if end.next_sequence == next {
            return Ok(end);
        }
        let flaw = if let Step::Flawed(flaw) = stop { flaw } else { Flaw::Missing };
        Err(flawed(name, self.cursor.offset(), flaw))
    }

    fn copy_to<T: Storage>(
        mut self,
        archive: &T,
        name: &str,
        ciphertext: Ciphertext,
        next: u64,
    ) -> Result<(), ArchiveError> {
        let keep = ciphertext == Ciphertext::Keep;
        let header = SegmentHeader { without_sealed: self.header.without_sealed || !keep, ..self.header };
        let unfinished = format!("{name}{UNFINISHED}");
        let file = archive.create(&unfinished)?;
        write_whole(archive, &file, &header.encode(), 0)?;
        let mut offset = wide(HEADER_BYTES);
        let end = self.walk((name, next), |cursor| {
            let raw = cursor.raw(keep).unwrap_or_default();
            write_whole(archive, &file, raw, offset)?;
            offset = offset.saturating_add(wide(raw.len()));
            Ok(())
        })?;
        archive.sync_data(&file)?;
        if read_back(archive, file, &header)? != end {
            return Err(ArchiveError::Differs { segment: name.to_owned() });
        }
        archive.rename(&unfinished, name)?;
        archive.sync_dir()?;
        Ok(())
    }
}

/// Returns where the chain stands after the last batch of a segment.
fn read_back<T: Storage>(archive: &T, file: T::File, header: &SegmentHeader) -> io::Result<Link> {
    let mut cursor = Cursor::new(archive.clone(), file, header);
    while cursor.step()? == Step::Frame {}
    Ok(cursor.link())
}

fn flawed(segment: &str, offset: u64, flaw: Flaw) -> ArchiveError {
    ArchiveError::Flawed { segment: segment.to_owned(), offset, flaw }
}
