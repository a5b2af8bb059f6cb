//! [`KeyStore`]: for whom each bearer key speaks.
//!
//! Keys are kept by their hash in one file, which the command line changes and a serving process reads: at its
//! start and whenever it is told to. Any number of keys of one owner may be active, so that they can be rotated.

mod kept;
mod key_entry;
mod key_file;
mod key_table;
mod owner;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use exchange_control::Principal;
use exchange_types::UtcMicros;
use exchange_wire::{ApiKey, KeyMode};
use tokio::sync::watch;

pub(crate) use kept::{keep_listed, listed_key, views};
pub use key_entry::{KeyEntry, KeyLimits};
pub use key_file::KeyFileError;
pub(crate) use key_table::KnownKey;
pub use owner::{Owner, OwnerError};

use key_file::KeyFile;
use key_table::KeyTable;

/// Keys in one file: some for every seller and buyer that a catalog may have.
const KEYS_MAX: usize = 200_000;

/// For whom each bearer key speaks.
#[derive(Debug)]
pub struct KeyStore {
    file: KeyFile,
    /// Replaced whole by a reload; every request of a seller looks into it, from every shard.
    table: ArcSwap<KeyTable>,
    /// All that the file said when it was read last, for the store.
    entries: watch::Sender<Arc<[KeyEntry]>>,
}

impl KeyStore {
    /// Reads the keys; a missing file holds none.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the file.
    pub fn open(path: &Path) -> Result<Self, KeyFileError> {
        let file = KeyFile::new(path.to_owned());
        let entries = file.read()?;
        let table = ArcSwap::from_pointee(KeyTable::new(&entries, None));
        Ok(Self { file, table, entries: watch::Sender::new(entries.into()) })
    }

    /// Finds for whom a bearer key speaks; nothing where it is unknown or revoked.
    pub fn authenticate(&self, bearer: &str) -> Option<Arc<Principal>> {
        self.known(bearer).map(|known| Arc::clone(&known.principal))
    }

    /// Finds a bearer key with its limits; nothing where it is unknown or revoked.
    pub(crate) fn known(&self, bearer: &str) -> Option<Arc<KnownKey>> {
        let hash = ApiKey::parse(bearer)?.hash();
        self.table.load().find(&hash)
    }

    /// Reads the keys again and returns how many are active.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the file; the keys in force stay then.
    pub fn reload(&self) -> Result<usize, KeyFileError> {
        Ok(self.put_in_force(self.read()?))
    }

    /// Reads the keys again.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the file.
    pub(crate) fn read(&self) -> Result<NextKeys, KeyFileError> {
        let entries = self.file.read()?;
        if entries.is_empty() && !self.is_empty() {
            // A file that is gone is a mistake, not a wish to lock everybody out, the operator first.
            return Err(KeyFileError::Gone);
        }
        let table = KeyTable::new(&entries, Some(&self.table.load()));
        Ok(NextKeys { entries, table })
    }

    /// Puts keys in force that were read, has the store list them, and returns how many are active.
    pub(crate) fn put_in_force(&self, NextKeys { entries, table }: NextKeys) -> usize {
        let active = table.len();
        self.table.store(Arc::new(table));
        self.entries.send_replace(entries.into());
        active
    }

    /// Returns how many keys are active.
    pub fn len(&self) -> usize {
        self.table.load().len()
    }

    /// Returns whether no key is active.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Keys that were read and are not in force yet.
#[derive(Debug)]
pub(crate) struct NextKeys {
    entries: Vec<KeyEntry>,
    table: KeyTable,
}

/// A key that was made: what is shown once.
#[derive(Debug)]
pub struct CreatedKey {
    /// The key.
    pub key: ApiKey,
    /// What is stored of it.
    pub entry: KeyEntry,
}

/// Makes a key and stores what is stored of it.
///
/// # Errors
///
/// Says what is wrong with the file, or that it is full.
pub fn create_key(
    path: &Path,
    (owner, limits): (Owner, KeyLimits),
    mode: KeyMode,
    now: UtcMicros,
) -> Result<CreatedKey, KeyFileError> {
    let file = KeyFile::new(path.to_owned());
    file.edit(|entries| {
        if entries.len() >= KEYS_MAX {
            return Err(KeyFileError::Full { keys_max: KEYS_MAX });
        }
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(KeyFileError::Random)?;
        let key = ApiKey::new(mode, random);
        let entry = KeyEntry::new(&key, (owner, limits), now);
        entries.push(entry.clone());
        Ok(CreatedKey { key, entry })
    })
}

/// Revokes the one active key that begins so, or that is given whole, and returns what is stored of it.
///
/// # Errors
///
/// Says what is wrong with the file, or that no key or more than one begins so.
pub fn revoke_key(path: &Path, prefix: &str, now: UtcMicros) -> Result<KeyEntry, KeyFileError> {
    // The beginning that all keys share, or less, would revoke whatever key happens to be alone.
    if prefix.len() <= KeyMode::Live.prefix().len() {
        return Err(KeyFileError::Ambiguous { prefix: prefix.to_owned() });
    }
    KeyFile::new(path.to_owned()).edit(|entries| {
        let begins =
            |entry: &KeyEntry| entry.prefix.starts_with(prefix) || prefix.starts_with(&*entry.prefix);
        let mut matching = entries.iter_mut().filter(|entry| entry.is_active() && begins(entry));
        match (matching.next(), matching.next()) {
            (Some(entry), None) => {
                entry.revoked_at = Some(now);
                Ok(entry.clone())
            }
            (None, _) => Err(KeyFileError::NoSuchKey { prefix: prefix.to_owned() }),
            (Some(_), Some(_)) => Err(KeyFileError::Ambiguous { prefix: prefix.to_owned() }),
        }
    })
}

/// Returns every key, in the order in which they were made, revoked ones too.
///
/// # Errors
///
/// Says what is wrong with the file.
pub fn list_keys(path: PathBuf) -> Result<Vec<KeyEntry>, KeyFileError> {
    KeyFile::new(path).read()
}

#[cfg(test)]
mod tests;
