//! [`Stop`]: an operator stops a part of the market at once, or starts it again.

use exchange_types::{UtcMicros, Uuid7};

use super::bytes::{DecodeError, Reader, Writer};

/// An operator has stopped a part of the market, or started it again. Names stand in it, not indices: a stop outlives
/// every catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Names the stop; what starts the part again has the same.
    pub id: Uuid7,
    /// What kind of part.
    pub kind: StopKind,
    /// Which: a name of the catalog, of a source `SELLER/SOURCE` or `SELLER#SUB_ID`.
    pub name: Box<str>,
    /// Whether it is stopped from now on; else it is started again.
    pub on: bool,
    /// Who: `operator:NAME`.
    pub by: Box<str>,
    /// Why.
    pub reason: Box<str>,
    /// When.
    pub at: UtcMicros,
}

/// What can be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopKind {
    /// A campaign gets nothing.
    Campaign = 1,
    /// No campaign of a buyer gets anything.
    Buyer = 2,
    /// A seller may not submit.
    Seller = 3,
    /// Nothing is sold of what comes from there.
    Source = 4,
    /// No campaign of a vertical gets anything.
    Vertical = 5,
}

impl StopKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Campaign, Self::Buyer, Self::Seller, Self::Source, Self::Vertical];

    /// Returns the name of the kind.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::Buyer => "buyer",
            Self::Seller => "seller",
            Self::Source => "source",
            Self::Vertical => "vertical",
        }
    }

    /// Returns the number that stands for it in records and checkpoints.
    pub fn code(self) -> u8 {
        let position = Self::ALL.iter().position(|known| *known == self);
        position
            .and_then(|position| u8::try_from(position).ok())
            .map_or(0, |position| position.saturating_add(1))
    }

    /// Returns the kind of a number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code.checked_sub(1)?)).copied()
    }
}

impl Stop {
    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.u128(self.id.as_u128());
        to.u8(self.kind.code());
        to.flag(self.on);
        to.text(&self.name);
        to.text(&self.by);
        to.text(&self.reason);
        to.time(self.at);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let id = from.uuid()?;
        let kind = StopKind::from_code(from.u8()?).ok_or(DecodeError::Value { at: from.position() })?;
        Ok(Self {
            id,
            kind,
            on: from.flag()?,
            name: from.text()?.into(),
            by: from.text()?.into(),
            reason: from.text()?.into(),
            at: from.time()?,
        })
    }
}
