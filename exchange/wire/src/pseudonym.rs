//! [`Pseudonyms`]: the names under which sellers, sources, buyers and leads appear to each other.
//!
//! Each is an HMAC under a secret of the exchange and made for one receiver, so two receivers cannot join
//! what they see. They are made from names, which outlive a catalog's indices. A tag costs two to three
//! blocks of SHA-256; all but a lead's may be kept by the caller for each (buyer, seller).

use core::fmt;

use exchange_catalog::snapshot::SourceNames;
use exchange_types::LeadId;

use crate::fingerprint::first_half;
use crate::hmac_key::HmacKey;
use crate::json::Writer;

/// A name of 128 bits that says nothing to whoever has no key. Shown as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pseudonym(pub [u8; 16]);

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl Pseudonym {
    pub(crate) fn write(self, writer: &mut Writer<'_>) {
        writer.hex_text("", u128::from_be_bytes(self.0));
    }
}

/// What a buyer sees of where a lead came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceRefs {
    /// The seller.
    pub source: Pseudonym,
    /// The seller's publisher, where the lead named one.
    pub sub: Option<Pseudonym>,
}

/// Makes pseudonyms, with a key for each kind.
#[derive(Clone, Debug)]
pub struct Pseudonyms {
    lead: HmacKey,
    source: HmacKey,
    sub: HmacKey,
    buyer: HmacKey,
}

impl Pseudonyms {
    /// Returns the maker of pseudonyms under a secret that never leaves the exchange.
    pub fn new(secret: &[u8; 32]) -> Self {
        let root = HmacKey::new(secret);
        let key = |purpose: &str| HmacKey::new(&root.tag(&[purpose.as_bytes()]));
        Self {
            lead: key("lead_ref"),
            source: key("source.ref"),
            sub: key("source.sub_ref"),
            buyer: key("buyer_ref"),
        }
    }

    /// Returns how a buyer knows a lead, in its ping and its post.
    pub fn lead_ref(&self, buyer: &str, lead: LeadId) -> Pseudonym {
        name(&self.lead, buyer, &lead.0.as_u128().to_be_bytes())
    }

    /// Returns how a buyer knows a seller.
    pub fn source_ref(&self, buyer: &str, seller: &str) -> Pseudonym {
        name(&self.source, buyer, seller.as_bytes())
    }

    /// Returns how a buyer knows a seller's sub-id. The first of a lead's sub-ids names the publisher and
    /// stays the same over its leads; the others often count clicks.
    pub fn sub_ref(&self, buyer: &str, seller: &str, sub_id: &str) -> Pseudonym {
        let seller_length = length(seller);
        let parts: [&[u8]; 5] =
            [&length(buyer), buyer.as_bytes(), &seller_length, seller.as_bytes(), sub_id.as_bytes()];
        Pseudonym(first_half(self.sub.tag(&parts)))
    }

    /// Returns how a seller knows a buyer.
    pub fn buyer_ref(&self, seller: &str, buyer: &str) -> Pseudonym {
        name(&self.buyer, seller, buyer.as_bytes())
    }
}

impl SourceNames for Pseudonyms {
    fn source_ref(&self, buyer: &str, seller: &str) -> u128 {
        u128::from_be_bytes(Self::source_ref(self, buyer, seller).0)
    }

    fn sub_ref(&self, buyer: &str, seller: &str, sub_id: &str) -> u128 {
        u128::from_be_bytes(Self::sub_ref(self, buyer, seller, sub_id).0)
    }
}

fn name(key: &HmacKey, receiver: &str, subject: &[u8]) -> Pseudonym {
    Pseudonym(first_half(key.tag(&[&length(receiver), receiver.as_bytes(), subject])))
}

/// Returns a length as bytes, so that two parts cannot run together.
fn length(text: &str) -> [u8; 8] {
    u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use exchange_types::{UtcMicros, Uuid7};

    use super::*;

    #[test]
    fn receivers_cannot_join_what_they_see() {
        let names = Pseudonyms::new(&[3; 32]);
        let lead = LeadId(Uuid7::new(UtcMicros(1), 5));
        assert_ne!(names.lead_ref("north", lead), names.lead_ref("south", lead));
        assert_ne!(names.source_ref("north", "acme"), names.source_ref("south", "acme"));
        assert_ne!(names.buyer_ref("acme", "north"), names.buyer_ref("zeta", "north"));
        assert_ne!(names.sub_ref("north", "acme", "fb-17"), names.sub_ref("north", "zeta", "fb-17"));
    }

    #[test]
    fn pseudonyms_are_stable_and_kinds_differ() {
        let (names, again) = (Pseudonyms::new(&[3; 32]), Pseudonyms::new(&[3; 32]));
        assert_eq!(names.source_ref("north", "acme"), again.source_ref("north", "acme"));
        assert_ne!(names.source_ref("a", "b"), names.buyer_ref("a", "b"));
        assert_ne!(names.source_ref("ab", "c"), names.source_ref("a", "bc"));
        assert_ne!(names.source_ref("a", "b"), Pseudonyms::new(&[4; 32]).source_ref("a", "b"));
    }

    #[test]
    fn pseudonym_shows_32_hexadecimal_digits() {
        let mut bytes = [0; 16];
        bytes[15] = 0xaf;
        assert_eq!(Pseudonym(bytes).to_string(), "000000000000000000000000000000af");
    }
}
