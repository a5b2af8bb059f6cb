//! [`Report`]: collects what is wrong.

use core::cell::RefCell;

use crate::source_file::Lines;
use crate::{Diagnostic, Severity, SourceFile, limits};

/// Everything that was found so far. Shared by all nodes of a catalog.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    files: &'a [SourceFile],
    lines: Vec<Lines<'a>>,
    found: RefCell<Vec<Diagnostic>>,
}

/// Where something stands.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) file: usize,
    /// Bytes from the beginning of the file.
    pub(crate) offset: usize,
    /// The key, such as `campaigns.north.filter.any[2]`.
    pub(crate) path: String,
}

impl Place {
    /// Returns the path of a key below.
    pub(crate) fn key_path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

impl<'a> Report<'a> {
    pub(crate) fn new(files: &'a [SourceFile]) -> Self {
        Self { files, lines: files.iter().map(Lines::of).collect(), found: RefCell::new(Vec::new()) }
    }

    pub(crate) fn error(&self, place: &Place, message: impl Into<String>, remedy: impl Into<String>) {
        self.push(Severity::Error, place, message.into(), remedy.into());
    }

    pub(crate) fn warning(&self, place: &Place, message: impl Into<String>, remedy: impl Into<String>) {
        self.push(Severity::Warning, place, message.into(), remedy.into());
    }

    /// Returns how many mistakes were found so far.
    pub(crate) fn count(&self) -> usize {
        self.found.borrow().len()
    }

    /// Returns a place as a message names it: `sellers.toml:12`.
    pub(crate) fn file_and_line(&self, place: &Place) -> String {
        let (file, (line, _)) = self.name_and_position(place);
        format!("{file}:{line}")
    }

    /// Returns what was found, in the order of the files, and whether an error is among it.
    pub(crate) fn finish(self) -> (Vec<Diagnostic>, bool) {
        let mut found = self.found.into_inner();
        let file_at =
            |diagnostic: &Diagnostic| self.files.iter().position(|file| file.name == diagnostic.file);
        found.sort_by_cached_key(|diagnostic| (file_at(diagnostic), diagnostic.line, diagnostic.column));
        let refused = found.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
        (found, refused)
    }

    fn push(&self, severity: Severity, place: &Place, message: String, remedy: String) {
        let mut found = self.found.borrow_mut();
        // An error has to be in the list even where warnings fill it.
        if found.len() >= limits::DIAGNOSTICS_MAX {
            let warning = found.iter().position(|diagnostic| diagnostic.severity == Severity::Warning);
            match warning {
                Some(at) if severity == Severity::Error => drop(found.swap_remove(at)),
                _ => return,
            }
        }
        let (name, (line, column)) = self.name_and_position(place);
        found.push(Diagnostic {
            severity,
            file: name.to_owned(),
            line,
            column,
            path: place.path.clone(),
            message,
            remedy,
        });
    }

    fn name_and_position(&self, place: &Place) -> (&'a str, (usize, usize)) {
        let name = self.files.get(place.file).map_or("", |file| &file.name);
        let position = self.lines.get(place.file).map_or((1, 1), |lines| lines.line_and_column(place.offset));
        (name, position)
    }
}
