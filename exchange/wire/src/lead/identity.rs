//! [`Identity`]: what a ping says of the person, as hashes.

use super::BodyReader;
use super::findings::Path;
use crate::json::JsonError;

const OBJECT: &str = "identity";

/// Hashes of a person's phone and e-mail address. They stay in the exchange, which turns them into
/// fingerprints, and are dropped when the ping ends. `Debug` shows only what was given.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Identity {
    /// SHA-256 of the phone in E.164.
    pub phone_sha256: Option<[u8; 32]>,
    /// SHA-256 of the e-mail address, trimmed and in lower case.
    pub email_sha256: Option<[u8; 32]>,
}

impl core::fmt::Debug for Identity {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Identity")
            .field("phone", &self.phone_sha256.is_some())
            .field("email", &self.email_sha256.is_some())
            .finish()
    }
}

impl BodyReader<'_, '_> {
    pub(super) fn read_identity(&mut self) -> Result<(), JsonError> {
        let Some(mut members) = self.object(OBJECT)? else { return Ok(()) };
        while let Some(key) = self.reader.next_member(&mut members)? {
            let path = Path::In(OBJECT, &key);
            match &*key {
                "phone_sha256" => self.parsed.identity.phone_sha256 = self.read_digest(path)?,
                "email_sha256" => self.parsed.identity.email_sha256 = self.read_digest(path)?,
                _ => self.refuse_key(path)?,
            }
        }
        Ok(())
    }

    fn read_digest(&mut self, path: Path<'_>) -> Result<Option<[u8; 32]>, JsonError> {
        let Some(text) = self.any_text(path)? else { return Ok(None) };
        let digest = sha256_of_hex(&text);
        if digest.is_none() {
            self.findings.error(path, "malformed", "is not a SHA-256 as 64 hexadecimal digits in lower case");
        }
        Ok(digest)
    }
}

/// Reads a SHA-256 of 64 hexadecimal digits in lower case.
pub fn sha256_of_hex(text: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != 32 || !rest.is_empty() {
        return None;
    }
    let mut digest = [0; 32];
    for (place, &[high, low]) in digest.iter_mut().zip(pairs) {
        *place = digit(high)? << 4 | digit(low)?;
    }
    Some(digest)
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(byte.wrapping_sub(b'a').wrapping_add(10)),
        _ => None,
    }
}
