//! [`Findings`]: what is wrong with a body, and what was dropped from it.

use std::borrow::Cow;

use exchange_types::limits;

use crate::FieldError;

/// Errors in one answer: every field of the largest vertical, and as many again for envelope and unknown keys.
const ERRORS_MAX: usize = 2 * limits::FIELDS_MAX;
/// Warnings in one answer. They are stored with the answer, so a body full of unknown keys stays small.
const WARNINGS_MAX: usize = 32;
/// Characters of a key that is shown back to its sender.
const KEY_SHOWN_CHARS_MAX: usize = 64;

/// Errors and warnings, both bounded.
#[derive(Debug, Default)]
pub(super) struct Findings {
    errors: Vec<FieldError>,
    warnings: Vec<String>,
    warnings_left_out: usize,
}

impl Findings {
    /// Adds an error of the field at `path`.
    pub(super) fn error(
        &mut self,
        path: Path<'_>,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) {
        if self.errors.len() < ERRORS_MAX {
            self.errors.push(FieldError::new(path.to_text(), code, message));
        }
    }

    /// Adds an error of a value that has another type than `expected`.
    pub(super) fn wrong_type(&mut self, path: Path<'_>, expected: &str) {
        self.error(path, "wrong_type", format!("has the wrong type, expected {expected}"));
    }

    /// Adds an error of a key that the envelope does not have.
    pub(super) fn unknown_key(&mut self, path: Path<'_>) {
        self.error(path, "unknown_key", "is not a key of this request");
    }

    /// Adds a warning of a field that was dropped.
    pub(super) fn dropped(&mut self, path: Path<'_>, why: &str) {
        if self.warnings.len() < WARNINGS_MAX {
            self.warnings.push(format!("{}: {why}", path.to_text()));
        } else {
            self.warnings_left_out = self.warnings_left_out.saturating_add(1);
        }
    }

    /// Returns errors and warnings.
    pub(super) fn into_parts(self) -> (Vec<FieldError>, Vec<String>) {
        let Self { errors, mut warnings, warnings_left_out } = self;
        if warnings_left_out > 0 {
            warnings.push(format!("{warnings_left_out} more fields were dropped"));
        }
        (errors, warnings)
    }
}

/// Where a value stands in the body. It becomes a text only where it is reported.
#[derive(Clone, Copy, Debug)]
pub(super) enum Path<'a> {
    /// A key of the envelope: `floor`.
    Top(&'a str),
    /// A key of an object of the envelope: `consent.ip`.
    In(&'static str, &'a str),
    /// An element of an array: `sub_ids.0`, `consent.named_sellers.2`.
    Element(&'static str, usize),
}

impl Path<'_> {
    fn to_text(self) -> String {
        let shown = |key: &str| key.chars().take(KEY_SHOWN_CHARS_MAX).collect::<String>();
        match self {
            Self::Top(key) => shown(key),
            Self::In(object, key) => format!("{object}.{}", shown(key)),
            Self::Element(array, position) => format!("{array}.{position}"),
        }
    }
}
