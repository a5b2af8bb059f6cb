//! Bearer keys as operators see them.

use exchange_types::UtcMicros;
use exchange_wire::KeyMode;

use crate::Role;

/// A bearer key. Its text is stored nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedKey {
    /// The beginning of its text, by which people name it.
    pub prefix: Box<str>,
    /// What its owner is.
    pub role: Role,
    /// Its owner's name.
    pub name: Box<str>,
    /// Whether it sells for real.
    pub mode: KeyMode,
    /// When it was made.
    pub created_at: UtcMicros,
    /// When it was revoked, if it was.
    pub revoked_at: Option<UtcMicros>,
}
