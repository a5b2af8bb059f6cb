//! [`Reply`]: what is sent back, when, and in what manner.

use std::time::Duration;

use bytes::Bytes;

use crate::Fault;

/// An answer, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    /// From the receipt of the request to the first byte.
    pub(crate) delay: Duration,
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body; empty with 204.
    pub(crate) body: Bytes,
    /// How it is sent.
    pub(crate) manner: Manner,
}

/// How an answer goes over the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As it should.
    #[default]
    Whole,
    /// As a redirect to another host.
    Elsewhere,
    /// A byte at a time.
    Drip,
    /// Not at all.
    Silence,
    /// Only the header.
    HeadOnly,
    /// With a reset in place of an answer.
    Reset,
    /// With a header that promises more.
    Truncated,
    /// With a header that promises less.
    Overrun,
    /// With megabytes of blanks.
    Flood,
}

/// Between two bytes of a slow answer: eighty bytes take sixteen seconds.
pub const DRIP_PAUSE: Duration = Duration::from_millis(200);
/// Bytes of a huge body: far beyond any limit, and yet quick to make.
pub const FLOOD_BYTES: usize = 64 * 1_024 * 1_024;
/// Bytes that a truncated answer promises and does not send.
pub(crate) const MISSING_BYTES: usize = 100;
/// Where a redirect leads: a name that never resolves (RFC 6761).
pub(crate) const ELSEWHERE: &str = "http://elsewhere.invalid/";

impl Reply {
    /// Returns an answer that is sent at once, as it should be.
    pub(crate) fn plain(status: u16, body: impl Into<Bytes>) -> Self {
        Self { delay: Duration::ZERO, status, body: body.into(), manner: Manner::Whole }
    }
}

impl Manner {
    /// Returns the manner that a fault asks for.
    pub(crate) fn of(fault: Option<Fault>) -> Self {
        match fault {
            Some(Fault::SlowBytes) => Self::Drip,
            Some(Fault::Hang) => Self::Silence,
            Some(Fault::HeadOnly) => Self::HeadOnly,
            Some(Fault::Reset) => Self::Reset,
            Some(Fault::HugeBody) => Self::Flood,
            Some(Fault::Truncated) => Self::Truncated,
            Some(Fault::Overrun) => Self::Overrun,
            Some(Fault::Redirect) => Self::Elsewhere,
            Some(
                Fault::Late
                | Fault::BadJson
                | Fault::DeepJson
                | Fault::DuplicateKeys
                | Fault::Nan
                | Fault::Negative
                | Fault::Absurd
                | Fault::Exponent
                | Fault::Comma
                | Fault::TooPrecise
                | Fault::WrongCurrency
                | Fault::Empty
                | Fault::NotJson,
            )
            | None => Self::Whole,
        }
    }
}
