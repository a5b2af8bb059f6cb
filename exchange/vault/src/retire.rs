//! Retention: whole slot files are removed when all leads in them are old enough.

use std::io;
use std::path::PathBuf;
use std::sync::PoisonError;

use exchange_protocol::SealClass;
use exchange_types::UtcMicros;

use crate::header::{HEADER_BYTES, Header, NoHeader};
use crate::slot_files::{folder, path};
use crate::vault::{Shared, Vault, list_files, read_header};

/// What [`Vault::retire`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retired {
    /// Files that were removed.
    pub removed: u32,
    /// Files that were left because their age cannot be read: they are damaged, or of another master key.
    pub unreadable: u32,
}

/// Why files were not removed. What was removed before stays so.
#[derive(Debug, thiserror::Error)]
pub enum RetireError {
    /// A file or folder cannot be read, overwritten or removed.
    #[error("cannot remove {} by its age", path.display())]
    Io {
        /// The file or folder, below the vault's folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Vault {
    /// Removes the files of a class in which every slot was drawn before an instant.
    ///
    /// So a lead is gone at most [`crate::VaultConfig::file_span_us`] after it became as old as that. The newest
    /// file of a class always stays, because its number says from where to count; so does every file that is drawn
    /// from. What a removed file held cannot be read from the free blocks of the disk: the salt of its key is
    /// overwritten first.
    ///
    /// # Errors
    ///
    /// Says which file cannot be removed.
    pub fn retire(&self, class: SealClass, before: UtcMicros) -> Result<Retired, RetireError> {
        let supply = self.shared.supplies.of(class);
        // Taken for as long as it lasts: no file is made or closed meanwhile.
        let _keeper = supply.keeper();
        let in_folder = |source| RetireError::Io { path: folder(class).to_owned(), source };
        let mut files = list_files(self.shared.storage.as_ref(), class).map_err(in_folder)?;
        files.pop();
        let mut retired = Retired::default();
        for file in files.into_iter().filter(|file| u64::from(*file) < supply.oldest()) {
            let done = self.shared.retire_file(class, file, before, &mut retired);
            done.map_err(|source| RetireError::Io { path: path(class, file), source })?;
        }
        if retired.removed > 0 {
            self.shared.storage.sync_folder(folder(class)).map_err(in_folder)?;
        }
        Ok(retired)
    }
}

impl Shared {
    fn retire_file(
        &self,
        class: SealClass,
        file: u32,
        before: UtcMicros,
        retired: &mut Retired,
    ) -> io::Result<()> {
        let path = path(class, file);
        let header = read_header(self.storage.as_ref(), &path)?;
        match header.map(|bytes| Header::decode(&bytes, (class, file), &self.master)) {
            Some(Ok((header, _))) if header.drawn_until > before => return Ok(()),
            Some(Ok(_)) => {
                let opened = self.storage.open(&path)?;
                let _erasing = self.erasing.write().unwrap_or_else(PoisonError::into_inner);
                opened.write_at(0, &[0; HEADER_BYTES])?;
                opened.sync()?;
            }
            // A crash came between the two steps of a removal.
            Some(Err(NoHeader::Destroyed)) => {}
            None | Some(Err(NoHeader::OtherMasterKey | NoHeader::Damaged)) => {
                retired.unreadable += 1;
                return Ok(());
            }
        }
        self.storage.remove(&path)?;
        retired.removed += 1;
        Ok(())
    }
}
