//! Ids: a `UUIDv7` (RFC 9562, section 5.7) with a prefix that names its kind.
//!
//! An id is made from a time and from bits that the shell drew, or derived from another id under a
//! secret key, so that nobody outside can foresee it or join two of them.

use core::fmt;
use core::str::FromStr;

use crate::{HashKey, UtcMicros};

/// A `UUIDv7` as a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid7(u128);

/// The bits that are neither time, version nor variant.
const FREE_BITS: u128 = (0xfff << 64) | ((1 << 62) - 1);
const VERSION: u128 = 7 << 76;
const VARIANT: u128 = 2 << 62;
const TIME_BITS: u128 = ((1 << 48) - 1) << 80;

impl Uuid7 {
    /// Returns the id of a time, with `entropy` in its free bits.
    pub fn new(at: UtcMicros, entropy: u128) -> Self {
        let millis = u128::from(at.as_millis().max(0).unsigned_abs());
        Self(((millis << 80) & TIME_BITS) | VERSION | VARIANT | (entropy & FREE_BITS))
    }

    /// Returns an id of the same time that only the holder of `key` can compute.
    #[must_use]
    pub fn derive(self, key: &HashKey, index: u64) -> Self {
        let bits = key.hasher().number(self.0).number(u128::from(index)).finish();
        Self((self.0 & TIME_BITS) | VERSION | VARIANT | (bits & FREE_BITS))
    }

    /// Returns the id with `partition` (12 bits) in the bits that follow the version.
    ///
    /// The partition finds the owner of an auction; see `node`.
    #[must_use]
    pub fn with_partition(self, partition: u16) -> Self {
        let mask = 0xfff_u128 << 64;
        Self((self.0 & !mask) | ((u128::from(partition) << 64) & mask))
    }

    /// Returns the 12 bits that follow the version.
    pub fn partition(self) -> u16 {
        u16::try_from((self.0 >> 64) & 0xfff).unwrap_or(0)
    }

    /// Returns the number.
    pub const fn as_u128(self) -> u128 {
        self.0
    }

    /// Returns the id of this number, where its version and variant are right.
    pub fn from_u128(number: u128) -> Option<Self> {
        let fixed = (0xf << 76) | (3 << 62);
        (number & fixed == VERSION | VARIANT).then_some(Self(number))
    }
}

/// Why a text is no id of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}_ and 32 hexadecimal digits")]
pub struct IdError {
    prefix: &'static str,
}

macro_rules! prefixed {
    ($($(#[$doc:meta])* $name:ident($prefix:literal);)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid7);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{:032x}"), self.0.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let error = IdError { prefix: $prefix };
                let digits = text.strip_prefix(concat!($prefix, "_")).ok_or(error)?;
                let plain = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
                if digits.len() != 32 || !digits.bytes().all(plain) {
                    return Err(error);
                }
                let number = u128::from_str_radix(digits, 16).map_err(|_| error)?;
                Uuid7::from_u128(number).map(Self).ok_or(error)
            }
        }
    )+};
}

prefixed! {
    /// A lead: one person's request.
    LeadId("lead");
    /// An auction: the sale of one lead, as operators see it.
    AuctionId("auc");
    /// A ping: for a seller the two-step sale, for a buyer the message it got.
    PingId("ping");
    /// An offer of a two-step sale.
    OfferId("ofr");
    /// A post to a buyer; also its idempotency key.
    PostId("post");
    /// A sale.
    SaleId("sale");
    /// A stop: what an operator has stopped, until it is started again.
    StopId("stop");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_version_7_and_read_back() {
        let id = Uuid7::new(UtcMicros(1_764_000_000_000_000), u128::MAX).with_partition(0x123);
        assert_eq!(id.as_u128() >> 76 & 0xf, 7);
        assert_eq!(id.as_u128() >> 62 & 3, 2);
        assert_eq!(id.partition(), 0x123);
        let plain = Uuid7::new(UtcMicros(1_764_000_000_000_000), 0);
        assert_eq!(LeadId(plain).to_string(), "lead_019ab697e80070008000000000000000");
        let full = Uuid7::new(UtcMicros(1_764_000_000_000_000), u128::MAX);
        assert_eq!(LeadId(full).to_string(), "lead_019ab697e8007fffbfffffffffffffff");
        let owned = [plain, full].map(|id| LeadId(id.with_partition(0x1abc)).to_string());
        assert_eq!(owned, ["lead_019ab697e8007abc8000000000000000", "lead_019ab697e8007abcbfffffffffffffff"]);
        let text = LeadId(id).to_string();
        assert_eq!(text.parse(), Ok(LeadId(id)));
        assert!(text.parse::<PingId>().is_err());
        assert!(text.to_uppercase().parse::<LeadId>().is_err());
        assert!("lead_00000000000000000000000000000000".parse::<LeadId>().is_err());
    }

    #[test]
    fn derived_ids_need_the_key() {
        let id = Uuid7::new(UtcMicros(1), 5);
        let (one, other) = (HashKey::new([1; 16]), HashKey::new([2; 16]));
        assert_eq!(id.derive(&one, 0), id.derive(&one, 0));
        assert_ne!(id.derive(&one, 0), id.derive(&one, 1));
        assert_ne!(id.derive(&one, 0), id.derive(&other, 0));
        // A derived id keeps the time, and all free bits depend on the key: over many of them each is seen both set
        // and not set.
        let late = Uuid7::new(UtcMicros(1_764_000_000_000_000), 5);
        let (mut ones, mut zeros) = (0, 0);
        for index in 0..64 {
            let derived = late.derive(&one, index);
            assert_eq!(Uuid7::from_u128(derived.as_u128()), Some(derived));
            assert_eq!(derived.as_u128() >> 80, late.as_u128() >> 80);
            (ones, zeros) = (ones | derived.as_u128(), zeros | !derived.as_u128());
        }
        let both = ones & zeros;
        assert_eq!(both, 0xfff_3fff_ffff_ffff_ffff);
    }

    #[test]
    fn numbers_without_version_or_variant_are_no_ids() {
        let id = Uuid7::new(UtcMicros(1), 5).as_u128();
        assert!(Uuid7::from_u128(id).is_some());
        for bit in [62, 63, 76, 77, 78, 79] {
            assert_eq!(Uuid7::from_u128(id ^ 1 << bit), None, "bit {bit}");
        }
    }
}
