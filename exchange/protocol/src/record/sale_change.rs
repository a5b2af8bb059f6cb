//! [`SaleChange`] and [`BalanceChange`]: what happens to a sale and to a prepaid balance afterwards.

use exchange_types::{Amount, Currency, UtcMicros, Uuid7};

use super::bytes::{DecodeError, Reader, Writer};
use crate::CandidateIndex;

/// Why a buyer gives a lead back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the wire's reason of the same name")]
pub enum ReturnReason {
    BadContact,
    WrongVertical,
    OutOfArea,
    Duplicate,
    NoConsent,
    Fraud,
    Test,
    Other,
}

/// What happens to a sale that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaleStep {
    /// The buyer gave the lead back: everything is credited.
    Returned {
        /// Why.
        reason: ReturnReason,
        /// Whether the counters of the sale's own windows get their room back.
        restores: bool,
    },
    /// The price was corrected. Both amounts are the new ones, in full.
    Adjusted {
        /// What the buyer pays now.
        price: Amount,
        /// What the seller earns now.
        payout: Amount,
    },
    /// The sale was taken back by an operator: everything is credited.
    Reversed,
    /// The return window is over: what the seller earned is due.
    Settled,
}

/// What a step moves in the counters of a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterMove {
    /// What the buyer is charged more; negative where it gets money back.
    pub charge: Amount,
    /// Whether the sale's own windows get their room back.
    pub restores: bool,
}

/// Something happened to a sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleChange {
    /// Of which sale.
    pub auction: Uuid7,
    /// Of which post.
    pub candidate: CandidateIndex,
    /// What.
    pub step: SaleStep,
    /// When.
    pub at: UtcMicros,
    /// Who did it: `buyer:NAME`, `operator:NAME`, or `exchange`.
    pub by: Box<str>,
    /// The digest of the request or reason, as evidence.
    pub digest: [u8; 16],
}

/// Money came into a buyer's prepaid balance, or was taken out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceChange {
    /// Names the change; a repeat under the same id changes nothing.
    pub id: u128,
    /// Whose balance.
    pub buyer: Box<str>,
    /// In which currency.
    pub currency: Currency,
    /// How much; negative where it was taken out.
    pub amount: Amount,
    /// The operator's reference: an invoice, a bank statement.
    pub reference: Box<str>,
    /// Who did it.
    pub by: Box<str>,
    /// When.
    pub at: UtcMicros,
}

impl ReturnReason {
    /// Every reason, in the order of the numbers in a record.
    pub const ALL: [Self; 8] = [
        Self::BadContact,
        Self::WrongVertical,
        Self::OutOfArea,
        Self::Duplicate,
        Self::NoConsent,
        Self::Fraud,
        Self::Test,
        Self::Other,
    ];

    /// Returns the name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadContact => "bad_contact",
            Self::WrongVertical => "wrong_vertical",
            Self::OutOfArea => "out_of_area",
            Self::Duplicate => "duplicate",
            Self::NoConsent => "no_consent",
            Self::Fraud => "fraud",
            Self::Test => "test",
            Self::Other => "other",
        }
    }

    /// Returns the reason of a name on the wire.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }

    fn code(self) -> u8 {
        let position = Self::ALL.iter().position(|reason| *reason == self);
        position.and_then(|position| u8::try_from(position).ok()).unwrap_or(u8::MAX)
    }
}

impl SaleStep {
    /// Returns what the step moves in the counters of a sale at this price; nothing where it moves no money.
    pub fn moved(self, price: Amount) -> Option<CounterMove> {
        let back = Amount::ZERO.checked_sub(price)?;
        match self {
            Self::Returned { restores, .. } => Some(CounterMove { charge: back, restores }),
            Self::Reversed => Some(CounterMove { charge: back, restores: false }),
            Self::Adjusted { price: new, .. } => {
                Some(CounterMove { charge: new.checked_sub(price)?, restores: false })
            }
            Self::Settled => None,
        }
    }

    fn write(self, to: &mut Writer<'_>) {
        match self {
            Self::Returned { reason, restores } => {
                to.u8(0);
                to.u8(reason.code());
                to.flag(restores);
            }
            Self::Adjusted { price, payout } => {
                to.u8(1);
                to.amount(price);
                to.amount(payout);
            }
            Self::Reversed => to.u8(2),
            Self::Settled => to.u8(3),
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match from.u8()? {
            0 => {
                let code = usize::from(from.u8()?);
                let reason =
                    *ReturnReason::ALL.get(code).ok_or(DecodeError::Value { at: from.position() })?;
                Ok(Self::Returned { reason, restores: from.flag()? })
            }
            1 => Ok(Self::Adjusted { price: from.amount()?, payout: from.amount()? }),
            2 => Ok(Self::Reversed),
            3 => Ok(Self::Settled),
            _ => Err(DecodeError::Value { at: from.position() }),
        }
    }
}

impl SaleChange {
    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.u128(self.auction.as_u128());
        to.u16(self.candidate.0);
        self.step.write(to);
        to.time(self.at);
        to.text(&self.by);
        to.bytes(&self.digest);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            auction: from.uuid()?,
            candidate: CandidateIndex(from.u16()?),
            step: SaleStep::read(from)?,
            at: from.time()?,
            by: from.text()?.into(),
            digest: from.array()?,
        })
    }
}

impl BalanceChange {
    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.u128(self.id);
        to.text(&self.buyer);
        to.text(self.currency.code());
        to.amount(self.amount);
        to.text(&self.reference);
        to.text(&self.by);
        to.time(self.at);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: from.u128()?,
            buyer: from.text()?.into(),
            currency: from.currency()?,
            amount: from.amount()?,
            reference: from.text()?.into(),
            by: from.text()?.into(),
            at: from.time()?,
        })
    }
}
