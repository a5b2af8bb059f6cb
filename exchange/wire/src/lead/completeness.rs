//! Whether ping and post together have all that the vertical asks for.

use exchange_catalog::snapshot::Vertical;
use exchange_types::{FieldIndex, Submission};

use super::findings::{Findings, Path};
use crate::Problem;

/// Checks that a ping joined with its post has every required field.
///
/// # Errors
///
/// Names every field that came with neither.
pub fn require_complete(vertical: &Vertical, joined: &Submission) -> Result<(), Problem> {
    let mut findings = Findings::default();
    for (field, index) in vertical.fields.iter().zip((0..).map(FieldIndex)) {
        if field.required.is_some() && joined.value(index).is_none() {
            let message =
                format!("has to be given with the ping or the post: {}", field.kind.expected_type());
            findings.error(Path::In("fields", &field.name), "missing", message);
        }
    }
    let (errors, _) = findings.into_parts();
    if errors.is_empty() { Ok(()) } else { Err(super::refused(errors)) }
}
