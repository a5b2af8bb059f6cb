//! [`Sealed`]: where the key of a ciphertext lies, and what names the ciphertext.

use super::bytes::{DecodeError, Reader, Writer};

/// What is sealed. Each class has slot files, and so a time of keeping, of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SealClass {
    /// The lead's fields, its source and its envelope.
    Lead,
    /// The evidence of the person's consent, which is kept longer and restricted instead of erased.
    Consent,
}

impl SealClass {
    /// Returns the number that stands for it in records, in files of keys and in what a ciphertext is bound to.
    pub const fn code(self) -> u8 {
        match self {
            Self::Lead => 0,
            Self::Consent => 1,
        }
    }

    /// Returns the class of a number.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Lead),
            1 => Some(Self::Consent),
            _ => None,
        }
    }
}

/// Where a key lies: a file of a class, and a slot in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotRef {
    /// The class of the file.
    pub class: SealClass,
    /// The file's number, counting up over the whole life of a data directory.
    pub file: u32,
    /// The slot in the file.
    pub index: u32,
}

/// A ciphertext, by its key and its digest. Its bytes stand in the sealed part of the record's batch, so
/// that an archive may drop them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Where its key lies.
    pub slot: SlotRef,
    /// Its length in bytes.
    pub length: u32,
    /// The SHA-256 of the ciphertext.
    pub digest: [u8; 32],
}

impl SlotRef {
    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.u8(self.class.code());
        to.u32(self.file);
        to.u32(self.index);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let class = SealClass::from_code(from.u8()?).ok_or(DecodeError::Value { at: from.position() })?;
        Ok(Self { class, file: from.u32()?, index: from.u32()? })
    }
}

impl Sealed {
    pub(super) fn write(&self, to: &mut Writer<'_>) {
        self.slot.write(to);
        to.u32(self.length);
        to.bytes(&self.digest);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { slot: SlotRef::read(from)?, length: from.u32()?, digest: from.array()? })
    }
}
