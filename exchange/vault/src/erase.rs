//! Erasing of keys: zeros over the slot, on disk before it returns.
//!
//! It needs no key and no header, so a damaged file can be erased too.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::PoisonError;

use exchange_protocol::{SealClass, SlotRef};

use crate::header::slot_offset;
use crate::slot_files::{path, slot_text};
use crate::slot_key::SLOT_BYTES;
use crate::storage::StorageFile;
use crate::vault::{Shared, Vault};

/// What an erased slot holds.
const ZEROS: [u8; SLOT_BYTES] = [0; SLOT_BYTES];

/// Why a key was not erased for certain.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// The file cannot be overwritten or synced. The key may be there or not: erase it again.
    #[error("cannot erase in the slot file {}", path.display())]
    Io {
        /// The file, below the vault's folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file has no such slot.
    #[error("there is no slot {}", slot_text(slot))]
    NoSuchSlot {
        /// The slot.
        slot: SlotRef,
    },
}

/// What [`Vault::erase_all`] found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Slots that held something and are zeros now: a restored file brought them back, or a crash.
    pub erased: u64,
    /// Slots that were zeros already.
    pub already: u64,
    /// Slots whose file is gone or ends before them.
    pub gone: u64,
}

impl Vault {
    /// Erases the key of a slot. What was sealed under it cannot be read any more, here or in any copy.
    ///
    /// It is on disk when this returns, also where it was erased before. A slot whose file is gone is erased.
    ///
    /// # Errors
    ///
    /// Says why it is not certain that the key is gone. The call may be repeated: each writes anew, so none
    /// relies on an earlier sync that failed.
    pub fn erase(&self, slot: SlotRef) -> Result<(), EraseError> {
        let Some(file) = self.shared.open_for_erasing(slot.class, slot.file)? else { return Ok(()) };
        let failed = |source| EraseError::Io { path: path(slot.class, slot.file), source };
        if file.length().map_err(failed)? < slot_offset(slot.index) + SLOT_BYTES as u64 {
            return Err(EraseError::NoSuchSlot { slot });
        }
        self.shared.overwrite(file.as_ref(), slot.index).map_err(failed)?;
        file.sync().map_err(failed)
    }

    /// Erases many slots, with one sync for each file that has to be changed. For a start: with all slots that
    /// the journal says were erased, whatever copies of slot files were put back.
    ///
    /// All of them are erased on disk when this returns.
    ///
    /// # Errors
    ///
    /// Says why some may not be erased; then it has to be called again.
    pub fn erase_all(&self, slots: impl IntoIterator<Item = SlotRef>) -> Result<Swept, EraseError> {
        let mut files: BTreeMap<(SealClass, u32), Vec<u32>> = BTreeMap::new();
        for slot in slots {
            files.entry((slot.class, slot.file)).or_default().push(slot.index);
        }
        let mut swept = Swept::default();
        if files.is_empty() {
            return Ok(swept);
        }
        // What an earlier process wrote may not be on disk yet, and zeros that are read may be such.
        let synced = self.shared.storage.sync_everything();
        synced.map_err(|source| EraseError::Io { path: PathBuf::new(), source })?;
        for ((class, file), mut indices) in files {
            indices.sort_unstable();
            indices.dedup();
            self.shared.sweep(class, file, &indices, &mut swept)?;
        }
        Ok(swept)
    }
}

impl Shared {
    fn open_for_erasing(
        &self,
        class: SealClass,
        file: u32,
    ) -> Result<Option<Box<dyn StorageFile>>, EraseError> {
        self.open_file(class, file).map_err(|(path, source)| EraseError::Io { path, source })
    }

    fn overwrite(&self, file: &dyn StorageFile, index: u32) -> io::Result<()> {
        let _erasing = self.erasing.write().unwrap_or_else(PoisonError::into_inner);
        file.write_at(slot_offset(index), &ZEROS)
    }

    fn sweep(
        &self,
        class: SealClass,
        file: u32,
        indices: &[u32],
        swept: &mut Swept,
    ) -> Result<(), EraseError> {
        let failed = |source| EraseError::Io { path: path(class, file), source };
        let Some(opened) = self.open_for_erasing(class, file)? else {
            swept.gone += indices.len() as u64;
            return Ok(());
        };
        let length = opened.length().map_err(failed)?;
        let mut changed = false;
        for index in indices {
            if length < slot_offset(*index) + SLOT_BYTES as u64 {
                swept.gone += 1;
                continue;
            }
            let mut bytes = ZEROS;
            opened.read_at(slot_offset(*index), &mut bytes).map_err(failed)?;
            if bytes == ZEROS {
                swept.already += 1;
            } else {
                self.overwrite(opened.as_ref(), *index).map_err(failed)?;
                swept.erased += 1;
                changed = true;
            }
        }
        if changed { opened.sync().map_err(failed) } else { Ok(()) }
    }
}
