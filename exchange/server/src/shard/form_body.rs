//! Bodies that come as forms: brought into JSON before anything else reads them.

use exchange_wire::form;
use exchange_wire::problem::Problem;

use super::intake::{Intake, Method};

/// Returns whether a request brings a form.
pub(crate) fn is_form(intake: &Intake) -> bool {
    let media = intake.content_type.as_deref().unwrap_or("");
    let essence = media.split(';').next().unwrap_or("").trim();
    intake.method == Method::Post && !intake.encoded && essence.eq_ignore_ascii_case(form::CONTENT_TYPE)
}

/// Puts JSON in the place of a form, and its keys in the place of headers that did not come. They are no part
/// of the JSON, so a repeat is the same body under another key of the seller too.
///
/// # Errors
///
/// Says why it is no form.
pub(crate) fn into_json(intake: &mut Intake) -> Result<(), Problem> {
    let form = form::read(&intake.body)?;
    intake.body = form.json.into();
    intake.content_type = Some("application/json".to_owned());
    if intake.authorization.is_none() {
        intake.authorization = form.key.map(|key| format!("Bearer {key}"));
    }
    if intake.idempotency_key.is_none() {
        intake.idempotency_key = form.idempotency_key.map(String::into_bytes);
    }
    Ok(())
}
