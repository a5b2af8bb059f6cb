//! [`Filter`]: which leads a campaign takes.

use exchange_types::Submission;

/// A condition on a lead's fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {}

impl Filter {
    /// Evaluates the filter naively.
    pub fn matches(&self, _lead: &Submission) -> bool {
        true
    }
}
