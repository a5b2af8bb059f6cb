//! [`ApiKeyView`]: a bearer key, without what would open anything.

use exchange_types::UtcMicros;

/// A bearer key. Its text is stored nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyView {
    /// The SHA-256 of its text.
    pub digest: [u8; 32],
    /// The beginning of its text, by which people name it.
    pub prefix: Box<str>,
    /// What its owner is: `seller`, `buyer`, `operator`.
    pub role: Box<str>,
    /// Its owner's name.
    pub party: Box<str>,
    /// Whether it sells for real.
    pub live: bool,
    /// When it was made.
    pub created_at: UtcMicros,
    /// When it was revoked, if it was.
    pub revoked_at: Option<UtcMicros>,
}
