//! [`ApiKey`]: the bearer key of a seller, buyer or operator.
//!
//! 256 random bits behind a prefix that says what it is: `px_live_` or `px_test_`, and 43 characters of
//! base64url. It is shown once; what is stored is its [`KeyHash`]. A random key of this length needs no
//! slow hash.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Whether a key sells for real. A test key can never sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum KeyMode {
    Live,
    Test,
}

impl KeyMode {
    /// Returns the prefix of a key's text.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Live => "px_live_",
            Self::Test => "px_test_",
        }
    }
}

/// A key. Its `Debug` shows the mode only.
#[derive(Clone)]
pub struct ApiKey {
    mode: KeyMode,
    secret: [u8; 32],
}

impl ApiKey {
    /// Returns the key of 32 random bytes that the caller drew.
    pub const fn new(mode: KeyMode, random: [u8; 32]) -> Self {
        Self { mode, secret: random }
    }

    /// Reads a key; nothing where the text is none.
    pub fn parse(text: &str) -> Option<Self> {
        let behind = |mode: KeyMode| text.strip_prefix(mode.prefix()).map(|encoded| (mode, encoded));
        let (mode, encoded) = behind(KeyMode::Live).or_else(|| behind(KeyMode::Test))?;
        let mut secret = [0; 32];
        let bytes = URL_SAFE_NO_PAD.decode_slice(encoded, &mut secret).ok()?;
        (bytes == secret.len()).then_some(Self { mode, secret })
    }

    /// Reads the value of an `Authorization` header: `Bearer` and a key. The scheme's case does not matter
    /// (RFC 9110, section 11.1).
    pub fn from_authorization(value: &str) -> Option<Self> {
        let (scheme, key) = value.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") { Self::parse(key.trim_matches(' ')) } else { None }
    }

    /// Returns the text that is shown once.
    pub fn text(&self) -> String {
        let mut text = String::from(self.mode.prefix());
        URL_SAFE_NO_PAD.encode_string(self.secret, &mut text);
        text
    }

    /// Returns whether the key sells for real.
    pub const fn mode(&self) -> KeyMode {
        self.mode
    }

    /// Returns what is stored of the key.
    pub fn hash(&self) -> KeyHash {
        KeyHash(Sha256::digest(self.text()).into())
    }
}

impl core::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ApiKey").field("mode", &self.mode).finish_non_exhaustive()
    }
}

/// The SHA-256 of a key's text: what is stored and looked up. It has an order so that a table can be searched; the
/// order of hashes tells nothing about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyHash(pub [u8; 32]);

impl KeyHash {
    /// Returns whether two hashes are the same, in a time that does not depend on where they differ.
    pub fn same_as(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_prefix_and_43_characters_and_reads_back() {
        for (mode, prefix) in [(KeyMode::Live, "px_live_"), (KeyMode::Test, "px_test_")] {
            let key = ApiKey::new(mode, [0xfb; 32]);
            let text = key.text();
            assert!(text.starts_with(prefix), "{text}");
            assert_eq!(text.len(), prefix.len() + 43);
            let read = ApiKey::parse(&text).expect("the text of a key is a key");
            assert_eq!(read.mode(), mode);
            assert!(read.hash().same_as(&key.hash()));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let key = ApiKey::new(KeyMode::Live, [1; 32]).text();
        let cases = [
            String::new(),
            "px_live_".to_owned(),
            key.replace("live", "prod"),
            key.to_uppercase(),
            format!("{key}A"),
            format!(" {key}"),
            format!("{key}="),
            key.get(..key.len() - 1).expect("ASCII").to_owned(),
            // The last character has two bits that belong to no byte.
            format!("{}_", key.get(..key.len() - 1).expect("ASCII")),
            key.replacen('A', "é", 1),
        ];
        for case in cases {
            assert!(ApiKey::parse(&case).is_none(), "{case}");
        }
    }

    #[test]
    fn header_takes_bearer_only() {
        let key = ApiKey::new(KeyMode::Test, [1; 32]);
        let text = key.text();
        for value in [format!("Bearer {text}"), format!("bearer  {text} ")] {
            let read = ApiKey::from_authorization(&value).expect("a key");
            assert!(read.hash().same_as(&key.hash()));
        }
        for value in [text.clone(), format!("Basic {text}"), format!("Bearer\t{text}"), "Bearer ".to_owned()]
        {
            assert!(ApiKey::from_authorization(&value).is_none(), "{value}");
        }
    }

    #[test]
    fn live_and_test_keys_of_the_same_bits_differ() {
        let (live, test) = (ApiKey::new(KeyMode::Live, [1; 32]), ApiKey::new(KeyMode::Test, [1; 32]));
        assert!(!live.hash().same_as(&test.hash()));
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", ApiKey::new(KeyMode::Live, [1; 32])), "ApiKey { mode: Live, .. }");
    }
}
