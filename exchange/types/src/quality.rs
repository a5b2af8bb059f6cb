//! [`QualityFault`]: why a lead that is well formed is not taken.

/// Why a lead that is well formed is not taken, for its seller. It repeats no value of the lead, so it is no
/// personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QualityFault {
    /// The path of the field in the body: `fields.phone`.
    pub field: Box<str>,
    /// A word that stays: `impossible`, `disposable`, `too_young`.
    pub code: Box<str>,
    /// What is wrong, or would be right.
    pub message: Box<str>,
}
