//! [`Header`]: what stands at the beginning of a slot file.
//!
//! ```text
//!   0  magic, 8 bytes             28  zeros
//!   8  version, u16               32  salt, 32 random bytes
//!  10  class, u8; a zero          64  which master key, 16 bytes
//!  12  number of the file, u32    80  tag over all of the above, 16 bytes
//!  16  slots, u32                 96  zeros
//!  20  last drawing, i64         128  the first slot
//! ```
//!
//! Little-endian. The key of the file is derived from the master key and the first 64 bytes, so without the salt
//! no slot of the file opens any more.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use exchange_protocol::SealClass;
use exchange_types::UtcMicros;

use crate::MasterKey;
use crate::slot_key::{FileKey, SLOT_BYTES};

/// The length of a header, a multiple of a slot's.
pub(crate) const HEADER_BYTES: usize = 128;
const _: () = assert!(HEADER_BYTES.is_multiple_of(SLOT_BYTES));

const MAGIC: &[u8; 8] = b"exchslot";
const VERSION: u16 = 1;
/// The facts and the salt.
const FACTS_BYTES: usize = 64;
/// The facts, and which master key.
const TAGGED_BYTES: usize = 80;
const TAG_BYTES: usize = 16;
pub(crate) const SALT_BYTES: usize = 32;

/// What stands at the beginning of a slot file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Of which class its keys are.
    pub(crate) class: SealClass,
    /// Its number.
    pub(crate) file: u32,
    /// How many slots it has.
    pub(crate) slots: u32,
    /// No slot is drawn after this.
    pub(crate) drawn_until: UtcMicros,
    /// What makes its key one of its own.
    pub(crate) salt: [u8; SALT_BYTES],
}

/// Why the beginning of a file is no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoHeader {
    /// It was destroyed before the removal of the file.
    Destroyed,
    /// It was made under another master key.
    OtherMasterKey,
    /// It is not what was written, or belongs to another file.
    Damaged,
}

impl Header {
    /// Returns the bytes and the key of the file.
    pub(crate) fn encode(&self, master: &MasterKey) -> ([u8; HEADER_BYTES], FileKey) {
        let mut facts = Vec::with_capacity(HEADER_BYTES);
        facts.extend_from_slice(MAGIC);
        facts.extend_from_slice(&VERSION.to_le_bytes());
        facts.extend_from_slice(&[self.class.code(), 0]);
        facts.extend_from_slice(&self.file.to_le_bytes());
        facts.extend_from_slice(&self.slots.to_le_bytes());
        facts.extend_from_slice(&self.drawn_until.0.to_le_bytes());
        facts.extend_from_slice(&[0; 4]);
        facts.extend_from_slice(&self.salt);
        let key = FileKey::new(&master.derive(b"slot file", &facts));
        facts.extend_from_slice(&master_mark(master));
        let tag = tag(master, &facts);
        facts.extend_from_slice(&tag);
        let mut bytes = [0; HEADER_BYTES];
        for (to, from) in bytes.iter_mut().zip(facts) {
            *to = from;
        }
        (bytes, key)
    }

    /// Reads the header of a file of this class and number, and returns the file's key with it.
    pub(crate) fn decode(
        bytes: &[u8; HEADER_BYTES],
        (class, file): (SealClass, u32),
        master: &MasterKey,
    ) -> Result<(Self, FileKey), NoHeader> {
        if *bytes == [0; HEADER_BYTES] {
            return Err(NoHeader::Destroyed);
        }
        let (tagged, rest) = bytes.split_at(TAGGED_BYTES);
        let (facts, mark) = tagged.split_at(FACTS_BYTES);
        let (given, zeros) = rest.split_at(TAG_BYTES);
        if !facts.starts_with(MAGIC) {
            return Err(NoHeader::Damaged);
        }
        if mark != master_mark(master) {
            return Err(NoHeader::OtherMasterKey);
        }
        let zero = zeros.iter().all(|byte| *byte == 0);
        if verify_slices_are_equal(&tag(master, tagged), given).is_err() || !zero {
            return Err(NoHeader::Damaged);
        }
        let header = Self::read_facts(facts, class).ok_or(NoHeader::Damaged)?;
        if header.file != file {
            return Err(NoHeader::Damaged);
        }
        Ok((header, FileKey::new(&master.derive(b"slot file", facts))))
    }

