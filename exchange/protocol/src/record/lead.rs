//! [`LeadRecord`] and [`CompletedRecord`]: a lead as it was admitted, and what its seller's post added.

use exchange_types::{SellerIndex, UtcMicros, Uuid7, VerticalIndex};

use super::bytes::{DecodeError, Reader, Writer};
use super::{Sealed, read_optional, write_optional};
use crate::SaleKind;

/// An idempotency key with the body that came under it, both as digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimRecord {
    /// The key, hashed with the seller and the step under a secret of the exchange.
    pub key: u128,
    /// The body, hashed the same way.
    pub digest: u128,
}

/// A lead or ping was admitted. Whatever else is written of it stands after this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadRecord {
    /// The number behind every id of the sale.
    pub id: Uuid7,
    /// One call or two steps.
    pub kind: SaleKind,
    /// Whose lead.
    pub seller: SellerIndex,
    /// In which vertical.
    pub vertical: VerticalIndex,
    /// The catalog's version in which the indices hold.
    pub catalog_version: u64,
    /// When it was admitted.
    pub admitted: UtcMicros,
    /// The idempotency key under which it came, if any.
    pub claim: Option<ClaimRecord>,
    /// The keyed digests of the person's phone and e-mail address, as far as they are known.
    pub prints: [Option<u128>; 2],
    /// The keyed digest of the seller's own reference, if it gave one.
    pub seller_ref: Option<u128>,
    /// Until when the person counts as a duplicate, if the lead is sold.
    pub taken_until: UtcMicros,
    /// When the person may come again, if the lead is not sold.
    pub again_from: UtcMicros,
    /// The lead itself.
    pub sealed: Sealed,
    /// The evidence of consent, where any was given.
    pub consent: Option<Sealed>,
}

/// A seller posted its ping: the fields that were kept for the post came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedRecord {
    /// Of which ping.
    pub id: Uuid7,
    /// When.
    pub at: UtcMicros,
    /// The idempotency key of the post, if any.
    pub claim: Option<ClaimRecord>,
    /// The keyed digests of the person's phone and e-mail address, as the post gives them.
    pub prints: [Option<u128>; 2],
    /// What the post brought.
    pub sealed: Sealed,
    /// The evidence of consent, where the post brought any.
    pub consent: Option<Sealed>,
}

impl ClaimRecord {
    fn write(&self, to: &mut Writer<'_>) {
        to.u128(self.key);
        to.u128(self.digest);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { key: from.u128()?, digest: from.u128()? })
    }
}

impl LeadRecord {
    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.u128(self.id.as_u128());
        to.flag(self.kind == SaleKind::TwoStep);
        to.u32(self.seller.0);
        to.u16(self.vertical.0);
        to.u64(self.catalog_version);
        to.time(self.admitted);
        write_optional(self.claim.as_ref(), to, ClaimRecord::write);
        write_prints(&self.prints, to);
        write_optional(self.seller_ref.as_ref(), to, |number, to| to.u128(*number));
        to.time(self.taken_until);
        to.time(self.again_from);
        self.sealed.write(to);
        write_optional(self.consent.as_ref(), to, Sealed::write);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: from.uuid()?,
            kind: if from.flag()? { SaleKind::TwoStep } else { SaleKind::OneCall },
            seller: SellerIndex(from.u32()?),
            vertical: VerticalIndex(from.u16()?),
            catalog_version: from.u64()?,
            admitted: from.time()?,
            claim: read_optional(from, ClaimRecord::read)?,
            prints: read_prints(from)?,
            seller_ref: from.optional_u128()?,
            taken_until: from.time()?,
            again_from: from.time()?,
            sealed: Sealed::read(from)?,
            consent: read_optional(from, Sealed::read)?,
        })
    }
}

impl CompletedRecord {
    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.u128(self.id.as_u128());
        to.time(self.at);
        write_optional(self.claim.as_ref(), to, ClaimRecord::write);
        write_prints(&self.prints, to);
        self.sealed.write(to);
        write_optional(self.consent.as_ref(), to, Sealed::write);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: from.uuid()?,
            at: from.time()?,
            claim: read_optional(from, ClaimRecord::read)?,
            prints: read_prints(from)?,
            sealed: Sealed::read(from)?,
            consent: read_optional(from, Sealed::read)?,
        })
    }
}

fn write_prints(prints: &[Option<u128>; 2], to: &mut Writer<'_>) {
    for print in prints {
        write_optional(print.as_ref(), to, |number, to| to.u128(*number));
    }
}

fn read_prints(from: &mut Reader<'_>) -> Result<[Option<u128>; 2], DecodeError> {
    Ok([from.optional_u128()?, from.optional_u128()?])
}
