//! Personal data under a key for each lead, so that erasing one key erases the lead in every copy of the log.
//!
//! Keys lie in slot files, made and synced ahead of their use and wrapped by a [`MasterKey`]. A [`Drawer`] for
//! each shard takes ready keys and seals with them; it waits for no disk and takes no lock. The [`Vault`] reads
//! sealed data, erases single slots and removes whole files by age.
//! It does not decide what is erased when, reads no clock, and knows nothing of what it seals.
//!
//! **A key is never kept.** Between two calls no key that has been drawn is in memory: every reading unwraps it
//! from its file again, so nothing is left that could bring back an erased one.
//!
//! The order of a start: [`Vault::open`], [`Vault::note_drawn`] with the highest slot of each class that the
//! journal names, [`Vault::erase_all`] with every slot that it says was erased, then [`Vault::keep_ahead`] now
//! and every tenth of a second, and a drawer for each shard.

mod config;
mod drawer;
mod erase;
mod header;
mod keeper;
mod master_key;
mod retire;
mod sealing;
mod slot_files;
mod slot_key;
mod storage;
mod supply;
mod unseal;
mod vault;

pub use config::VaultConfig;
pub use drawer::{Drawer, PLAIN_BYTES_MAX, SealError};
pub use erase::{EraseError, Swept};
pub use keeper::{KeepError, Kept};
pub use master_key::{MasterKey, MasterKeyError};
pub use retire::{RetireError, Retired};
pub use storage::{FileStorage, Storage, StorageFile};
pub use unseal::UnsealError;
pub use vault::{OpenError, Vault};
