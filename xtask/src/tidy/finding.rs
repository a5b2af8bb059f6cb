//! [`Finding`]: one place that breaks a rule.

use std::fmt;

/// One place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Whether it fails the check.
    pub(crate) severity: Severity,
    /// The file, from the repository's root.
    pub(crate) path: String,
    /// The line, from 1, where the rule knows one.
    pub(crate) line: Option<usize>,
    /// What is wrong and what would be right.
    pub(crate) message: String,
}

/// Whether a finding fails the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// Worth a look.
    Warning,
    /// Fails the check.
    Error,
}

impl Finding {
    /// Returns an error about a whole file.
    pub(crate) fn file(path: &str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, path: path.to_owned(), line: None, message: message.into() }
    }

    /// Returns an error about one line, counted from 1.
    pub(crate) fn line(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { line: Some(line), ..Self::file(path, message) }
    }

    /// Turns the finding into a warning.
    pub(crate) fn warning(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        match self.line {
            Some(line) => write!(f, "{word}: {}:{line}: {}", self.path, self.message),
            None => write!(f, "{word}: {}: {}", self.path, self.message),
        }
    }
}

/// Checks that a rule finds exactly these texts, one in each finding and in order.
#[cfg(test)]
pub(crate) fn assert_findings(found: &[Finding], expected: &[&str]) {
    let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
    let fits =
        shown.len() == expected.len() && shown.iter().zip(expected).all(|(it, part)| it.contains(part));
    assert!(fits, "expected {expected:#?}, found {shown:#?}");
}
