//! [`SigningSecret`]: a secret of Standard Webhooks that cannot be printed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A signing secret: 24 to 64 bytes, written as `whsec_` with their base64.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(Box<[u8]>);

/// Why a text is no signing secret. The text itself is never repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The prefix is missing.
    #[error("the secret does not begin with whsec_")]
    Prefix,
    /// What follows the prefix is no base64.
    #[error("what follows whsec_ is not base64")]
    Base64,
    /// The secret is too short to be safe or longer than the standard allows.
    #[error("the secret has {bytes} bytes, not 24 to 64")]
    Length {
        /// The bytes that it has.
        bytes: usize,
    },
}

impl SigningSecret {
    /// Returns the secret of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// Reads `whsec_` and base64, as Standard Webhooks writes secrets.
    ///
    /// # Errors
    ///
    /// Says what is wrong without repeating the secret.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let encoded = text.trim().strip_prefix("whsec_").ok_or(SecretError::Prefix)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| SecretError::Base64)?;
        if (24..=64).contains(&bytes.len()) {
            Ok(Self(bytes.into()))
        } else {
            Err(SecretError::Length { bytes: bytes.len() })
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_read_and_never_shown() {
        let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a valid secret");
        assert_eq!(secret.key().len(), 24);
        assert_eq!(format!("{secret:?}"), "SigningSecret(..)");
        let error = |text| SigningSecret::parse(text).expect_err(text);
        assert_eq!(error("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), SecretError::Prefix);
        assert_eq!(error("whsec_!"), SecretError::Base64);
        assert_eq!(error("whsec_AAAA"), SecretError::Length { bytes: 3 });
    }
}
