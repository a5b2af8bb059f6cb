//! [`SigningKey`]: checks the Standard Webhooks signature of a message.
//!
//! Written from the published specification and not from the exchange's code, so that a mistake there
//! shows here.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::request::Request;

/// The most that a timestamp may differ from the time of receipt, either way, in seconds.
const SKEW_SECONDS_MAX: u64 = 300;

/// A secret of the form `whsec_` and base64.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct SigningKey(Vec<u8>);

/// What a check found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    /// One of the signatures is right and fresh.
    Ok,
    /// None is right, or the timestamp is no number or too far off.
    Bad,
    /// One of the three headers is missing.
    Missing,
    /// The buyer has no secret.
    #[default]
    Unchecked,
}

impl SigningKey {
    /// Checks the headers of a request that arrived at `now_seconds` (Unix time).
    pub(crate) fn check(&self, request: &Request<'_>, now_seconds: u64) -> Signature {
        let (Some(id), Some(timestamp), Some(signatures)) =
            (request.webhook_id, request.webhook_timestamp, request.webhook_signature)
        else {
            return Signature::Missing;
        };
        let fresh =
            timestamp.parse().is_ok_and(|seconds: u64| seconds.abs_diff(now_seconds) <= SKEW_SECONDS_MAX);
        let right =
            signatures.split(' ').any(|signature| self.is_right(signature, id, timestamp, request.body));
        if fresh && right { Signature::Ok } else { Signature::Bad }
    }

    fn is_right(&self, signature: &str, id: &str, timestamp: &str, body: &[u8]) -> bool {
        let Some(digest) = signature.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok()) else {
            return false;
        };
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return false };
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        mac.verify_slice(&digest).is_ok()
    }
}

impl TryFrom<String> for SigningKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let encoded = text.strip_prefix("whsec_").ok_or("a secret is `whsec_` followed by base64")?;
        STANDARD.decode(encoded).map(Self).map_err(|_| "what follows `whsec_` is no base64")
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference implementations.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const TIMESTAMP: &str = "1614265330";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn check(id: Option<&str>, signature: Option<&str>, body: &[u8], now_seconds: u64, expected: Signature) {
        let key = SigningKey::try_from(SECRET.to_owned()).expect("a secret");
        let request = Request {
            webhook_id: id,
            webhook_timestamp: Some(TIMESTAMP),
            webhook_signature: signature,
            body,
            ..Request::default()
        };
        assert_eq!(key.check(&request, now_seconds), expected);
    }

    #[test]
    fn only_a_right_and_fresh_signature_is_ok() {
        let now = 1_614_265_330;
        check(Some(ID), Some(SIGNATURE), BODY, now, Signature::Ok);
        check(Some(ID), Some(&format!("v1,AAAA v2,x {SIGNATURE}")), BODY, now + 300, Signature::Ok);
        check(Some(ID), Some(SIGNATURE), BODY, now + 301, Signature::Bad);
        check(Some(ID), Some(SIGNATURE), BODY, now - 301, Signature::Bad);
        check(Some(ID), Some(SIGNATURE), b"{}", now, Signature::Bad);
        check(Some("other"), Some(SIGNATURE), BODY, now, Signature::Bad);
        check(Some(ID), Some("v1,"), BODY, now, Signature::Bad);
        check(None, Some(SIGNATURE), BODY, now, Signature::Missing);
        check(Some(ID), None, BODY, now, Signature::Missing);
    }
}
