//! [`SlotKey`], the key of one ciphertext, and [`FileKey`], which wraps those of one file.

use core::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

/// The length of a key in bytes.
pub(crate) const KEY_BYTES: usize = 32;
/// The length of the tag that AES-GCM adds.
pub(crate) const TAG_BYTES: usize = 16;
/// A slot in its file: the wrapped key, its tag, and zeros up to a length that divides a disk's sector, so that
/// no slot lies in two of them.
pub(crate) const SLOT_BYTES: usize = 64;
const WRAPPED_BYTES: usize = KEY_BYTES + TAG_BYTES;
const _: () = assert!(WRAPPED_BYTES <= SLOT_BYTES && 512 % SLOT_BYTES == 0);

/// The key of one ciphertext.
pub(crate) struct SlotKey(pub(crate) Zeroizing<[u8; KEY_BYTES]>);

impl fmt::Debug for SlotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SlotKey(..)")
    }
}

impl SlotKey {
    /// Returns the cipher of this key.
    pub(crate) fn cipher(&self) -> LessSafeKey {
        cipher(&self.0)
    }
}

/// Why a slot gives no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoKey {
    /// It is all zeros.
    Erased,
    /// It is not what was written.
    Damaged,
}

/// The key that wraps the keys of one file. It is derived from the master key and the file's header.
pub(crate) struct FileKey(LessSafeKey);

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey(..)")
    }
}

impl FileKey {
    pub(crate) fn new(bytes: &[u8; KEY_BYTES]) -> Self {
        Self(cipher(bytes))
    }

    /// Wraps the key of a slot. Called once for each slot of a file: the nonce is the slot's place.
    pub(crate) fn wrap(&self, index: u32, key: &[u8; KEY_BYTES]) -> [u8; SLOT_BYTES] {
        let mut slot = [0; SLOT_BYTES];
        let (wrapped, rest) = slot.split_at_mut(KEY_BYTES);
        wrapped.copy_from_slice(key);
        let tag = self.0.seal_in_place_separate_tag(nonce(index), Aad::empty(), wrapped);
        let tag = tag.expect("AES-GCM seals any 32 bytes");
        for (to, from) in rest.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        slot
    }

    /// Unwraps the key of a slot.
    pub(crate) fn unwrap(&self, index: u32, slot: &[u8; SLOT_BYTES]) -> Result<SlotKey, NoKey> {
        if *slot == [0; SLOT_BYTES] {
            return Err(NoKey::Erased);
        }
        let (wrapped, padding) = slot.split_at(WRAPPED_BYTES);
        if padding.iter().any(|byte| *byte != 0) {
            return Err(NoKey::Damaged);
        }
        let mut wrapped = Zeroizing::new(wrapped.to_vec());
        let opened = self.0.open_in_place(nonce(index), Aad::empty(), &mut wrapped);
        let opened = opened.map_err(|_| NoKey::Damaged)?;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        key.copy_from_slice(opened);
        Ok(SlotKey(key))
    }
}

fn cipher(key: &[u8; KEY_BYTES]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("AES-256 takes keys of 32 bytes"))
}

fn nonce(index: u32) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    for (to, from) in bytes.iter_mut().zip(index.to_le_bytes()) {
        *to = from;
    }
    Nonce::assume_unique_for_key(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_opens_in_its_place_under_its_key_only() {
        let (file, key) = (FileKey::new(&[1; 32]), [7; 32]);
        let slot = file.wrap(5, &key);
        assert!(!slot.windows(8).any(|window| window == [7; 8]));
        assert_eq!(*file.unwrap(5, &slot).expect("opens").0, key);
        assert_eq!(file.unwrap(6, &slot).expect_err("another place"), NoKey::Damaged);
        assert_eq!(FileKey::new(&[2; 32]).unwrap(5, &slot).expect_err("another key"), NoKey::Damaged);
        assert_eq!(file.unwrap(5, &[0; SLOT_BYTES]).expect_err("zeros"), NoKey::Erased);
    }

    #[test]
    fn every_flipped_bit_of_a_slot_is_seen() {
        let file = FileKey::new(&[1; 32]);
        let slot = file.wrap(5, &[7; 32]);
        for bit in 0..SLOT_BYTES * 8 {
            let mut flipped = slot;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(file.unwrap(5, &flipped).expect_err("flipped"), NoKey::Damaged, "bit {bit}");
        }
    }

    #[test]
    fn keys_are_not_shown() {
        assert_eq!(format!("{:?}", SlotKey(Zeroizing::new([7; 32]))), "SlotKey(..)");
        assert_eq!(format!("{:?}", FileKey::new(&[7; 32])), "FileKey(..)");
    }
}
