//! [`Cursor`]: walks the batches of one segment and checks each against the chain.
//!
//! Reads a MiB at a time; a batch costs one CRC-32 and one SHA-256 over its bytes.

use std::io;

use crate::bytes::{all_zero, wide};
use crate::flaw::{Flaw, Part};
use crate::frame::{Digest, Frame, FrameHeader, HEADER_BYTES, digest};
use crate::segment::{Link, SegmentHeader};
use crate::storage::{Storage, read_full};

/// Large enough that the calls do not count, small enough for the cache.
const CHUNK: usize = 1 << 20;

/// What comes next in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A batch that follows on the one before; [`Cursor::frame`] returns it.
    Frame,
    /// Nothing but zeros as far as a header reaches, or the end of the file.
    End,
    /// Something that is no batch in this place.
    Flawed(Flaw),
}

/// Walks the batches of one segment.
pub(crate) struct Cursor<S: Storage> {
    storage: S,
    file: S::File,
    salt: u64,
    with_sealed: bool,
    /// Where the chain stands at `offset`.
    link: Link,
    /// Where the next batch begins.
    offset: u64,
    /// Bytes of the file from `buffer_at`; the first `filled` are of use.
    buffer: Vec<u8>,
    buffer_at: u64,
    filled: usize,
    current: Option<(FrameHeader, u64, Digest)>,
}

impl<S: Storage> Cursor<S> {
    /// Returns a cursor before the first batch of a segment.
    pub(crate) fn new(storage: S, file: S::File, header: &SegmentHeader) -> Self {
        Self {
            storage,
            file,
            salt: header.salt(),
            with_sealed: !header.without_sealed,
            link: header.begins,
            offset: wide(HEADER_BYTES),
            buffer: Vec::new(),
            buffer_at: 0,
            filled: 0,
            current: None,
        }
    }

    pub(crate) fn link(&self) -> Link {
        self.link
    }

    /// Returns where the next batch begins.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn salt(&self) -> u64 {
        self.salt
    }

    pub(crate) fn into_file(self) -> S::File {
        self.file
    }

    pub(crate) fn file(&self) -> &S::File {
        &self.file
    }

    /// Moves past the next batch.
    pub(crate) fn step(&mut self) -> io::Result<Step> {
        let step = self.try_step()?;
        if step == Step::Frame || self.buffer_at == self.offset {
            return Ok(step);
        }
        // What was read ahead may be older than what a writer has put there since.
        self.filled = 0;
        self.try_step()
    }

    /// Returns the batch that [`Cursor::step`] has moved past.
    pub(crate) fn frame(&self) -> Option<Frame<'_>> {
        let (header, at, digest) = self.current?;
        let body = self.buffered(at)?.get(HEADER_BYTES..)?;
        let (bytes, rest) = body.split_at_checked(usize::try_from(header.bytes_length).ok()?)?;
        let sealed = if self.with_sealed {
            Some(rest.get(..usize::try_from(header.sealed_length).ok()?)?)
        } else {
            None
        };
        let FrameHeader { batch, first, at, count, .. } = header;
        Some(Frame { batch, first, count, at, bytes, sealed, digest })
    }

    /// Returns the header and the records of the batch as they stand in the file, with their ciphertexts where
    /// those are wanted and there.
    pub(crate) fn raw(&self, with_sealed: bool) -> Option<&[u8]> {
        let (header, at, _) = self.current?;
        let body = header.body_length(with_sealed && self.with_sealed);
        self.buffered(at)?.get(..HEADER_BYTES.checked_add(body)?)
    }

    fn try_step(&mut self) -> io::Result<Step> {
        self.current = None;
        self.fill(HEADER_BYTES)?;
        let bytes = self.buffered(self.offset).unwrap_or_default();
        let head = bytes.get(..HEADER_BYTES).unwrap_or(bytes);
        if all_zero(head) {
            return Ok(Step::End);
        }
        let header = match FrameHeader::decode(head, self.salt) {
            Ok(header) => header,
            Err(flaw) => return Ok(Step::Flawed(flaw)),
        };
        let follows = header.batch == self.link.next_batch
            && header.first == self.link.next_sequence
            && header.previous == self.link.digest;
        if !follows {
            return Ok(Step::Flawed(Flaw::Chain));
        }
        let length = HEADER_BYTES.saturating_add(header.body_length(self.with_sealed));
        self.fill(length)?;
        match self.check(&header, length) {
            Ok(digest) => {
                self.current = Some((header, self.offset, digest));
                self.link = Link {
                    next_batch: header.batch.saturating_add(1),
                    next_sequence: header.last().saturating_add(1),
                    digest,
                };
                self.offset = self.offset.saturating_add(wide(length));
                Ok(Step::Frame)
            }
            Err(flaw) => Ok(Step::Flawed(flaw)),
        }
    }

    fn check(&self, header: &FrameHeader, length: usize) -> Result<Digest, Flaw> {
        let whole =
            self.buffered(self.offset).and_then(|bytes| bytes.get(..length)).ok_or(Flaw::Truncated)?;
        let (head, body) = whole.split_at_checked(HEADER_BYTES).ok_or(Flaw::Truncated)?;
        let (bytes, sealed) = body.split_at_checked(header.body_length(false)).ok_or(Flaw::Truncated)?;
        if crc32fast::hash(bytes) != header.bytes_crc {
            return Err(Flaw::Checksum { part: Part::Records });
        }
        if self.with_sealed && crc32fast::hash(sealed) != header.sealed_crc {
            return Err(Flaw::Checksum { part: Part::Sealed });
        }
        Ok(digest(head, bytes))
    }

    /// Returns the buffered bytes from an offset.
    fn buffered(&self, offset: u64) -> Option<&[u8]> {
        let skip = usize::try_from(offset.checked_sub(self.buffer_at)?).ok()?;
        self.buffer.get(skip..self.filled)
    }

    /// Has at least so many bytes from `offset` in the buffer, unless the file ends before.
    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        if self.buffered(self.offset).is_some_and(|bytes| bytes.len() >= wanted) {
            return Ok(());
        }
        // Small files need no large buffer; one that grows while it is read gets it then.
        let left = self.storage.length(&self.file)?.saturating_sub(self.offset);
        let size = usize::try_from(left).unwrap_or(CHUNK).clamp(HEADER_BYTES, CHUNK).max(wanted);
        if self.buffer.len() < size {
            self.buffer.resize(size, 0);
        }
        self.buffer_at = self.offset;
        self.filled = read_full(&self.storage, &self.file, &mut self.buffer, self.offset)?;
        Ok(())
    }
}

impl<S: Storage> core::fmt::Debug for Cursor<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Cursor")
            .field("link", &self.link)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}
