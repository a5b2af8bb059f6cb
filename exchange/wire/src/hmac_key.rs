//! [`HmacKey`]: HMAC-SHA256 with the key's two blocks hashed beforehand.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// A key of HMAC-SHA256 (RFC 2104) that is used many times: its padded blocks are hashed once, and each
/// message starts from a copy of that state. Its `Debug` shows nothing.
#[derive(Clone)]
pub(crate) struct HmacKey(Hmac<Sha256>);

impl HmacKey {
    /// Returns the key of these bytes, of which there may be any number.
    pub(crate) fn new(key: &[u8]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC pads or hashes a key of any length"))
    }

    /// Returns the tag of the parts, one after the other.
    pub(crate) fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl core::fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("HmacKey(..)")
    }
}
