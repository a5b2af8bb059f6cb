//! Warns of pings that show more of a person than they seem to.

use super::field::Schema;
use crate::document::Report;
use crate::snapshot::{Field, FieldKind, PingForm};

/// Characters of a postal code that leave little of it: the codes of many countries have four.
const NEARLY_WHOLE_PREFIX: u8 = 4;

/// A full postal code beside a birth date singles a person out of most towns, and nobody knows what people
/// write into a free text.
pub(super) fn warn_of_joined_fields(report: &Report<'_>, schema: &Schema) {
    let Some(postal) = schema.fields.iter().find(|field| shows_postal_code(field)) else { return };
    let shown_whole =
        schema.fields.iter().zip(&schema.places).filter(|(field, _)| field.ping == PingForm::Whole);
    for (field, place) in shown_whole {
        let (what, remedy) = match field.kind {
            FieldKind::Date => ("a full date", "{ year = true } or { age_band = 10 }"),
            FieldKind::Text { .. } => ("a free text", "false"),
            FieldKind::Integer { .. }
            | FieldKind::Decimal { .. }
            | FieldKind::Boolean
            | FieldKind::Enum { .. }
            | FieldKind::PostalCode { .. }
            | FieldKind::Phone { .. }
            | FieldKind::Email => continue,
        };
        report.warning(
            place,
            format!(
                "pings show {what} beside the postal code \"{}\": together they may single out a person",
                postal.name
            ),
            format!("ping = {remedy}, or ping = {{ prefix = 2 }} for \"{}\"", postal.name),
        );
    }
}

fn shows_postal_code(field: &Field) -> bool {
    let nearly_whole = match field.ping {
        PingForm::Whole => true,
        PingForm::Prefix(count) => count >= NEARLY_WHOLE_PREFIX,
        PingForm::Withheld | PingForm::Year | PingForm::AgeBand(_) | PingForm::Band(_) => false,
    };
    nearly_whole && matches!(field.kind, FieldKind::PostalCode { .. })
}
