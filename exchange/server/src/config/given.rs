//! [`Given`]: a value with the place where an operator gave it.

/// A value with its place.
#[derive(Clone, Debug)]
pub(super) struct Given<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// Where something stands.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) file: String,
    /// From one.
    pub(super) line: usize,
    /// In characters, from one.
    pub(super) column: usize,
    /// The key, such as `limits.body_bytes_max`.
    pub(super) path: String,
}

impl Place {
    /// Returns the place of a key that does not stand in the file.
    pub(super) fn whole_file(file: &str, path: &str) -> Self {
        let file = if file.is_empty() { "defaults" } else { file };
        Self { file: file.to_owned(), line: 1, column: 1, path: path.to_owned() }
    }

    /// Returns the place of an environment variable.
    pub(super) fn variable(name: &str) -> Self {
        Self { file: "environment".to_owned(), line: 1, column: 1, path: name.to_owned() }
    }

    /// Returns the place of a byte of a file.
    pub(super) fn of_offset(file: &exchange_catalog::SourceFile, offset: usize, path: String) -> Self {
        let before = file.text.get(..file.text.floor_char_boundary(offset)).unwrap_or("");
        let line_start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        Self {
            file: file.name.clone(),
            line: before.matches('\n').count().saturating_add(1),
            column: before.get(line_start..).unwrap_or("").chars().count().saturating_add(1),
            path,
        }
    }
}
