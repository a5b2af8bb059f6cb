//! [`KeyFile`]: `keys.toml` in the data directory.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use exchange_types::{Pace, UtcMicros};
use exchange_wire::KeyHash;
use serde::Deserialize;

use super::{KEYS_MAX, KeyEntry, KeyLimits};
use crate::data_dir::{open_lock, replace_file};

/// What the file says about itself.
const HEADER: &str = "\
# Written by `exchange keys`. Keys stand here as the SHA-256 of their text; the text itself is stored nowhere.
# `rate = \"50/s\"` and `quota_day = 10000` may be added to a key: how fast requests may come with it, and the most new
# leads and pings of one day in UTC.
# After a change: `POST /v1/keys/reload` on the control listener, or a restart.
";

/// The file that holds the keys.
#[derive(Clone, Debug)]
pub(super) struct KeyFile {
    path: PathBuf,
}

/// Why keys cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read or written.
    #[error("cannot use {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no TOML of the right shape.
    #[error("{}: {message}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its place.
        message: String,
    },
    /// A value of an entry is wrong.
    #[error("{}: key {position} ({prefix}): {field} is wrong", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// Which entry, from one.
        position: usize,
        /// The beginning of the key.
        prefix: String,
        /// The field of the entry.
        field: &'static str,
    },
    /// There is no room for more keys.
    #[error("there are {keys_max} keys already")]
    Full {
        /// The most.
        keys_max: usize,
    },
    /// The file holds no keys any more.
    #[error("the file with the keys is gone or empty; the keys in force stay")]
    Gone,
    /// No active key begins so.
    #[error("no active key begins with {prefix}")]
    NoSuchKey {
        /// What was asked for.
        prefix: String,
    },
    /// More than one active key begins so.
    #[error("{prefix:?} does not tell one key from the others: give more of it")]
    Ambiguous {
        /// What was asked for.
        prefix: String,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random(#[source] getrandom::Error),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysToml {
    #[serde(default)]
    keys: Vec<KeyToml>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyToml {
    prefix: String,
    owner: String,
    sha256: String,
    rate: Option<String>,
    quota_day: Option<u32>,
    created_at: String,
    revoked_at: Option<String>,
}

impl KeyFile {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Reads every entry; a missing file has none.
    pub(super) fn read(&self) -> Result<Vec<KeyEntry>, KeyFileError> {
        let text = match fs::read_to_string(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            text => text.map_err(|source| self.io_error(source))?,
        };
        let shape = |message: String| KeyFileError::Shape { path: self.path.clone(), message };
        let KeysToml { keys } = toml::from_str(&text).map_err(|error| shape(error.message().to_owned()))?;
        if keys.len() > KEYS_MAX {
            return Err(KeyFileError::Full { keys_max: KEYS_MAX });
        }
        keys.into_iter().zip(1..).map(|(key, position)| self.entry(key, position)).collect()
    }

    /// Changes the entries; no other process changes them meanwhile.
    pub(super) fn edit<T>(
        &self,
        change: impl FnOnce(&mut Vec<KeyEntry>) -> Result<T, KeyFileError>,
    ) -> Result<T, KeyFileError> {
        let mut lock_path = OsString::from(&self.path);
        lock_path.push(".lock");
        let lock = open_lock(Path::new(&lock_path)).map_err(|source| self.io_error(source))?;
        // Released when `lock` goes. Whoever holds it writes one small file.
        lock.lock().map_err(|source| self.io_error(source))?;
        let mut entries = self.read()?;
        let changed = change(&mut entries)?;
        let mut text = HEADER.to_owned();
        for entry in &entries {
            text.push('\n');
            text.push_str(&entry.to_string());
        }
        replace_file(&self.path, text.as_bytes()).map_err(|source| self.io_error(source))?;
        Ok(changed)
    }

    fn entry(&self, key: KeyToml, position: usize) -> Result<KeyEntry, KeyFileError> {
        let KeyToml { prefix, owner, sha256, rate, quota_day, created_at, revoked_at } = key;
        let wrong =
            |field| KeyFileError::Entry { path: self.path.clone(), position, prefix: prefix.clone(), field };
        let modes = [exchange_wire::KeyMode::Live, exchange_wire::KeyMode::Test];
        if !modes.iter().any(|mode| prefix.starts_with(mode.prefix())) {
            return Err(wrong("prefix"));
        }
        Ok(KeyEntry {
            owner: owner.parse().map_err(|_| wrong("owner"))?,
            hash: crate::hex::decode(&sha256).map(KeyHash).ok_or_else(|| wrong("sha256"))?,
            limits: KeyLimits {
                rate: match rate {
                    Some(rate) => Some(Pace::parse(&rate).ok_or_else(|| wrong("rate"))?),
                    None => None,
                },
                quota_day,
            },
            created_at: read_time(&created_at).ok_or_else(|| wrong("created_at"))?,
            revoked_at: match revoked_at {
                Some(at) => Some(read_time(&at).ok_or_else(|| wrong("revoked_at"))?),
                None => None,
            },
            prefix,
        })
    }

    fn io_error(&self, source: io::Error) -> KeyFileError {
        KeyFileError::Io { path: self.path.clone(), source }
    }
}

fn read_time(text: &str) -> Option<UtcMicros> {
    text.parse::<jiff::Timestamp>().ok().map(|time| UtcMicros(time.as_microsecond()))
}
