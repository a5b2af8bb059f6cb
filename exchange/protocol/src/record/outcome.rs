//! [`Outcome`]: what came of a post, as it is written down.

use exchange_types::Reason;

use super::bytes::{DecodeError, Reader, Writer};
use super::reason;

/// What came of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The buyer took the lead.
    Accepted,
    /// The buyer does not have the lead.
    Failed(Reason),
    /// Nobody knows.
    Unknown,
}

impl Outcome {
    pub(super) fn write(self, to: &mut Writer<'_>) {
        let (kind, reason) = match self {
            Self::Accepted => (0, 0),
            Self::Failed(reason) => (1, reason.code()),
            Self::Unknown => (2, 0),
        };
        to.u8(kind);
        to.u8(reason);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (kind, code) = (from.u8()?, from.u8()?);
        match (kind, code) {
            (0, 0) => Ok(Self::Accepted),
            (1, _) => reason(code, from).map(Self::Failed),
            (2, 0) => Ok(Self::Unknown),
            _ => Err(DecodeError::Value { at: from.position() }),
        }
    }
}
