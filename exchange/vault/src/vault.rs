//! [`Vault`]: the slot files of a data directory.

use core::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use exchange_protocol::{SealClass, SlotRef};
use exchange_types::UtcMicros;

use crate::header::{HEADER_BYTES, Header, NoHeader};
use crate::slot_files::{ByClass, CLASSES, UNFINISHED, folder, number, path};
use crate::storage::{Storage, StorageFile};
use crate::supply::{CHUNK_SLOTS, Supply};
use crate::{Drawer, KeepError, Kept, MasterKey, VaultConfig};

/// Newest files of a class whose headers are asked at a start which master key made them.
const HEADERS_ASKED: usize = 8;

/// The slot files of a data directory. Copies share them, over threads too.
#[derive(Clone, Debug)]
pub struct Vault {
    pub(crate) shared: Arc<Shared>,
}

/// What all copies and drawers of a vault share.
pub(crate) struct Shared {
    pub(crate) storage: Box<dyn Storage>,
    pub(crate) master: MasterKey,
    pub(crate) config: VaultConfig,
    pub(crate) supplies: ByClass<Supply>,
    /// Keeps a slot from being read while it is overwritten, and a reader's key from outliving an erasure.
    /// Readers go side by side; nothing on the way of an auction takes it.
    pub(crate) erasing: RwLock<()>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("storage", &self.storage).finish_non_exhaustive()
    }
}

/// Why a vault cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A folder or file cannot be read.
    #[error("cannot use {} of the slot files", path.display())]
    Io {
        /// The folder or file, below the vault's folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The slot files were made under another master key.
    #[error("the slot files in {} were made under another master key: put that key back", folder(*class).display())]
    OtherMasterKey {
        /// The class.
        class: SealClass,
    },
}

impl Vault {
    /// Opens the slot files, of which there are none at the first start. No other process may use them.
    ///
    /// Draws nothing and makes nothing: that is what [`Vault::keep_ahead`] does.
    ///
    /// # Errors
    ///
    /// Says what cannot be read, or that the master key is another one.
    pub fn open(
        storage: Box<dyn Storage>,
        master: MasterKey,
        config: VaultConfig,
    ) -> Result<Self, OpenError> {
        let supplies = ByClass::try_new(|class| {
            let files = find_files(storage.as_ref(), class)?;
            check_master_key(storage.as_ref(), &master, class, &files)?;
            Ok(Supply::new(files.last().map_or(1, |last| u64::from(*last) + 1)))
        })?;
        let shared = Shared { storage, master, config, supplies, erasing: RwLock::new(()) };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Makes sure that this slot and those of all files up to its own are never drawn (again).
    ///
    /// To be called at a start with the highest slot of each class that the journal names: slot files that were
    /// restored from a backup may end before it.
    pub fn note_drawn(&self, slot: SlotRef) {
        let supply = self.shared.supplies.of(slot.class);
        supply.keeper().begin_after(supply, slot.file);
    }

    /// Makes slot files ahead of their use and makes their keys ready. To be called at the start and then every
    /// tenth of a second, from a thread that may wait for the disk.
    ///
    /// # Errors
    ///
    /// Says why; the other class is kept ahead all the same, and the next call tries again with a new file.
    pub fn keep_ahead(&self, now: UtcMicros) -> Result<Kept, KeepError> {
        let mut kept = Kept::default();
        let [lead, consent] = CLASSES.map(|class| {
            let mut keeper = self.shared.supplies.of(class).keeper();
            keeper.keep(&self.shared, class, now, &mut kept)
        });
        lead.and(consent).map(|()| kept)
    }

    /// Returns how many keys of a class are ready at most, besides those that drawers have taken.
    pub fn ready(&self, class: SealClass) -> usize {
        self.shared.supplies.of(class).chunks() * CHUNK_SLOTS as usize
    }

    /// Returns a drawer for one shard.
    pub fn drawer(&self) -> Drawer {
        Drawer::new(Arc::clone(&self.shared))
    }
}

impl Shared {
    /// Returns the open file of a number; `None` where there is none.
    pub(crate) fn open_file(
        &self,
        class: SealClass,
        file: u32,
    ) -> Result<Option<Box<dyn StorageFile>>, (PathBuf, io::Error)> {
        let path = path(class, file);
        match self.storage.open(&path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err((path, error)),
        }
    }
}

/// Returns the numbers of a class's files in ascending order.
pub(crate) fn list_files(storage: &dyn Storage, class: SealClass) -> io::Result<Vec<u32>> {
    let mut files: Vec<u32> = storage.names(folder(class))?.iter().filter_map(|name| number(name)).collect();
    files.sort_unstable();
    Ok(files)
}

/// Finds the files of a class and removes what a crash left unfinished.
fn find_files(storage: &dyn Storage, class: SealClass) -> Result<Vec<u32>, OpenError> {
    let in_folder = |source| OpenError::Io { path: folder(class).to_owned(), source };
    storage.make_folder(folder(class)).map_err(in_folder)?;
    for name in storage.names(folder(class)).map_err(in_folder)? {
        if name.ends_with(UNFINISHED) {
            let path = folder(class).join(name);
            storage.remove(&path).map_err(|source| OpenError::Io { path, source })?;
        }
    }
    list_files(storage, class).map_err(in_folder)
}

/// Refuses a master key under which none of the newest files was made. One damaged file proves nothing.
fn check_master_key(
    storage: &dyn Storage,
    master: &MasterKey,
    class: SealClass,
    files: &[u32],
) -> Result<(), OpenError> {
    let mut others = 0;
    for file in files.iter().rev().take(HEADERS_ASKED) {
        let path = path(class, *file);
        let read = read_header(storage, &path).map_err(|source| OpenError::Io { path, source })?;
        match read.map(|bytes| Header::decode(&bytes, (class, *file), master)) {
            Some(Ok(_)) => return Ok(()),
            Some(Err(NoHeader::OtherMasterKey)) => others += 1,
            None | Some(Err(NoHeader::Destroyed | NoHeader::Damaged)) => {}
        }
    }
    if others == 0 { Ok(()) } else { Err(OpenError::OtherMasterKey { class }) }
}

/// Reads the beginning of a file; `None` where it is shorter than a header.
pub(crate) fn read_header(storage: &dyn Storage, path: &Path) -> io::Result<Option<[u8; HEADER_BYTES]>> {
    let mut bytes = [0; HEADER_BYTES];
    match storage.open(path)?.read_at(0, &mut bytes) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}
