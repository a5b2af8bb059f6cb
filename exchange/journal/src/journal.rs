//! [`Journal`]: the log itself, on one thread.
//!
//! A batch is one frame, one write and one sync; the next is not written before that sync has returned. After
//! any failed write or sync the journal takes nothing more: what the disk has is then unknown, and only a new
//! start can find out.

use core::fmt;
use std::io;

use exchange_types::UtcMicros;

use crate::ballast;
use crate::bytes::wide;
use crate::closing_mark;
use crate::config::{Durability, JournalConfig};
use crate::frame::{Digest, FrameHeader, HEADER_BYTES, digest, holds_records};
use crate::segment::{self, JournalId, Link, SegmentHeader, write_durably};
use crate::storage::{Storage, is_full, write_whole};

/// Records of one source within a batch.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// How many records there are.
    pub count: u64,
    /// The records, one after another, each with its length in front.
    pub bytes: &'a [u8],
    /// Their ciphertexts in the same order.
    pub sealed: &'a [u8],
}

/// A batch that is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The number of the batch.
    pub batch: u64,
    /// The sequence of its first record.
    pub first: u64,
    /// The sequence of its last record.
    pub last: u64,
    /// Its digest.
    pub digest: Digest,
}

/// What has failed, and made the journal fail for good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {step} {file}: {text}; nothing more is written until the process starts anew")]
pub struct Failure {
    /// What was being done.
    pub step: &'static str,
    /// With which file.
    pub file: String,
    /// The kind of error.
    pub kind: io::ErrorKind,
    /// What the system says.
    pub text: String,
}

/// Why a batch is not in the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The disk has failed, now or before; whether this batch survives a power cut is unknown.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// There are no records in the batch.
    #[error("the batch is empty")]
    Empty,
    /// Bytes that are not as many records as they say.
    #[error("part {part} of the batch does not hold the {count} records that it says")]
    Malformed {
        /// Which part.
        part: usize,
        /// As many as it says.
        count: u64,
    },
    /// More bytes than a batch may have.
    #[error("the batch has {bytes} bytes; at most {max} (batch_bytes_max)")]
    TooLarge {
        /// So many.
        bytes: usize,
        /// The limit.
        max: usize,
    },
}

/// What room the disk has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Free bytes, without the ballast.
    pub free: u64,
    /// Whether new leads may be taken in: the ballast is there, and the configured free space.
    pub enough: bool,
}

/// The segment that is being written.
pub(crate) struct Active<F> {
    pub(crate) file: F,
    pub(crate) header: SegmentHeader,
    /// Where the next batch goes.
    pub(crate) offset: u64,
    /// The length that was set aside.
    pub(crate) limit: u64,
}

/// The log.
///
/// [`Journal::open`], then [`Journal::commit`] and [`Journal::watch`] as often as wanted, then
/// [`Journal::close`]. Dropped without it, the next start copies the last segment.
pub struct Journal<S: Storage> {
    pub(crate) storage: S,
    pub(crate) config: JournalConfig,
    pub(crate) active: Active<S::File>,
    pub(crate) link: Link,
    pub(crate) ballast_there: bool,
    /// The frame at hand; kept so that a batch allocates nothing.
    pub(crate) frame: Vec<u8>,
    pub(crate) failed: Option<Failure>,
}

