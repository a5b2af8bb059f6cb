//! The frame of a batch: a header of 96 bytes, the records, their ciphertexts.
//!
//! | at | bytes | holds |
//! | --- | --- | --- |
//! | 0 | 4 | `xjb1` |
//! | 4 | 2 | version, 1 |
//! | 6 | 2 | zero |
//! | 8 | 8 | the salt of the segment: no text in a record can pass for a frame |
//! | 16 | 8 | number of the batch |
//! | 24 | 8 | sequence of the first record |
//! | 32 | 8 | when it was written, microseconds since 1970 |
//! | 40 | 4 | number of records |
//! | 44 | 4 | length of the records |
//! | 48 | 4 | length of the ciphertexts |
//! | 52 | 4 | CRC-32 of the records |
//! | 56 | 4 | CRC-32 of the ciphertexts |
//! | 60 | 32 | digest of the batch before |
//! | 92 | 4 | CRC-32 of the 92 bytes before |
//!
//! Everything is little-endian. The digest of a batch is the SHA-256 of its header and its records. It leaves
//! the ciphertexts out, so that an archive may drop them; the records hold a digest of each.

use exchange_types::UtcMicros;
use sha2::{Digest as _, Sha256};

use crate::bytes::{array, put};
use crate::flaw::{Flaw, Part as FlawedPart};

/// The SHA-256 of a batch, which the next one holds.
pub type Digest = [u8; 32];

pub(crate) const HEADER_BYTES: usize = 96;
pub(crate) const MAGIC: [u8; 4] = *b"xjb1";
pub(crate) const SALT_AT: usize = 8;
const VERSION: u16 = 1;
const CRC_AT: usize = 92;
/// The most bytes of records and ciphertexts in one frame that a reader takes: what it has to hold in memory,
/// and far above what a writer is allowed.
pub const FRAME_BYTES_MAX: usize = 64 << 20;

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) salt: u64,
    pub(crate) batch: u64,
    pub(crate) first: u64,
    pub(crate) at: UtcMicros,
    pub(crate) count: u32,
    pub(crate) bytes_length: u32,
    pub(crate) sealed_length: u32,
    pub(crate) bytes_crc: u32,
    pub(crate) sealed_crc: u32,
    pub(crate) previous: Digest,
}

impl FrameHeader {
    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut header = [0; HEADER_BYTES];
        put(&mut header, 0, MAGIC);
        put(&mut header, 4, VERSION.to_le_bytes());
        put(&mut header, SALT_AT, self.salt.to_le_bytes());
        put(&mut header, 16, self.batch.to_le_bytes());
        put(&mut header, 24, self.first.to_le_bytes());
        put(&mut header, 32, self.at.0.to_le_bytes());
        put(&mut header, 40, self.count.to_le_bytes());
        put(&mut header, 44, self.bytes_length.to_le_bytes());
        put(&mut header, 48, self.sealed_length.to_le_bytes());
        put(&mut header, 52, self.bytes_crc.to_le_bytes());
        put(&mut header, 56, self.sealed_crc.to_le_bytes());
        put(&mut header, 60, self.previous);
        let crc = crc32fast::hash(header.get(..CRC_AT).unwrap_or_default());
        put(&mut header, CRC_AT, crc.to_le_bytes());
        header
    }

    /// Reads a header of the segment with this salt.
    pub(crate) fn decode(bytes: &[u8], salt: u64) -> Result<Self, Flaw> {
        let fields = bytes.get(..CRC_AT).ok_or(Flaw::Truncated)?;
        if !bytes.starts_with(&MAGIC) {
            return Err(Flaw::Magic);
        }
        let header = Self::read(bytes).ok_or(Flaw::Truncated)?;
        let crc = array(bytes, CRC_AT).map(u32::from_le_bytes).ok_or(Flaw::Truncated)?;
        if crc != crc32fast::hash(fields) {
            return Err(Flaw::Checksum { part: FlawedPart::Header });
        }
        if header.salt != salt {
            return Err(Flaw::Salt);
        }
        let version = array(bytes, 4).map_or(0, u16::from_le_bytes);
        if version != VERSION {
            return Err(Flaw::Version { version });
        }
        if header.count == 0 || header.body_length(true) > FRAME_BYTES_MAX {
            return Err(Flaw::Length);
        }
        Ok(header)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            salt: u64::from_le_bytes(array(bytes, SALT_AT)?),
            batch: u64::from_le_bytes(array(bytes, 16)?),
            first: u64::from_le_bytes(array(bytes, 24)?),
            at: UtcMicros(i64::from_le_bytes(array(bytes, 32)?)),
            count: u32::from_le_bytes(array(bytes, 40)?),
            bytes_length: u32::from_le_bytes(array(bytes, 44)?),
            sealed_length: u32::from_le_bytes(array(bytes, 48)?),
            bytes_crc: u32::from_le_bytes(array(bytes, 52)?),
            sealed_crc: u32::from_le_bytes(array(bytes, 56)?),
            previous: array(bytes, 60)?,
        })
    }

    /// Returns how many bytes follow the header.
    pub(crate) fn body_length(&self, with_sealed: bool) -> usize {
        let sealed = if with_sealed { length(self.sealed_length) } else { 0 };
        length(self.bytes_length).saturating_add(sealed)
    }

    /// Returns the sequence of the last record.
    pub(crate) fn last(&self) -> u64 {
        self.first.saturating_add(u64::from(self.count)).saturating_sub(1)
    }
}

fn length(field: u32) -> usize {
    usize::try_from(field).unwrap_or(usize::MAX)
}

/// Returns the digest of a batch.
pub(crate) fn digest(header: &[u8], bytes: &[u8]) -> Digest {
    Sha256::new().chain_update(header).chain_update(bytes).finalize().into()
}

/// One batch as it was committed.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The number of the batch.
    pub batch: u64,
    /// The sequence of its first record.
    pub first: u64,
    /// How many records it has.
    pub count: u32,
    /// When it was written.
    pub at: UtcMicros,
    /// The records, one after another.
    pub bytes: &'a [u8],
    /// Their ciphertexts in the same order; nothing where an archive has dropped them.
    pub sealed: Option<&'a [u8]>,
    /// The digest by which the next batch names this one.
    pub digest: Digest,
}

impl<'a> Frame<'a> {
    /// Returns the sequence of the last record.
    pub fn last(&self) -> u64 {
        self.first.saturating_add(u64::from(self.count)).saturating_sub(1)
    }

    /// Returns each record with its sequence; the bytes begin with the record's length.
    pub fn records(&self) -> Records<'a> {
        Records { next: self.first, rest: self.bytes }
    }
}

/// The records of a batch.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    next: u64,
    rest: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (record, rest) = split_record(self.rest)?;
        let sequence = self.next;
        self.next = sequence.saturating_add(1);
        self.rest = rest;
        Some((sequence, record))
    }
}

/// Returns the first record and what follows; nothing where its length does not fit.
fn split_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = usize::try_from(u32::from_le_bytes(array(bytes, 0)?)).ok()?;
    if length < 4 { None } else { bytes.split_at_checked(length) }
}

/// Returns whether bytes are exactly so many records.
pub(crate) fn holds_records(bytes: &[u8], count: u64) -> bool {
    let mut rest = bytes;
    for _ in 0..count {
        let Some((_, after)) = split_record(rest) else { return false };
        rest = after;
    }
    rest.is_empty()
}
