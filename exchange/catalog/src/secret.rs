//! [`SigningSecret`]: a secret of Standard Webhooks that cannot be printed.

/// A signing secret.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(Box<[u8]>);

impl SigningSecret {
    /// Returns the secret of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// Returns the key for the signature.
    pub fn key(&self) -> &[u8] {
        &self.0
    }
}

impl core::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SigningSecret(..)")
    }
}
