//! [`Signer`]: signatures as Standard Webhooks defines them.
//!
//! HMAC-SHA256 over `{id}.{timestamp}.{body}`, written `v1,` and base64; several, separated by a space, while
//! a secret is rotated. See <https://github.com/standard-webhooks/standard-webhooks>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use exchange_catalog::SigningSecret;
use subtle::{Choice, ConstantTimeEq as _};

use crate::hmac_key::HmacKey;

/// The header with the message's id.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the time of sending, in seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with the signatures.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// The most that the clocks of sender and receiver may differ, in seconds: what the specification's
/// libraries allow.
pub const SKEW_SECONDS_MAX: u64 = 300;

/// Signatures in one header that are looked at: two during a rotation, and room for a sender with more.
const SIGNATURES_READ_MAX: usize = 8;

/// Signs messages with one or several secrets, whose keyed states are computed once.
#[derive(Clone, Debug)]
pub struct Signer {
    keys: Box<[HmacKey]>,
}

/// A message as it is signed.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The value of [`ID_HEADER`].
    pub id: &'a str,
    /// The value of [`TIMESTAMP_HEADER`], seconds since 1970.
    pub timestamp: i64,
    /// The body, byte by byte.
    pub body: &'a [u8],
}

/// Why a signature is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The message is too old or from the future.
    #[error("timestamp more than {SKEW_SECONDS_MAX} seconds off")]
    Skew,
    /// None of the signatures fits.
    #[error("no matching signature")]
    Mismatch,
}

impl Signer {
    /// Returns a signer with these secrets, the newest first.
    pub fn new(secrets: &[SigningSecret]) -> Self {
        Self { keys: secrets.iter().map(|secret| HmacKey::new(secret.key())).collect() }
    }

    /// Returns whether there is no secret to sign with.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Appends the value of [`SIGNATURE_HEADER`] for a message to `out`: one signature a secret.
    pub fn signature(&self, message: Signed<'_>, out: &mut Vec<u8>) {
        for (position, key) in self.keys.iter().enumerate() {
            out.extend_from_slice(if position == 0 { b"v1," } else { b" v1," });
            let mut encoded = [0; 44];
            // 32 bytes are 44 characters of base64, always.
            let length = STANDARD.encode_slice(tag(key, message), &mut encoded).unwrap_or(0);
            out.extend_from_slice(encoded.get(..length).unwrap_or(&[]));
        }
    }

    /// Checks the signatures that came with a message. `now` is in seconds since 1970.
    ///
    /// Every signature is compared with every secret's, in a time that does not depend on where they differ.
    ///
    /// # Errors
    ///
    /// Says whether the time is off or no signature fits.
    pub fn verify(&self, message: Signed<'_>, signatures: &str, now: i64) -> Result<(), VerifyError> {
        if message.timestamp.abs_diff(now) > SKEW_SECONDS_MAX {
            return Err(VerifyError::Skew);
        }
        let mut fits = Choice::from(0);
        for key in &self.keys {
            let expected = tag(key, message);
            for signature in signatures.split(' ').take(SIGNATURES_READ_MAX) {
                let encoded = signature.strip_prefix("v1,").unwrap_or("");
                let mut given = [0; 32];
                if STANDARD.decode_slice(encoded, &mut given) == Ok(expected.len()) {
                    fits |= expected.ct_eq(&given);
                }
            }
        }
        if fits.into() { Ok(()) } else { Err(VerifyError::Mismatch) }
    }
}

fn tag(key: &HmacKey, message: Signed<'_>) -> [u8; 32] {
    let mut digits = itoa::Buffer::new();
    let timestamp = digits.format(message.timestamp);
    key.tag(&[message.id.as_bytes(), b".", timestamp.as_bytes(), b".", message.body])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the specification's reference libraries.
    const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const MESSAGE: Signed<'static> = Signed {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: 1_614_265_330,
        body: br#"{"test": 2432232314}"#,
    };
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn vector_secret() -> SigningSecret {
        SigningSecret::new(&STANDARD.decode(SECRET).expect("base64"))
    }

    fn signature(signer: &Signer) -> String {
        let mut out = Vec::new();
        signer.signature(MESSAGE, &mut out);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn signature_is_that_of_the_specification() {
        assert_eq!(signature(&Signer::new(&[vector_secret()])), SIGNATURE);
    }

    #[test]
    fn rotation_signs_with_every_secret() {
        let signer = Signer::new(&[SigningSecret::new(b"new"), vector_secret()]);
        let both = signature(&signer);
        assert_eq!(both.split(' ').count(), 2);
        assert!(both.ends_with(SIGNATURE), "{both}");
        for secret in [SigningSecret::new(b"new"), vector_secret()] {
            assert_eq!(Signer::new(&[secret]).verify(MESSAGE, &both, MESSAGE.timestamp), Ok(()));
        }
    }

    #[test]
    fn verify_takes_what_fits_and_nothing_else() {
        let signer = Signer::new(&[vector_secret()]);
        let check = |message: Signed<'_>, signatures: &str, now: i64| signer.verify(message, signatures, now);
        let now = MESSAGE.timestamp;
        assert_eq!(check(MESSAGE, SIGNATURE, now), Ok(()));
        assert_eq!(check(MESSAGE, SIGNATURE, now + 300), Ok(()));
        assert_eq!(check(MESSAGE, SIGNATURE, now - 300), Ok(()));
        assert_eq!(check(MESSAGE, SIGNATURE, now + 301), Err(VerifyError::Skew));
        assert_eq!(check(MESSAGE, SIGNATURE, now - 301), Err(VerifyError::Skew));
        assert_eq!(check(MESSAGE, SIGNATURE, i64::MIN), Err(VerifyError::Skew));
        assert_eq!(check(MESSAGE, &format!("v1,AAAA v1a,x {SIGNATURE}"), now), Ok(()));
        let mismatches = [
            (MESSAGE, String::new()),
            (MESSAGE, SIGNATURE.replace("v1,", "v2,")),
            (MESSAGE, SIGNATURE.replace("g0h", "g1h")),
            (MESSAGE, SIGNATURE.trim_end_matches('=').to_owned()),
            (Signed { id: "msg_other", ..MESSAGE }, SIGNATURE.to_owned()),
            (Signed { timestamp: now + 1, ..MESSAGE }, SIGNATURE.to_owned()),
            (Signed { body: b"{}", ..MESSAGE }, SIGNATURE.to_owned()),
        ];
        for (message, signatures) in mismatches {
            assert_eq!(check(message, &signatures, now), Err(VerifyError::Mismatch), "{signatures}");
        }
    }

    #[test]
    fn signer_without_secrets_signs_and_verifies_nothing() {
        let signer = Signer::new(&[]);
        assert!(signer.is_empty());
        assert_eq!(signature(&signer), "");
        assert_eq!(signer.verify(MESSAGE, SIGNATURE, MESSAGE.timestamp), Err(VerifyError::Mismatch));
    }
}
