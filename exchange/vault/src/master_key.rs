//! [`MasterKey`]: wraps the keys of all slot files, and lies apart from them.

use core::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::hmac;
use zeroize::{Zeroize as _, Zeroizing};

/// Its length in bytes.
const KEY_BYTES: usize = 32;

/// The key that wraps the keys of all slot files: 256 bits.
///
/// Without it every slot is random noise. It belongs neither into the backups of the journal nor into those of
/// the slot files. Its text is 64 hexadecimal digits.
#[derive(Clone)]
pub struct MasterKey(hmac::Key);

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file cannot be read or written.
    #[error("cannot use {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read the file.
    #[error("{} may be read by others: run `chmod 600` on it, and make a new one if others have read it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// The text is no key.
    #[error("the master key is not 64 hexadecimal digits")]
    Malformed,
}

impl MasterKey {
    /// Returns the key of these bytes.
    pub fn new(bytes: &[u8; KEY_BYTES]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// Reads the key's text, such as that of an environment variable.
    ///
    /// # Errors
    ///
    /// Says that it is not 64 hexadecimal digits.
    pub fn from_text(text: &str) -> Result<Self, MasterKeyError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        let text = text.trim_end().as_bytes();
        let (pairs, []) = text.as_chunks::<2>() else { return Err(MasterKeyError::Malformed) };
        if pairs.len() != KEY_BYTES {
            return Err(MasterKeyError::Malformed);
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            let value = digit(*high).zip(digit(*low)).map(|(high, low)| high << 4 | low);
            *byte = value.ok_or(MasterKeyError::Malformed)?;
        }
        Ok(Self::new(&bytes))
    }

    /// Reads the key from a file.
    ///
    /// # Errors
    ///
    /// Says why it cannot be read, that others may read it, or that it holds no key.
    pub fn read(path: &Path) -> Result<Self, MasterKeyError> {
        let io_error = |source| MasterKeyError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io_error)?;
        if file.metadata().map_err(io_error)?.permissions().mode() & 0o077 != 0 {
            return Err(MasterKeyError::Exposed { path: path.to_owned() });
        }
        let text = Zeroizing::new(io::read_to_string(file).map_err(io_error)?);
        Self::from_text(&text)
    }

    /// Reads the key from a file, or draws it where the file is missing: on disk when this returns, for its
    /// owner only.
    ///
    /// # Errors
    ///
    /// As [`MasterKey::read`], and why it cannot be written.
    pub fn read_or_create(path: &Path) -> Result<Self, MasterKeyError> {
        match Self::read(path) {
            Err(MasterKeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                create(path).map_err(|source| MasterKeyError::Io { path: path.to_owned(), source })?;
                Self::read(path)
            }
            read => read,
        }
    }

    /// Returns the key for a purpose, bound to `context`.
    pub(crate) fn derive(&self, purpose: &[u8], context: &[u8]) -> Zeroizing<[u8; KEY_BYTES]> {
        let mut signing = hmac::Context::with_key(&self.0);
        // The length keeps two purposes apart whose texts run into their contexts.
        signing.update(&[u8::try_from(purpose.len()).unwrap_or(u8::MAX)]);
        signing.update(purpose);
        signing.update(context);
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        key.copy_from_slice(signing.sign().as_ref());
        key
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

fn create(path: &Path) -> io::Result<()> {
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(bytes.as_mut_slice()).map_err(io::Error::other)?;
    let mut text = Zeroizing::new(String::with_capacity(2 * KEY_BYTES + 1));
    for byte in bytes.iter() {
        text.extend([byte >> 4, byte & 15].map(|half| char::from_digit(half.into(), 16).unwrap_or('0')));
    }
    text.push('\n');
    bytes.zeroize();

    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    // What a crash left behind.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
    }

    #[test]
    fn the_key_stays_over_restarts_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master.key");
        fs::write(folder.path().join("master.key.new"), "left by a crash").expect("written");
        let drawn = MasterKey::read_or_create(&path).expect("drawn");
        let read = MasterKey::read_or_create(&path).expect("read");
        let text = fs::read_to_string(&path).expect("readable");
        let given = MasterKey::from_text(&text).expect("a key");
        assert_eq!(drawn.derive(b"a", b"b"), read.derive(b"a", b"b"));
        assert_eq!(drawn.derive(b"a", b"b"), given.derive(b"a", b"b"));
        assert_ne!(drawn.derive(b"a", b"b"), drawn.derive(b"ab", b""));
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
        assert_eq!(format!("{drawn:?}"), "MasterKey(..)");

        let other = MasterKey::read_or_create(&folder.path().join("other.key")).expect("drawn");
        assert_ne!(drawn.derive(b"a", b"b"), other.derive(b"a", b"b"));
    }

    #[test]
    fn an_exposed_key_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master.key");
        MasterKey::read_or_create(&path).expect("drawn");
        for mode in [0o640, 0o604, 0o660] {
            set_mode(&path, mode);
            let exposed = MasterKey::read_or_create(&path);
            assert!(matches!(exposed, Err(MasterKeyError::Exposed { .. })), "{mode:o}");
        }
    }

    #[test]
    fn a_text_that_is_no_key_is_refused_without_being_shown() {
        let digits = "0".repeat(64);
        MasterKey::from_text(&digits).expect("a key");
        MasterKey::from_text(&format!("{digits}\n")).expect("a key and a line's end");
        for text in ["", "00", &"g".repeat(64), &"0".repeat(63), &"0".repeat(66), &"é".repeat(32)] {
            let error = MasterKey::from_text(text).expect_err("no key");
            assert_eq!(error.to_string(), "the master key is not 64 hexadecimal digits");
        }
    }

    #[test]
    fn a_folder_that_is_missing_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("missing/master.key");
        let error = MasterKey::read_or_create(&path).expect_err("no folder");
        assert!(matches!(error, MasterKeyError::Io { .. }));
        assert_eq!(error.to_string(), format!("cannot use {}", path.display()));
    }
}
