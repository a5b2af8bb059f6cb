//! [`disposable_domains`]: the list of throw-away domains, as an operator's file changes it.

use anyhow::Context as _;
use exchange_catalog::DisposableDomains;

use crate::config::Validation;

/// Returns the bundled list with what the operator's file adds and takes out.
///
/// # Errors
///
/// Says which file cannot be read, or which of its lines is no domain.
pub(crate) fn disposable_domains(validation: &Validation) -> anyhow::Result<DisposableDomains> {
    let Some(file) = &validation.disposable_domains else { return Ok(DisposableDomains::bundled()) };
    let place = || format!("validation.disposable_domains = \"{}\"", file.display());
    let text = std::fs::read_to_string(file).with_context(place)?;
    DisposableDomains::with_file(&text).with_context(place)
}
