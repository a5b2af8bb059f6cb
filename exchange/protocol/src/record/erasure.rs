//! [`Erasure`] and [`Acknowledgement`]: a person's lead was erased, and a buyer has done the same.

use exchange_types::{UtcMicros, Uuid7};

use super::SlotRef;
use super::bytes::{DecodeError, Reader, Writer};
use super::read_list;

/// The personal data of a lead was erased. Projections and rebuilds obey it, and so does every restart: a
/// slot that a restored backup brings back is zeroed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Names the request; several leads of one person share it.
    pub request: Uuid7,
    /// Whose data.
    pub lead: Uuid7,
    /// The slots that were zeroed.
    pub slots: Vec<SlotRef>,
    /// Who asked for it: `operator:NAME`, or `retention`.
    pub by: Box<str>,
    /// When.
    pub at: UtcMicros,
}

/// A buyer that had got an erased lead says that it has erased it too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The lead.
    pub lead: Uuid7,
    /// The buyer.
    pub buyer: Box<str>,
    /// When.
    pub at: UtcMicros,
}

impl Erasure {
    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.u128(self.request.as_u128());
        to.u128(self.lead.as_u128());
        to.count(self.slots.len());
        for slot in &self.slots {
            slot.write(to);
        }
        to.text(&self.by);
        to.time(self.at);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            request: from.uuid()?,
            lead: from.uuid()?,
            slots: read_list(from, SlotRef::read)?,
            by: from.text()?.into(),
            at: from.time()?,
        })
    }
}

impl Acknowledgement {
    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.u128(self.lead.as_u128());
        to.text(&self.buyer);
        to.time(self.at);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { lead: from.uuid()?, buyer: from.text()?.into(), at: from.time()? })
    }
}
