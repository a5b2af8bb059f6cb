//! [`Fingerprint`]: under what a person's phone or e-mail address is known for duplicates.
//!
//! `HMAC(exchange key, SHA-256(normalized value))`, cut to 128 bits: so raw fields, pings that bring hashes
//! and suppression lists of hashes meet in one key, and nobody without the exchange's key can look a
//! number up.

use sha2::{Digest as _, Sha256};

use crate::hmac_key::HmacKey;

/// The stored form of a phone or e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// Returns the fingerprint as a number, big end first.
    pub const fn number(self) -> u128 {
        u128::from_be_bytes(self.0)
    }
}

/// The exchange's key for fingerprints.
#[derive(Clone, Debug)]
pub struct FingerprintKey(HmacKey);

impl FingerprintKey {
    /// Returns the key of these bytes.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(HmacKey::new(key))
    }

    /// Returns the fingerprint of a normalized value: a phone in E.164, an e-mail address trimmed and in
    /// lower case.
    pub fn of_value(&self, normalized: &str) -> Fingerprint {
        self.of_sha256(&Sha256::digest(normalized.as_bytes()).into())
    }

    /// Returns the fingerprint of a value of which only the SHA-256 is known.
    pub fn of_sha256(&self, digest: &[u8; 32]) -> Fingerprint {
        Fingerprint(first_half(self.0.tag(&[digest])))
    }
}

/// Cuts a tag to 128 bits.
pub(crate) fn first_half(tag: [u8; 32]) -> [u8; 16] {
    let (half, _) = tag.split_first_chunk().unwrap_or((&[0; 16], &[]));
    *half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_and_hashed_values_meet_in_one_fingerprint() {
        let key = FingerprintKey::new(&[7; 32]);
        let digest = Sha256::digest(b"+49891234567").into();
        assert_eq!(key.of_value("+49891234567"), key.of_sha256(&digest));
    }

    #[test]
    fn fingerprint_depends_on_the_key_and_the_value() {
        let (one, other) = (FingerprintKey::new(&[1; 32]), FingerprintKey::new(&[2; 32]));
        assert_ne!(one.of_value("ada@example.org"), other.of_value("ada@example.org"));
        assert_ne!(one.of_value("ada@example.org"), one.of_value("eve@example.org"));
    }
}
