//! [`Reader`]: the batches from a sequence on, while the writer goes on.

use std::io;

use crate::cursor::{Cursor, Step};
use crate::flaw::Flaw;
use crate::frame::Frame;
use crate::segment::{self, JournalId, Link, SegmentHeader};
use crate::storage::Storage;

/// Why a journal cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The records have been archived and removed.
    #[error(
        "record {wanted} is gone: the journal begins with {first}; read the archive, or a later checkpoint"
    )]
    Gone {
        /// What was asked for.
        wanted: u64,
        /// What is there.
        first: u64,
    },
    /// A batch that should be there cannot be read.
    #[error("{segment}, byte {offset}: {flaw}")]
    Flawed {
        /// In which file.
        segment: String,
        /// At which byte.
        offset: u64,
        /// What is wrong there.
        flaw: Flaw,
    },
    /// The disk says no.
    #[error("cannot read the journal")]
    Io(#[from] io::Error),
}

/// Reads batches in order, each checked against the chain.
#[derive(Debug)]
pub struct Reader<S: Storage> {
    storage: S,
    /// The first record that is wanted.
    from: u64,
    journal: Option<JournalId>,
    current: Option<(u64, Cursor<S>)>,
}

impl<S: Storage> Reader<S> {
    /// Returns a reader before the batch that holds record `from`; 0 and 1 are the beginning.
    ///
    /// # Errors
    ///
    /// Says that the record is gone, or that a segment cannot be read.
    pub fn new(storage: S, from: u64) -> Result<Self, ReadError> {
        let wanted = from.max(1);
        let firsts = segment::list(&storage)?;
        let mut reader = Self { storage, from: wanted, journal: None, current: None };
        let Some(first) = firsts.first() else { return Ok(reader) };
        let Some(start) = firsts.iter().rev().find(|first| **first <= wanted) else {
            return Err(ReadError::Gone { wanted, first: *first });
        };
        reader.enter(*start, None)?;
        Ok(reader)
    }

    /// Returns the next batch, if its records are not beyond `up_to`: with a writer at work, its durable
    /// sequence, else `u64::MAX`. The first batch may begin before the record that was asked for.
    ///
    /// # Errors
    ///
    /// Says which batch cannot be read; a torn end is an error here as well.
    pub fn next(&mut self, up_to: u64) -> Result<Option<Frame<'_>>, ReadError> {
        while self.advance(up_to)? {
            let wanted = self.from;
            if self.link().is_some_and(|link| link.last_sequence() >= wanted) {
                return Ok(self.current.as_ref().and_then(|(_, cursor)| cursor.frame()));
            }
        }
        Ok(None)
    }

    /// Returns the sequence of the next record that will be read.
    pub fn next_sequence(&self) -> u64 {
        self.link().map_or(self.from, |link| link.next_sequence.max(self.from))
    }

    /// Moves past one batch and returns whether there was one.
    fn advance(&mut self, up_to: u64) -> Result<bool, ReadError> {
        loop {
            let Some((first, cursor)) = &mut self.current else {
                if segment::list(&self.storage)?.is_empty() {
                    return Ok(false);
                }
                *self = Self::new(self.storage.clone(), self.from)?;
                continue;
            };
            if cursor.link().next_sequence > up_to {
                return Ok(false);
            }
            let stop = cursor.step()?;
            if stop == Step::Frame {
                return Ok(true);
            }
            let (first, link, offset) = (*first, cursor.link(), cursor.offset());
            // An empty segment cannot be followed by one of the same name.
            if link.next_sequence != first && self.enter(link.next_sequence, Some(link))? {
                continue;
            }
            let flaw = match stop {
                Step::Flawed(flaw) => flaw,
                // Durable, and yet not there.
                Step::Frame | Step::End if up_to != u64::MAX => Flaw::Missing,
                Step::Frame | Step::End => return Ok(false),
            };
            return Err(ReadError::Flawed { segment: segment::name(first), offset, flaw });
        }
    }

    /// Goes to a segment, which has to join the chain, and returns whether it is there.
    fn enter(&mut self, first: u64, joins: Option<Link>) -> Result<bool, ReadError> {
        let name = segment::name(first);
        let file = match self.storage.open(&name) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let header = segment::read_header(&self.storage, &file)?
            .and_then(|header| self.admit(&header, first, joins))
            .map_err(|flaw| ReadError::Flawed { segment: name, offset: 0, flaw })?;
        self.journal = Some(header.journal);
        self.current = Some((first, Cursor::new(self.storage.clone(), file, &header)));
        Ok(true)
    }

    fn admit(&self, header: &SegmentHeader, first: u64, joins: Option<Link>) -> Result<SegmentHeader, Flaw> {
        let same = self.journal.is_none_or(|id| id == header.journal);
        let follows = joins.is_none_or(|link| link == header.begins);
        if same && follows && header.begins.next_sequence == first { Ok(*header) } else { Err(Flaw::Chain) }
    }

    fn link(&self) -> Option<Link> {
        self.current.as_ref().map(|(_, cursor)| cursor.link())
    }
}
