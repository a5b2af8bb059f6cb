//! [`HashKey`]: `SipHash-2-4` with 128 bits of output, under a secret key.
//!
//! It makes ids and pseudonyms, breaks ties and recognises repeated bodies, where what counts is that
//! nobody without the key can foresee or provoke a value. It is no signature.

use core::hash::Hasher as _;

use siphasher::sip128::{Hasher128 as _, SipHasher24};

/// A secret key of 128 bits. It has no `Display`, and its `Debug` shows nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HashKey([u8; 16]);

impl HashKey {
    /// Returns the key of these bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns a key for one use, so that the values of two uses cannot be joined.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Self {
        Self(self.hasher().text(purpose).finish().to_le_bytes())
    }

    /// Starts a hash under this key.
    pub fn hasher(&self) -> KeyedHash {
        KeyedHash(SipHasher24::new_with_key(&self.0))
    }
}

impl core::fmt::Debug for HashKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("HashKey(..)")
    }
}

/// A hash in the making. Each part is written with its length, so parts cannot run together.
#[derive(Clone, Copy)]
pub struct KeyedHash(SipHasher24);

impl core::fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("KeyedHash(..)")
    }
}

impl KeyedHash {
    /// Adds a number.
    #[must_use]
    pub fn number(mut self, number: u128) -> Self {
        self.0.write(&number.to_le_bytes());
        self
    }

    /// Adds bytes, preceded by their length.
    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.write(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
        self.0.write(bytes);
        self
    }

    /// Adds a text, preceded by its length.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    /// Returns the 128 bits.
    pub fn finish(self) -> u128 {
        self.0.finish128().as_u128()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_keep_their_bounds_and_keys_their_uses() {
        let key = HashKey::new([7; 16]);
        assert_ne!(key.hasher().text("ab").text("c").finish(), key.hasher().text("a").text("bc").finish());
        assert_ne!(key.derive("offers"), key.derive("posts"));
        assert_eq!(key.hasher().number(1).finish(), key.hasher().number(1).finish());
        assert_ne!(key.hasher().number(1).finish(), key.hasher().number(2).finish());
        assert_ne!(key.hasher().finish(), HashKey::new([8; 16]).hasher().finish());
        assert_eq!(format!("{key:?} {:?}", key.hasher()), "HashKey(..) KeyedHash(..)");
    }
}
