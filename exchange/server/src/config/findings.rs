//! [`Findings`]: collects what is wrong with a configuration.

use exchange_catalog::{Diagnostic, Severity};

use super::given::Place;

/// Everything that was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Diagnostic>);

impl Findings {
    /// Adds a mistake: what is wrong, and what would be right.
    pub(super) fn error(&mut self, place: &Place, message: impl Into<String>, remedy: impl Into<String>) {
        let Place { file, line, column, path } = place.clone();
        self.0.push(Diagnostic {
            severity: Severity::Error,
            file,
            line,
            column,
            path,
            message: message.into(),
            remedy: remedy.into(),
        });
    }

    /// Returns everything, ordered by place, if there is anything.
    pub(super) fn finish(mut self) -> Result<(), Vec<Diagnostic>> {
        if self.0.is_empty() {
            return Ok(());
        }
        self.0.sort_by(|one, other| {
            (&one.file, one.line, one.column).cmp(&(&other.file, other.line, other.column))
        });
        Err(self.0)
    }
}
