//! The digest of a request: what a record cites as evidence, and what knows a repeat.

use sha2::{Digest as _, Sha256};

/// Returns the first half of the SHA-256 of a body; of its idempotency key, a line feed and the body where there is
/// a key, so that the same wish under another key is another one.
pub(crate) fn of_request(key: Option<&str>, body: &[u8]) -> [u8; 16] {
    let mut hash = Sha256::new();
    if let Some(key) = key {
        hash.update(key);
        hash.update(b"\n");
    }
    first_half(hash.chain_update(body).finalize().into())
}

/// Returns a number that names what a key stands for in one place only.
pub(crate) fn of_key(place: &str, key: &str) -> u128 {
    let hash = Sha256::new().chain_update(place).chain_update([0]).chain_update(key);
    u128::from_le_bytes(first_half(hash.finalize().into()))
}

fn first_half(digest: [u8; 32]) -> [u8; 16] {
    let [first, _] = *digest.as_chunks().0 else { return [0; 16] };
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_that_of_the_body_alone_unless_there_is_a_key() {
        // SHA-256 of "abc", FIPS 180-2, appendix B.1.
        let abc = 0xba78_16bf_8f01_cfea_4141_40de_5dae_2223_u128.to_be_bytes();
        assert_eq!(of_request(None, b"abc"), abc);
        assert_ne!(of_request(Some("k"), b"abc"), abc);
        assert_ne!(of_request(Some("k"), b"abc"), of_request(Some("l"), b"abc"));
    }

    #[test]
    fn a_key_stands_for_itself_in_its_place_only() {
        assert_eq!(of_key("north", "1"), of_key("north", "1"));
        assert_ne!(of_key("north", "1"), of_key("south", "1"));
        assert_ne!(of_key("north", "1"), of_key("north", "2"));
        assert_ne!(of_key("a", "bc"), of_key("ab", "c"));
    }
}
