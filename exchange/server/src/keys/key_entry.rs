//! [`KeyEntry`]: what is stored of a key.

use core::fmt;

use exchange_types::{Pace, UtcMicros};
use exchange_wire::{ApiKey, KeyHash, KeyMode};

use super::Owner;

/// Characters of a key behind `px_live_` or `px_test_` that are stored in clear, so that people can name it: 48 of
/// its 256 bits.
const PREFIX_CHARS: usize = 8;

/// What may come with a key. What is left out has no limit but the one that all keys have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyLimits {
    /// How fast requests may come, in place of `limits.rate_per_key`.
    pub rate: Option<Pace>,
    /// The most new leads and pings of one day in UTC.
    pub quota_day: Option<u32>,
}

/// What is stored of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEntry {
    /// The beginning of its text.
    pub prefix: String,
    /// Whose it is.
    pub owner: Owner,
    /// By which it is found.
    pub hash: KeyHash,
    /// What may come with it.
    pub limits: KeyLimits,
    /// When it was made.
    pub created_at: UtcMicros,
    /// When it was revoked, if it was.
    pub revoked_at: Option<UtcMicros>,
}

impl KeyEntry {
    pub(super) fn new(key: &ApiKey, (owner, limits): (Owner, KeyLimits), now: UtcMicros) -> Self {
        let prefix_chars = key.mode().prefix().len().saturating_add(PREFIX_CHARS);
        Self {
            prefix: key.text().chars().take(prefix_chars).collect(),
            owner,
            hash: key.hash(),
            limits,
            created_at: now,
            revoked_at: None,
        }
    }

    /// Returns whether the key sells for real.
    pub fn mode(&self) -> KeyMode {
        if self.prefix.starts_with(KeyMode::Test.prefix()) { KeyMode::Test } else { KeyMode::Live }
    }

    /// Returns whether the key still speaks for its owner.
    pub const fn is_active(&self) -> bool {
        self.revoked_at.is_none()
    }
}

/// Writes the entry as a table of `keys.toml`. No value needs an escape.
impl fmt::Display for KeyEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { prefix, owner, hash, limits, created_at, revoked_at } = self;
        let KeyLimits { rate, quota_day } = limits;
        writeln!(f, "[[keys]]")?;
        writeln!(f, "prefix = \"{prefix}\"")?;
        writeln!(f, "owner = \"{owner}\"")?;
        writeln!(f, "sha256 = \"{}\"", crate::hex::encode(&hash.0))?;
        if let Some(rate) = rate {
            writeln!(f, "rate = \"{rate}\"")?;
        }
        if let Some(quota_day) = quota_day {
            writeln!(f, "quota_day = {quota_day}")?;
        }
        writeln!(f, "created_at = \"{created_at}\"")?;
        match revoked_at {
            Some(revoked_at) => writeln!(f, "revoked_at = \"{revoked_at}\""),
            None => Ok(()),
        }
    }
}
