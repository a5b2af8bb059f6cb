//! [`Resolution`] and [`Dispute`]: what was found out about an unknown post, and a fact that came too late.

use exchange_types::{Amount, UtcMicros, Uuid7};

use super::Outcome;
use super::bytes::{DecodeError, Reader, Writer};
use crate::CandidateIndex;

/// Who or what resolved an unknown post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolvedBy {
    /// The answer to a post that was sent again under its idempotency key.
    Repost,
    /// The buyer's status endpoint.
    StatusUrl,
    /// The buyer's own report.
    Report,
    /// An operator.
    Person,
    /// The campaign's `on_unknown`, after its time.
    Rule,
    /// The answer to the post itself, which came after the post was given up.
    LateAnswer,
}

/// An unknown post was resolved. It happens once to each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// Of which sale.
    pub auction: Uuid7,
    /// Of which post.
    pub candidate: CandidateIndex,
    /// What came of it: accepted or failed, never unknown.
    pub outcome: Outcome,
    /// What the buyer pays; nothing unless it accepted.
    pub price: Amount,
    /// What the seller earns; nothing unless the buyer accepted.
    pub payout: Amount,
    /// Who or what says so.
    pub by: ResolvedBy,
    /// The digest of the evidence: a reply's, or that of the operator's reason.
    pub digest: [u8; 16],
    /// When.
    pub at: UtcMicros,
    /// When a sale settles; as the moment of resolution where there is none.
    pub settles_at: UtcMicros,
    /// The operator who decided and the reason given, or empty.
    pub note: Box<str>,
}

/// A fact about a post that contradicts how it was resolved. It changes no charge: a person decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// Of which sale.
    pub auction: Uuid7,
    /// Of which post.
    pub candidate: CandidateIndex,
    /// What is said of the post now.
    pub says: Outcome,
    /// Who or what says so.
    pub by: ResolvedBy,
    /// The digest of the evidence.
    pub digest: [u8; 16],
    /// When.
    pub at: UtcMicros,
}

impl ResolvedBy {
    /// Every way, in the order of the numbers in a record.
    pub const ALL: [Self; 6] =
        [Self::Repost, Self::StatusUrl, Self::Report, Self::Person, Self::Rule, Self::LateAnswer];

    /// Returns the name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Repost => "repost",
            Self::StatusUrl => "status_url",
            Self::Report => "report",
            Self::Person => "person",
            Self::Rule => "rule",
            Self::LateAnswer => "late_answer",
        }
    }

    fn write(self, to: &mut Writer<'_>) {
        let position = Self::ALL.iter().position(|way| *way == self);
        to.u8(position.and_then(|position| u8::try_from(position).ok()).unwrap_or(u8::MAX));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let position = usize::from(from.u8()?);
        Self::ALL.get(position).copied().ok_or(DecodeError::Value { at: from.position() })
    }
}

impl Resolution {
    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.u128(self.auction.as_u128());
        to.u16(self.candidate.0);
        self.outcome.write(to);
        to.amount(self.price);
        to.amount(self.payout);
        self.by.write(to);
        to.bytes(&self.digest);
        to.time(self.at);
        to.time(self.settles_at);
        to.text(&self.note);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            auction: from.uuid()?,
            candidate: CandidateIndex(from.u16()?),
            outcome: Outcome::read(from)?,
            price: from.amount()?,
            payout: from.amount()?,
            by: ResolvedBy::read(from)?,
            digest: from.array()?,
            at: from.time()?,
            settles_at: from.time()?,
            note: from.text()?.into(),
        })
    }
}

impl Dispute {
    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.u128(self.auction.as_u128());
        to.u16(self.candidate.0);
        self.says.write(to);
        self.by.write(to);
        to.bytes(&self.digest);
        to.time(self.at);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            auction: from.uuid()?,
            candidate: CandidateIndex(from.u16()?),
            says: Outcome::read(from)?,
            by: ResolvedBy::read(from)?,
            digest: from.array()?,
            at: from.time()?,
        })
    }
}
