//! [`Suppression`]: persons who are not to be sold, or may be again.

use exchange_types::UtcMicros;

use super::bytes::{DecodeError, Reader, Writer};
use super::read_list;

/// Persons came onto a suppression list, or were taken off it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Which list.
    pub list: SuppressionList,
    /// Whose list, where it is a buyer's own; else empty.
    pub buyer: Box<str>,
    /// Whether they stand on it from now on; else they were taken off.
    pub on: bool,
    /// The keyed digests of phones and e-mail addresses, the same in every vertical. At most
    /// [`Suppression::DIGESTS_MAX`].
    pub digests: Vec<u128>,
    /// Who did it: `operator:NAME` or `buyer:NAME`.
    pub by: Box<str>,
    /// When.
    pub at: UtcMicros,
}

/// A list of persons who are not to be sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SuppressionList {
    /// They took their consent back.
    Revoked = 1,
    /// They do not want their data sold.
    DoNotSell = 2,
    /// They do not want to be called.
    DoNotCall = 3,
    /// They are known to sue.
    Litigator = 4,
    /// They were erased.
    Erased = 5,
    /// A buyer does not want them.
    Own = 6,
}

impl SuppressionList {
    /// Every list.
    pub const ALL: [Self; 6] =
        [Self::Revoked, Self::DoNotSell, Self::DoNotCall, Self::Litigator, Self::Erased, Self::Own];
    /// The lists of the exchange: who stands on one is sold to nobody.
    pub const EXCHANGE: [Self; 5] =
        [Self::Revoked, Self::DoNotSell, Self::DoNotCall, Self::Litigator, Self::Erased];

    /// Returns the name of the list.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::DoNotSell => "do_not_sell",
            Self::DoNotCall => "do_not_call",
            Self::Litigator => "litigator",
            Self::Erased => "erased",
            Self::Own => "own",
        }
    }

    /// Returns the number that stands for it in records, checkpoints and the store.
    #[expect(clippy::as_conversions, reason = "the enum has small numbers of its own")]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Returns the list of a number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.code() == code)
    }
}

impl Suppression {
    /// Digests of one record: 16 KiB of them, a fraction of what a batch may have.
    pub const DIGESTS_MAX: usize = 1_000;

    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.u8(self.list.code());
        to.text(&self.buyer);
        to.flag(self.on);
        to.count(self.digests.len());
        for digest in &self.digests {
            to.u128(*digest);
        }
        to.text(&self.by);
        to.time(self.at);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let list =
            SuppressionList::from_code(from.u8()?).ok_or(DecodeError::Value { at: from.position() })?;
        Ok(Self {
            list,
            buyer: from.text()?.into(),
            on: from.flag()?,
            digests: read_list(from, Reader::u128)?,
            by: from.text()?.into(),
            at: from.time()?,
        })
    }
}
