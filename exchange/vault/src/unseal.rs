//! Reading of what was sealed. The key is unwrapped from its file each time and kept nowhere.

use std::io;
use std::path::PathBuf;
use std::sync::PoisonError;

use exchange_protocol::{Sealed, SlotRef};
use exchange_types::Uuid7;
use zeroize::Zeroizing;

use crate::header::{HEADER_BYTES, Header, NoHeader, slot_offset};
use crate::sealing;
use crate::slot_files::{path, slot_text};
use crate::slot_key::{NoKey, SLOT_BYTES, SlotKey};
use crate::storage::StorageFile;
use crate::vault::{Shared, Vault};

/// Why sealed data cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum UnsealError {
    /// Its key was erased.
    #[error("the key in slot {} was erased", slot_text(slot))]
    Erased {
        /// The slot.
        slot: SlotRef,
    },
    /// The file of its key is not there: its time of keeping is over, or it was not restored.
    #[error("the file of slot {} is gone", slot_text(slot))]
    Gone {
        /// The slot.
        slot: SlotRef,
    },
    /// The slot does not hold what was written, or was made under another master key.
    #[error("slot {} is damaged: restore its file from a backup and restart", slot_text(slot))]
    SlotDamaged {
        /// The slot.
        slot: SlotRef,
    },
    /// The bytes are not the ciphertext that was sealed for this lead under this slot.
    #[error("the bytes are not what was sealed under slot {}", slot_text(slot))]
    OtherCiphertext {
        /// The slot.
        slot: SlotRef,
    },
    /// The file of the key cannot be read.
    #[error("cannot read the slot file {}", path.display())]
    Io {
        /// The file, below the vault's folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Vault {
    /// Opens a ciphertext of a lead.
    ///
    /// Reads the key's file: not for the way of an auction. An erasure waits for it and it for an erasure, so
    /// nothing is returned for a slot whose [`Vault::erase`] has returned.
    ///
    /// # Errors
    ///
    /// Says why it cannot be read.
    pub fn unseal(
        &self,
        lead: Uuid7,
        sealed: &Sealed,
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, UnsealError> {
        let slot = sealed.slot;
        if !sealing::is_named_by(ciphertext, sealed) {
            return Err(UnsealError::OtherCiphertext { slot });
        }
        let _reading = self.shared.erasing.read().unwrap_or_else(PoisonError::into_inner);
        let key = self.shared.key(slot)?;
        sealing::open(&key, sealed, lead, ciphertext).ok_or(UnsealError::OtherCiphertext { slot })
    }
}

impl Shared {
    /// Unwraps the key of a slot.
    fn key(&self, slot: SlotRef) -> Result<SlotKey, UnsealError> {
        let opened = self.open_file(slot.class, slot.file);
        let file = opened.map_err(|(path, source)| UnsealError::Io { path, source })?;
        let file = file.ok_or(UnsealError::Gone { slot })?;
        let read = |offset, bytes: &mut [u8]| read_at(slot, file.as_ref(), offset, bytes);

        let mut header = [0; HEADER_BYTES];
        read(0, &mut header)?;
        let decoded = Header::decode(&header, (slot.class, slot.file), &self.master);
        let (header, file_key) = decoded.map_err(|why| match why {
            NoHeader::Destroyed => UnsealError::Gone { slot },
            NoHeader::OtherMasterKey | NoHeader::Damaged => UnsealError::SlotDamaged { slot },
        })?;
        if slot.index >= header.slots {
            return Err(UnsealError::SlotDamaged { slot });
        }
        let mut bytes = [0; SLOT_BYTES];
        read(slot_offset(slot.index), &mut bytes)?;
        file_key.unwrap(slot.index, &bytes).map_err(|why| match why {
            NoKey::Erased => UnsealError::Erased { slot },
            NoKey::Damaged => UnsealError::SlotDamaged { slot },
        })
    }
}

fn read_at(slot: SlotRef, file: &dyn StorageFile, offset: u64, bytes: &mut [u8]) -> Result<(), UnsealError> {
    file.read_at(offset, bytes).map_err(|source| {
        if source.kind() == io::ErrorKind::UnexpectedEof {
            UnsealError::SlotDamaged { slot }
        } else {
            UnsealError::Io { path: path(slot.class, slot.file), source }
        }
    })
}
