//! What is held of a lead, opened with its keys while they live.

use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::Field;
use exchange_protocol::{DecodeError, SealClass, decode_submission};
use exchange_store::SealedPart;
use exchange_types::{Amount, ConsentKey, FieldIndex, Pii, SourceKey, Submission, Uuid7, Value};
use exchange_vault::{UnsealError, Vault};

/// Why what is held cannot be read, although it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HeldError {
    /// Key or ciphertext is damaged.
    #[error("cannot open what is held")]
    Unseal(#[from] UnsealError),
    /// What was sealed is no lead.
    #[error("what was sealed is no lead")]
    Decode(#[from] DecodeError),
}

/// Opens a lead as it was posted in the end; nothing where its own keys are gone. Reads files: not for a thread that
/// has other things to do.
///
/// Of the evidence of consent alone nothing is shown: it is kept to prove a consent, not to bring a lead back.
pub(crate) fn open_lead(
    vault: &Vault,
    lead: Uuid7,
    parts: &[SealedPart],
) -> Result<Option<Submission>, HeldError> {
    let mut whole: Option<Submission> = None;
    let mut rest = parts;
    while let Some((part, after)) = rest.split_first() {
        rest = after;
        if part.sealed.slot.class != SealClass::Lead {
            continue;
        }
        // Each step's lead stands before its consent.
        let own = |next: &&SealedPart| next.sealed.slot.class == SealClass::Consent;
        let consent = rest.first().filter(own);
        let Some(plain) = unseal(vault, lead, part)? else { continue };
        let consent = match consent {
            Some(consent) => unseal(vault, lead, consent)?,
            None => None,
        };
        let read = decode_submission(&plain, consent.as_ref().map(|bytes| bytes.as_slice()))?;
        match &mut whole {
            Some(whole) => whole.complete_with(&read),
            None => whole = Some(read),
        }
    }
    Ok(whole)
}

fn unseal(
    vault: &Vault,
    lead: Uuid7,
    part: &SealedPart,
) -> Result<Option<impl core::ops::Deref<Target = Vec<u8>> + use<>>, UnsealError> {
    match vault.unseal(lead, &part.sealed, &part.ciphertext) {
        Ok(plain) => Ok(Some(plain)),
        Err(UnsealError::Erased { .. } | UnsealError::Gone { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns everything that a lead says about its person, by the paths under which sellers send it.
pub(crate) fn in_clear(lead: &Submission, snapshot: Option<&Snapshot>) -> Vec<(Box<str>, Pii<Box<str>>)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let vertical = snapshot.and_then(|snapshot| snapshot.vertical(lead.vertical));
    for position in 0..lead.fields_count() {
        let index = FieldIndex(u16::try_from(position).unwrap_or(u16::MAX));
        let Some(value) = lead.value(index) else { continue };
        let field = vertical.and_then(|vertical| vertical.fields.get(position));
        // Without its catalog a field has no name, and is shown all the same.
        let name = field.map_or_else(|| position.to_string(), |field| field.name.to_string());
        all.push((format!("fields.{name}"), text_of(value, field, lead)));
    }
    let mut given = |path: String, text: Option<&str>| all.extend(text.map(|text| (path, text.to_owned())));
    given("seller_ref".to_owned(), lead.seller_ref());
    for (position, sub_id) in lead.sub_ids().enumerate() {
        given(format!("sub_ids.{position}"), Some(sub_id));
    }
    for (key, name) in SourceKey::ALL {
        given(format!("source.{name}"), lead.source(key).map(Pii::reveal));
    }
    for (key, name) in ConsentKey::ALL {
        given(format!("consent.{name}"), lead.consent(key).map(Pii::reveal));
    }
    for (position, name) in lead.named_sellers().enumerate() {
        given(format!("consent.named_sellers.{position}"), Some(name));
    }
    all.into_iter().map(|(path, text)| (path.into(), Pii::new(text.into()))).collect()
}

/// Returns a value as sellers write it. Of a choice it is the word, where the field is known.
pub(crate) fn text_of(value: Value, field: Option<&Field>, lead: &Submission) -> String {
    match value {
        Value::Text(span) => lead.text(span).reveal().to_owned(),
        Value::Choice(position) => {
            field.and_then(|field| field.choice(position)).map_or_else(|| position.to_string(), str::to_owned)
        }
        Value::Integer(number) => number.to_string(),
        Value::Decimal(number) => decimal(number),
        Value::Boolean(yes) => yes.to_string(),
        Value::Date(date) => date.to_string(),
    }
}

/// Writes a decimal without trailing zeros.
fn decimal(number: Amount) -> String {
    let sign = if number.micros() < 0 { "-" } else { "" };
    let (micros, unit) = (number.micros().unsigned_abs(), Amount::MICROS_PER_UNIT.unsigned_abs());
    let (whole, fraction) = (micros.div_euclid(unit), micros.rem_euclid(unit));
    let digits = format!("{sign}{whole}.{fraction:06}");
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_written_as_sellers_write_them() {
        for (micros, text) in
            [(0, "0"), (1_500_000, "1.5"), (-250_000, "-0.25"), (10_000_000, "10"), (1, "0.000001")]
        {
            assert_eq!(decimal(Amount::from_micros(micros)), text);
        }
    }

    #[test]
    fn everything_that_was_given_is_shown_under_its_path() {
        let mut lead = Submission::default();
        lead.reset(exchange_types::VerticalIndex(0), exchange_types::SellerIndex(0), 3);
        let phone = lead.push_text("+498912345678");
        lead.set_value(FieldIndex(0), Some(Value::Text(phone)));
        lead.set_value(FieldIndex(2), Some(Value::Boolean(true)));
        lead.set_seller_ref("order 7");
        lead.push_sub_id("page-1");
        lead.set_source(SourceKey::Ip, "192.0.2.1");
        lead.set_consent(ConsentKey::Text, "I agree");
        lead.push_named_seller("North Solar GmbH");
        let shown: Vec<(String, String)> = in_clear(&lead, None)
            .into_iter()
            .map(|(path, text)| (path.into_string(), text.reveal().into_string()))
            .collect();
        let expected = [
            ("fields.0", "+498912345678"),
            ("fields.2", "true"),
            ("seller_ref", "order 7"),
            ("sub_ids.0", "page-1"),
            ("source.ip", "192.0.2.1"),
            ("consent.text", "I agree"),
            ("consent.named_sellers.0", "North Solar GmbH"),
        ];
        assert_eq!(shown, expected.map(|(path, text)| (path.to_owned(), text.to_owned())));
    }
}
