//! [`SecretKey`]: the root of ids, pseudonyms and fingerprints.

use core::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use exchange_types::HashKey;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::synced_file::replace_file;
use super::{DataDirError, io_error};

/// The root of ids, pseudonyms and fingerprints: 256 random bits. It never leaves the process; what is used are
/// keys derived from it, one for each purpose.
#[derive(Clone)]
pub struct SecretKey([u8; 32]);

impl SecretKey {
    /// Returns the secret of these bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads the secret, or draws it where there is none yet.
    pub(super) fn read_or_create(path: &Path) -> Result<Self, DataDirError> {
        match fs::read_to_string(path) {
            Ok(text) => Self::read(path, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Self::create(path).map_err(|source| io_error(path, source))
            }
            Err(source) => Err(io_error(path, source)),
        }
    }

    /// Reads the secret where there is one.
    pub(super) fn read_existing(path: &Path) -> Result<Self, DataDirError> {
        let text = fs::read_to_string(path).map_err(|source| io_error(path, source))?;
        Self::read(path, &text)
    }

    /// Returns the key for a purpose; keys of two purposes tell nothing about each other.
    #[expect(clippy::missing_panics_doc, reason = "HMAC takes keys of any length")]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Returns the key for a purpose that hashes into ids and pseudonyms.
    #[expect(clippy::missing_panics_doc, reason = "32 bytes begin with 16")]
    pub fn hash_key(&self, purpose: &str) -> HashKey {
        let key = self.derive(purpose);
        let (half, _) = key.split_first_chunk().expect("16 of 32 bytes");
        HashKey::new(*half)
    }

    fn read(path: &Path, text: &str) -> Result<Self, DataDirError> {
        let metadata = fs::metadata(path).map_err(|source| io_error(path, source))?;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(DataDirError::SecretExposed { path: path.to_owned() });
        }
        let malformed = || DataDirError::SecretMalformed { path: path.to_owned() };
        crate::hex::decode(text.trim_end()).map(Self).ok_or_else(malformed)
    }

    fn create(path: &Path) -> io::Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        replace_file(path, format!("{}\n", crate::hex::encode(&bytes)).as_bytes())?;
        Ok(Self(bytes))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_stays_over_restarts() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret.key");
        let drawn = SecretKey::read_or_create(&path).expect("drawn");
        let read = SecretKey::read_or_create(&path).expect("read");
        assert_eq!(drawn.derive("ids"), read.derive("ids"));
        assert_ne!(drawn.derive("ids"), read.derive("pseudonyms"));
        assert_eq!(drawn.hash_key("ids"), read.hash_key("ids"));
        assert_eq!(format!("{drawn:?}"), "SecretKey(..)");
    }

    #[test]
    fn an_exposed_or_damaged_secret_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret.key");
        SecretKey::read_or_create(&path).expect("drawn");
        let set_mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
        set_mode(0o640);
        let exposed = SecretKey::read_or_create(&path);
        assert!(matches!(exposed, Err(DataDirError::SecretExposed { .. })));
        set_mode(0o600);
        for text in ["", "00", &"g".repeat(64), &"0".repeat(66)] {
            fs::write(&path, text).expect("written");
            let damaged = SecretKey::read_or_create(&path);
            assert!(matches!(damaged, Err(DataDirError::SecretMalformed { .. })), "{text}");
        }
    }
}
