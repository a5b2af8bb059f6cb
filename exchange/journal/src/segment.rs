//! Segments: files of batches, named by the sequence of their first record.
//!
//! The header of 96 bytes says where the segment joins the chain, so that it can be verified when the ones
//! before it are gone.
//!
//! | at | bytes | holds |
//! | --- | --- | --- |
//! | 0 | 8 | `xjrnlseg` |
//! | 8 | 2 | version, 1 |
//! | 10 | 2 | flags: 1 = an archive without ciphertexts |
//! | 12 | 4 | zero |
//! | 16 | 16 | the journal's id |
//! | 32 | 8 | sequence of the first record |
//! | 40 | 8 | number of the first batch |
//! | 48 | 32 | digest of the batch before |
//! | 80 | 8 | when it was begun, microseconds since 1970 |
//! | 88 | 4 | zero |
//! | 92 | 4 | CRC-32 of the 92 bytes before |

use std::io;

use exchange_types::UtcMicros;
use sha2::{Digest as _, Sha256};

use crate::bytes::{array, put, wide};
use crate::flaw::{Flaw, Part};
use crate::frame::{Digest, HEADER_BYTES};
use crate::storage::{Storage, read_full, write_whole};

const MAGIC: [u8; 8] = *b"xjrnlseg";
const VERSION: u16 = 1;
const WITHOUT_SEALED: u16 = 1;
const CRC_AT: usize = 92;
const SUFFIX: &str = ".log";
/// What is being written and has not got its name yet.
pub(crate) const UNFINISHED: &str = ".new";
/// Digits of the largest sequence, so that names sort as their numbers do.
const DIGITS: usize = 20;

/// Names one journal among all: drawn once, when the journal is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalId(pub [u8; 16]);

/// Where the chain stands after a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) next_batch: u64,
    pub(crate) next_sequence: u64,
    /// The digest of the last batch.
    pub(crate) digest: Digest,
}

impl Link {
    /// Where a new journal begins.
    pub(crate) const BEGINNING: Self = Self { next_batch: 1, next_sequence: 1, digest: [0; 32] };

    pub(crate) fn last_sequence(&self) -> u64 {
        self.next_sequence.saturating_sub(1)
    }

    pub(crate) fn last_batch(&self) -> u64 {
        self.next_batch.saturating_sub(1)
    }
}

/// The header of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) journal: JournalId,
    pub(crate) without_sealed: bool,
    pub(crate) begins: Link,
    pub(crate) created_at: UtcMicros,
}

impl SegmentHeader {
    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut header = [0; HEADER_BYTES];
        put(&mut header, 0, MAGIC);
        put(&mut header, 8, VERSION.to_le_bytes());
        put(&mut header, 10, if self.without_sealed { WITHOUT_SEALED } else { 0 }.to_le_bytes());
        put(&mut header, 16, self.journal.0);
        put(&mut header, 32, self.begins.next_sequence.to_le_bytes());
        put(&mut header, 40, self.begins.next_batch.to_le_bytes());
        put(&mut header, 48, self.begins.digest);
        put(&mut header, 80, self.created_at.0.to_le_bytes());
        let crc = crc32fast::hash(header.get(..CRC_AT).unwrap_or_default());
        put(&mut header, CRC_AT, crc.to_le_bytes());
        header
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Flaw> {
        let fields = bytes.get(..CRC_AT).ok_or(Flaw::Truncated)?;
        let crc = array(bytes, CRC_AT).map(u32::from_le_bytes).ok_or(Flaw::Truncated)?;
        if crc != crc32fast::hash(fields) || !bytes.starts_with(&MAGIC) {
            return Err(Flaw::Checksum { part: Part::Header });
        }
        let version = array(bytes, 8).map_or(0, u16::from_le_bytes);
        let flags = array(bytes, 10).map_or(0, u16::from_le_bytes);
        if version != VERSION || flags > WITHOUT_SEALED {
            return Err(Flaw::Version { version });
        }
        Self::read(bytes, flags).ok_or(Flaw::Truncated)
    }

    fn read(bytes: &[u8], flags: u16) -> Option<Self> {
        Some(Self {
            journal: JournalId(array(bytes, 16)?),
            without_sealed: flags == WITHOUT_SEALED,
            begins: Link {
                next_sequence: u64::from_le_bytes(array(bytes, 32)?),
                next_batch: u64::from_le_bytes(array(bytes, 40)?),
                digest: array(bytes, 48)?,
            },
            created_at: UtcMicros(i64::from_le_bytes(array(bytes, 80)?)),
        })
    }

    /// Returns what marks the batches of this segment, in an archive too. Nobody foresees it who does not
    /// know the journal's id and the digest of everything before.
    pub(crate) fn salt(&self) -> u64 {
        let mut hash = Sha256::new();
        hash.update(self.journal.0);
        hash.update(self.begins.next_sequence.to_le_bytes());
        hash.update(self.begins.digest);
        let hash: [u8; 32] = hash.finalize().into();
        array(&hash, 0).map_or(0, u64::from_le_bytes)
    }
}

/// Returns the name of the segment that begins with a sequence.
pub(crate) fn name(first: u64) -> String {
    format!("{first:0DIGITS$}{SUFFIX}")
}

/// Returns the sequence with which the segment of a name begins; nothing for other files.
pub(crate) fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    let plain = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

/// Returns the first sequences of all segments, in order.
pub(crate) fn list<S: Storage>(storage: &S) -> io::Result<Vec<u64>> {
    let mut firsts: Vec<u64> = storage.list()?.iter().filter_map(|name| first_of(name)).collect();
    firsts.sort_unstable();
    Ok(firsts)
}

/// Reads a segment's header.
pub(crate) fn read_header<S: Storage>(
    storage: &S,
    file: &S::File,
) -> io::Result<Result<SegmentHeader, Flaw>> {
    let mut bytes = [0; HEADER_BYTES];
    let read = read_full(storage, file, &mut bytes, 0)?;
    Ok(SegmentHeader::decode(bytes.get(..read).unwrap_or_default()))
}

/// Writes a file under a passing name and gives it its own only once it is on the disk, so that a name never
/// stands for half a file.
pub(crate) fn write_durably<S: Storage>(
    storage: &S,
    name: &str,
    write: impl FnOnce(&S::File) -> io::Result<()>,
) -> io::Result<S::File> {
    let unfinished = format!("{name}{UNFINISHED}");
    let file = storage.create(&unfinished)?;
    write(&file)?;
    storage.sync_data(&file)?;
    storage.rename(&unfinished, name)?;
    storage.sync_dir()?;
    Ok(file)
}

/// Copies the beginning of one file to another.
pub(crate) fn copy<S: Storage, T: Storage>(
    from: (&S, &S::File),
    to: (&T, &T::File),
    length: u64,
) -> io::Result<()> {
    /// Large enough that the calls do not count, small enough for the cache.
    const CHUNK: u64 = 1 << 20;
    let mut chunk = vec![0; usize::try_from(length.min(CHUNK)).unwrap_or(0)];
    let mut offset = 0;
    while offset < length {
        let wanted = usize::try_from((length - offset).min(CHUNK)).unwrap_or(0);
        let place = chunk.get_mut(..wanted).unwrap_or_default();
        let read = read_full(from.0, from.1, place, offset)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        write_whole(to.0, to.1, place.get(..read).unwrap_or_default(), offset)?;
        offset += wide(read);
    }
    Ok(())
}
