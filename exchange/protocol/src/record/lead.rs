//! [`LeadRecord`] and [`CompletedRecord`]: a lead as it was admitted, and what its seller's post added.

use exchange_types::{Person, Prints, SellerIndex, UtcMicros, Uuid7, VerticalIndex};

use super::bytes::{DecodeError, Reader, Writer};
use super::{Sealed, VERSION, VERSION_2, read_optional, write_optional};
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
    /// Whether it is a test and no lead. The record has a kind of its own then, of the same layout.
    pub test: bool,
    /// The catalog's version in which the indices hold.
    pub catalog_version: u64,
    /// When it was admitted.
    pub admitted: UtcMicros,
    /// The idempotency key under which it came, if any.
    pub claim: Option<ClaimRecord>,
    /// The keyed digests of the person's phones and e-mail addresses in this vertical, as far as they are known.
    pub prints: Prints,
    /// The person of a ping, by digests that hold in every vertical; of a lead in one call it is not kept.
    pub person: Person,
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
    /// The keyed digests of the person's phones and e-mail addresses in this vertical, as the post gives them.
    pub prints: Prints,
    /// The person, by digests that hold in every vertical, as the post names it.
    pub person: Person,
    /// What the post brought.
    pub sealed: Sealed,
    /// The evidence of consent, where the post brought any.
    pub consent: Option<Sealed>,
}

impl ClaimRecord {
    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.u128(self.key);
        to.u128(self.digest);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { key: from.u128()?, digest: from.u128()? })
    }
}

impl LeadRecord {
    /// Returns the layout that holds all that the record says.
    pub(super) fn version(&self) -> u8 {
        version_of(&self.prints, &self.person)
    }

    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.u128(self.id.as_u128());
        to.flag(self.kind == SaleKind::TwoStep);
        to.u32(self.seller.0);
        to.u16(self.vertical.0);
        to.u64(self.catalog_version);
        to.time(self.admitted);
        write_optional(self.claim.as_ref(), to, ClaimRecord::write);
        write_person(self.version(), (&self.prints, &self.person), to);
        write_optional(self.seller_ref.as_ref(), to, |number, to| to.u128(*number));
        to.time(self.taken_until);
        to.time(self.again_from);
        self.sealed.write(to);
        write_optional(self.consent.as_ref(), to, Sealed::write);
    }

    pub(super) fn read((test, version): (bool, u8), from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: from.uuid()?,
            test,
            kind: if from.flag()? { SaleKind::TwoStep } else { SaleKind::OneCall },
            seller: SellerIndex(from.u32()?),
            vertical: VerticalIndex(from.u16()?),
            catalog_version: from.u64()?,
            admitted: from.time()?,
            claim: read_optional(from, ClaimRecord::read)?,
            prints: read_prints(version, from)?,
            person: if version == VERSION {
                Person::default()
            } else {
                Person::new(read_prints(version, from)?)
            },
            seller_ref: from.optional_u128()?,
            taken_until: from.time()?,
            again_from: from.time()?,
            sealed: Sealed::read(from)?,
            consent: read_optional(from, Sealed::read)?,
        })
    }
}

impl CompletedRecord {
    /// Returns the layout that holds all that the record says.
    pub(super) fn version(&self) -> u8 {
        version_of(&self.prints, &self.person)
    }

    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.u128(self.id.as_u128());
        to.time(self.at);
        write_optional(self.claim.as_ref(), to, ClaimRecord::write);
        write_person(self.version(), (&self.prints, &self.person), to);
        self.sealed.write(to);
        write_optional(self.consent.as_ref(), to, Sealed::write);
    }

    pub(super) fn read(version: u8, from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: from.uuid()?,
            at: from.time()?,
            claim: read_optional(from, ClaimRecord::read)?,
            prints: read_prints(version, from)?,
            person: read_person(version, from)?,
            sealed: Sealed::read(from)?,
            consent: read_optional(from, Sealed::read)?,
        })
    }
}

/// Returns the layout in which what is known of a person stands: the first has one phone and one e-mail address, as
/// they are in a vertical.
fn version_of(prints: &Prints, person: &Person) -> u8 {
    let [_, _, phone, email] = prints;
    if phone.or(*email).is_some() || !person.is_nobody() { VERSION_2 } else { VERSION }
}

fn write_person(version: u8, (prints, person): (&Prints, &Person), to: &mut Writer<'_>) {
    write_prints(version, prints, to);
    if version == VERSION_2 {
        write_prints(version, &person.digests(), to);
    }
}

fn read_person(version: u8, from: &mut Reader<'_>) -> Result<Person, DecodeError> {
    if version == VERSION { Ok(Person::default()) } else { read_prints(version, from).map(Person::new) }
}

fn write_prints(version: u8, prints: &Prints, to: &mut Writer<'_>) {
    for print in prints.iter().take(prints_in(version)) {
        write_optional(print.as_ref(), to, |number, to| to.u128(*number));
    }
}

fn read_prints(version: u8, from: &mut Reader<'_>) -> Result<Prints, DecodeError> {
    let mut prints = Prints::default();
    for print in prints.iter_mut().take(prints_in(version)) {
        *print = from.optional_u128()?;
    }
    Ok(prints)
}

const fn prints_in(version: u8) -> usize {
    if version == VERSION { 2 } else { 4 }
}