    fn read_facts(facts: &[u8], class: SealClass) -> Option<Self> {
        let facts = facts.strip_prefix(MAGIC)?;
        let (version, facts) = facts.split_first_chunk()?;
        let ([class_read, _], facts) = facts.split_first_chunk()?;
        let (file, facts) = facts.split_first_chunk()?;
        let (slots, facts) = facts.split_first_chunk()?;
        let (drawn_until, facts) = facts.split_first_chunk()?;
        let (_, facts) = facts.split_first_chunk::<4>()?;
        let (salt, _) = facts.split_first_chunk()?;
        let expected = u16::from_le_bytes(*version) == VERSION && *class_read == class.code();
        expected.then(|| Self {
            class,
            file: u32::from_le_bytes(*file),
            slots: u32::from_le_bytes(*slots),
            drawn_until: UtcMicros(i64::from_le_bytes(*drawn_until)),
            salt: *salt,
        })
    }
}

/// Returns where a slot begins in its file.
pub(crate) fn slot_offset(index: u32) -> u64 {
    HEADER_BYTES as u64 + u64::from(index) * SLOT_BYTES as u64
}

/// Returns what tells one master key from another and nothing about either.
fn master_mark(master: &MasterKey) -> [u8; 16] {
    half(&master.derive(b"mark", b""))
}

fn tag(master: &MasterKey, tagged: &[u8]) -> [u8; TAG_BYTES] {
    half(&master.derive(b"header", tagged))
}

fn half(bytes: &[u8; 32]) -> [u8; 16] {
    let (half, _) = bytes.split_first_chunk().expect("32 bytes begin with 16");
    *half
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header {
        class: SealClass::Consent,
        file: 7,
        slots: 4_096,
        drawn_until: UtcMicros(1_764_000_000_000_000),
        salt: [9; SALT_BYTES],
    };

    fn master() -> MasterKey {
        MasterKey::new(&[3; 32])
    }

    fn check(bytes: &[u8; HEADER_BYTES], place: (SealClass, u32), expected: Result<Header, NoHeader>) {
        let read = Header::decode(bytes, place, &master());
        assert_eq!(read.map(|(header, _)| header), expected);
    }

    #[test]
    fn a_header_reads_back_in_its_place_only() {
        let (bytes, _) = HEADER.encode(&master());
        check(&bytes, (SealClass::Consent, 7), Ok(HEADER));
        check(&bytes, (SealClass::Consent, 8), Err(NoHeader::Damaged));
        check(&bytes, (SealClass::Lead, 7), Err(NoHeader::Damaged));
        check(&[0; HEADER_BYTES], (SealClass::Lead, 7), Err(NoHeader::Destroyed));
        let (other, _) = HEADER.encode(&MasterKey::new(&[4; 32]));
        check(&other, (SealClass::Consent, 7), Err(NoHeader::OtherMasterKey));
    }

    #[test]
    fn every_flipped_bit_of_a_header_is_seen() {
        let (bytes, _) = HEADER.encode(&master());
        for bit in 0..HEADER_BYTES * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            let read = Header::decode(&flipped, (SealClass::Consent, 7), &master());
            assert!(read.is_err(), "bit {bit}");
        }
    }

    #[test]
    fn the_layout_of_this_release_is_read() {
        let (bytes, _) = HEADER.encode(&master());
        let facts: Vec<u8> = [
            b"exchslot".as_slice(),
            &[1, 0, 1, 0, 7, 0, 0, 0, 0, 16, 0, 0],
            &[0, 64, 98, 65, 89, 68, 6, 0, 0, 0, 0, 0],
            &[9; 32],
        ]
        .concat();
        assert_eq!(bytes[..FACTS_BYTES], facts);
        assert_eq!(slot_offset(0), 128);
        assert_eq!(slot_offset(u32::MAX), 128 + 64 * u64::from(u32::MAX));
    }
}
