//! [`Diagnostic`]: one mistake of a catalog, with its place and its remedy.

use core::fmt;

/// A mistake, or something that is allowed and probably not meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether it stops the catalog.
    pub severity: Severity,
    /// The file, as [`SourceFile::name`](crate::SourceFile::name) gives it.
    pub file: String,
    /// The line, from one.
    pub line: usize,
    /// The column in characters, from one.
    pub column: usize,
    /// The key, such as `campaigns.north.filter.any[2].field`; empty for the file as a whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What would be right; perhaps empty.
    pub remedy: String,
}

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The catalog is refused.
    Error,
    /// The catalog is taken.
    Warning,
}

/// Writes `catalog.toml:12:9: error: campaigns.north.vertical: unknown vertical "solr"; did you mean "solar"?`.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{}:{}:{}: {severity}: ", self.file, self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        if !self.remedy.is_empty() {
            write!(f, "; {}", self.remedy)?;
        }
        Ok(())
    }
}
