//! [`Drawer`]: one shard's keys. Sealing takes one, without a lock and without waiting for a disk.

use core::fmt;
use std::sync::Arc;

use exchange_protocol::{SealClass, Sealed, SlotRef};
use exchange_types::Uuid7;

use crate::sealing;
use crate::slot_files::{ByClass, folder};
use crate::slot_key::SlotKey;
use crate::supply::Chunk;
use crate::vault::Shared;

/// The longest text that is sealed, in bytes. A lead is at most a request's body, 64 KiB, with a frame around it.
pub const PLAIN_BYTES_MAX: usize = 1 << 20;

/// Hands out keys to one shard and seals with them.
pub struct Drawer {
    shared: Arc<Shared>,
    chunks: ByClass<Chunk>,
}

/// Why nothing was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// No key is ready: nobody keeps ahead, or the disk is full or slow.
    #[error("no key is ready for {}: look for errors of the slot files", folder(*class).display())]
    NoKeyReady {
        /// The class.
        class: SealClass,
    },
    /// The text is longer than [`PLAIN_BYTES_MAX`].
    #[error("{bytes} bytes are more than {PLAIN_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

impl Drawer {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, chunks: ByClass::default() }
    }

    /// Draws a key, seals `plain` under it and appends the ciphertext to `out`.
    ///
    /// The ciphertext is bound to its slot and to `lead`, and is 16 bytes longer than the text. The key is
    /// forgotten when this returns.
    ///
    /// # Errors
    ///
    /// Says why nothing was sealed; then `out` is as it was.
    pub fn seal(
        &mut self,
        class: SealClass,
        lead: Uuid7,
        plain: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Sealed, SealError> {
        if plain.len() > PLAIN_BYTES_MAX {
            return Err(SealError::TooLong { bytes: plain.len() });
        }
        let (slot, key) = self.draw(class).ok_or(SealError::NoKeyReady { class })?;
        Ok(sealing::seal(&key, slot, lead, plain, out))
    }

    fn draw(&mut self, class: SealClass) -> Option<(SlotRef, SlotKey)> {
        let supply = self.shared.supplies.of(class);
        let chunk = self.chunks.of_mut(class);
        // A chunk may be empty where all of its slots were erased before they were drawn.
        loop {
            if supply.may_be_drawn(chunk)
                && let Some((index, key)) = chunk.keys.pop()
            {
                return Some((SlotRef { class, file: chunk.file, index }, key));
            }
            *chunk = supply.take()?;
        }
    }
}

impl fmt::Debug for Drawer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Drawer(..)")
    }
}