impl<S: Storage> Journal<S> {
    /// Writes records as one batch and returns when they are durable, as the configuration understands it.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the batch, which then leaves no trace, or that the disk has failed, after which
    /// every call fails.
    pub fn commit(&mut self, parts: &[Part<'_>], at: UtcMicros) -> Result<Committed, JournalError> {
        if let Some(failure) = &self.failed {
            return Err(failure.clone().into());
        }
        let count = self.check(parts)?;
        let length = parts.iter().fold(HEADER_BYTES, |sum, part| sum + part.bytes.len() + part.sealed.len());
        if self.active.offset.saturating_add(wide(length)) > self.active.limit {
            self.roll(at)?;
        }
        let digest = self.encode(parts, count, at);
        let written = write_whole(&self.storage, &self.active.file, &self.frame, self.active.offset);
        self.kept("write to", written)?;
        if self.config.durability == Durability::Sync {
            let synced = self.storage.sync_data(&self.active.file);
            self.kept("sync", synced)?;
        }
        let Link { next_batch: batch, next_sequence: first, .. } = self.link;
        let next_sequence = first.saturating_add(u64::from(count));
        self.link = Link { next_batch: batch.saturating_add(1), next_sequence, digest };
        self.active.offset = self.active.offset.saturating_add(wide(length));
        Ok(Committed { batch, first, last: next_sequence.saturating_sub(1), digest })
    }

    /// Begins a new segment, so that the one at hand can be archived.
    ///
    /// # Errors
    ///
    /// Says that the disk has failed.
    pub fn roll(&mut self, at: UtcMicros) -> Result<(), JournalError> {
        if let Some(failure) = &self.failed {
            return Err(failure.clone().into());
        }
        if self.link == self.active.header.begins {
            return Ok(());
        }
        if self.config.durability == Durability::Os {
            // A start trusts every segment but the last.
            let synced = self.storage.sync_data(&self.active.file);
            self.kept("sync", synced)?;
        }
        let header = SegmentHeader { begins: self.link, created_at: at, ..self.active.header };
        let name = segment::name(self.link.next_sequence);
        let mut begun = begin(&self.storage, &header, &self.config);
        if self.ballast_there && begun.as_ref().is_err_and(is_full) {
            self.ballast_there = false;
            begun =
                ballast::release(&self.storage).and_then(|()| begin(&self.storage, &header, &self.config));
        }
        match begun {
            Ok(active) => {
                self.active = active;
                Ok(())
            }
            Err(error) => Err(self.fail("begin", name, &error).into()),
        }
    }

    /// Looks how much room the disk has, and fills the ballast again when there is enough. Costs a system
    /// call; once a second is often enough.
    pub fn watch(&mut self) -> Room {
        // A disk that cannot say how full it is counts as full.
        let mut free = self.storage.free_bytes().unwrap_or(0);
        let JournalConfig { ballast_bytes, free_bytes_min, .. } = self.config;
        if self.lacks_ballast() && free >= free_bytes_min.saturating_add(ballast_bytes) {
            self.ballast_there = ballast::fill(&self.storage, ballast_bytes).is_ok();
            free = self.storage.free_bytes().unwrap_or(0);
        }
        Room { free, enough: !self.lacks_ballast() && free >= free_bytes_min && self.failed.is_none() }
    }

    /// Leaves a mark that everything is on the disk, so that the next start need not copy the last segment.
    ///
    /// # Errors
    ///
    /// Says that the disk has failed, now or before; then there is no mark.
    pub fn close(mut self) -> Result<(), JournalError> {
        if let Some(failure) = self.failed {
            return Err(failure.into());
        }
        let synced = self.storage.sync_data(&self.active.file);
        self.kept("sync", synced)?;
        let marked = closing_mark::write(&self.storage, self.link);
        marked.map_err(|error| self.fail("write", closing_mark::NAME.into(), &error).into())
    }

    /// Returns the sequence of the last record; 0 before the first.
    pub fn last_sequence(&self) -> u64 {
        self.link.last_sequence()
    }

    /// Returns which journal this is.
    pub fn id(&self) -> JournalId {
        self.active.header.journal
    }

    /// Returns what has failed, if anything.
    pub fn failure(&self) -> Option<&Failure> {
        self.failed.as_ref()
    }

    /// Returns whether the ballast was given up for want of room.
    pub(crate) fn lacks_ballast(&self) -> bool {
        !self.ballast_there && self.config.ballast_bytes != 0
    }

    /// Returns the sizes and the durability.
    pub fn config(&self) -> &JournalConfig {
        &self.config
    }

    /// Checks parts and returns how many records they hold.
    fn check(&self, parts: &[Part<'_>]) -> Result<u32, JournalError> {
        let (mut records, mut bytes) = (0_u64, 0_usize);
        for (place, part) in parts.iter().enumerate() {
            if !holds_records(part.bytes, part.count) {
                return Err(JournalError::Malformed { part: place, count: part.count });
            }
            records = records.saturating_add(part.count);
            bytes = bytes.saturating_add(part.bytes.len()).saturating_add(part.sealed.len());
        }
        let max = self.config.batch_bytes_max;
        match u32::try_from(records) {
            Ok(0) => Err(JournalError::Empty),
            Ok(count) if bytes <= max => Ok(count),
            _ => Err(JournalError::TooLarge { bytes, max }),
        }
    }

    /// Puts the frame together and returns its digest.
    fn encode(&mut self, parts: &[Part<'_>], count: u32, at: UtcMicros) -> Digest {
        let frame = &mut self.frame;
        frame.clear();
        frame.resize(HEADER_BYTES, 0);
        for part in parts {
            frame.extend_from_slice(part.bytes);
        }
        let bytes_end = frame.len();
        for part in parts {
            frame.extend_from_slice(part.sealed);
        }
        let bytes = frame.get(HEADER_BYTES..bytes_end).unwrap_or_default();
        let sealed = frame.get(bytes_end..).unwrap_or_default();
        let header = FrameHeader {
            salt: self.active.header.salt(),
            batch: self.link.next_batch,
            first: self.link.next_sequence,
            at,
            count,
            // `check` keeps both below the limit of a batch.
            bytes_length: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            sealed_length: u32::try_from(sealed.len()).unwrap_or(u32::MAX),
            bytes_crc: crc32fast::hash(bytes),
            sealed_crc: crc32fast::hash(sealed),
            previous: self.link.digest,
        }
        .encode();
        let digest = digest(&header, bytes);
        if let Some(place) = frame.get_mut(..HEADER_BYTES) {
            place.copy_from_slice(&header);
        }
        digest
    }

    fn kept(&mut self, step: &'static str, done: io::Result<()>) -> Result<(), JournalError> {
        done.map_err(|error| {
            let name = segment::name(self.active.header.begins.next_sequence);
            self.fail(step, name, &error).into()
        })
    }

    fn fail(&mut self, step: &'static str, file: String, error: &io::Error) -> Failure {
        let failure = Failure { step, file, kind: error.kind(), text: error.to_string() };
        self.failed = Some(failure.clone());
        failure
    }
}

/// Creates a segment and returns it when it is on the disk.
pub(crate) fn begin<S: Storage>(
    storage: &S,
    header: &SegmentHeader,
    config: &JournalConfig,
) -> io::Result<Active<S::File>> {
    let file = write_durably(storage, &segment::name(header.begins.next_sequence), |file| {
        storage.allocate(file, config.segment_bytes)?;
        write_whole(storage, file, &header.encode(), 0)
    })?;
    Ok(Active { file, header: *header, offset: wide(HEADER_BYTES), limit: config.segment_bytes })
}

impl<S: Storage> fmt::Debug for Journal<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("link", &self.link)
            .field("offset", &self.active.offset)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}
