//! [`Violation`]: what a projector finds that no charge may come of.

use exchange_protocol::CandidateIndex;
use exchange_types::{UtcMicros, Uuid7};

/// What a projector found that no charge may come of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViolationKind {
    /// A second charge of one lead to one buyer.
    SecondCharge,
    /// An acceptance of a post that has no intent.
    ChargeWithoutIntent,
    /// An acceptance without the digest of a reply and without a resolution.
    ChargeWithoutEvidence,
    /// A second intent of a post.
    SecondIntent,
    /// A second outcome, or a second resolution, of a post.
    SecondOutcome,
    /// A step that the sale's state does not allow.
    StepRefused,
    /// A record of a post that has no intent.
    UnknownPost,
}

impl ViolationKind {
    /// Every kind, in the order of their numbers in the store.
    pub const ALL: [Self; 7] = [
        Self::SecondCharge,
        Self::ChargeWithoutIntent,
        Self::ChargeWithoutEvidence,
        Self::SecondIntent,
        Self::SecondOutcome,
        Self::StepRefused,
        Self::UnknownPost,
    ];

    /// Returns the name in lists and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SecondCharge => "second_charge",
            Self::ChargeWithoutIntent => "charge_without_intent",
            Self::ChargeWithoutEvidence => "charge_without_evidence",
            Self::SecondIntent => "second_intent",
            Self::SecondOutcome => "second_outcome",
            Self::StepRefused => "step_refused",
            Self::UnknownPost => "unknown_post",
        }
    }
}

/// Something that a projector found and that no charge came of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The number of the record in the journal.
    pub sequence: u64,
    /// What is wrong.
    pub kind: ViolationKind,
    /// Of which auction.
    pub auction: Uuid7,
    /// Of which candidate.
    pub candidate: CandidateIndex,
    /// When, by the record.
    pub at: UtcMicros,
}
