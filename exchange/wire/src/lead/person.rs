//! Who a body is about, by the keyed digests of phones and e-mail addresses.

use exchange_catalog::snapshot::{FieldKind, Vertical};
use exchange_types::{FieldIndex, Person, Submission, Value};

use super::Identity;
use crate::FingerprintKey;

/// Returns the person of a lead, ping or post: by its fields, and where a ping brings no phone or no e-mail address,
/// by the digest that came in its place.
pub fn person(
    keys: &FingerprintKey,
    vertical: &Vertical,
    submission: &Submission,
    identity: &Identity,
) -> Person {
    let mut person = Person::default();
    for index in &vertical.identity {
        let Some(field) = vertical.field(*index) else { continue };
        let Some(digest) = digest_of(keys, submission, *index) else { continue };
        if field.kind == FieldKind::Email { person.add_email(digest) } else { person.add_phone(digest) }
    }
    let given = |digest: &[u8; 32]| keys.of_sha256(digest).number();
    if let (false, Some(digest)) = (person.has_phone(), &identity.phone_sha256) {
        person.add_phone(given(digest));
    }
    if let (false, Some(digest)) = (person.has_email(), &identity.email_sha256) {
        person.add_email(given(digest));
    }
    person
}

fn digest_of(keys: &FingerprintKey, submission: &Submission, index: FieldIndex) -> Option<u128> {
    match submission.value(index)? {
        Value::Text(span) => Some(keys.of_value(submission.text(span).reveal()).number()),
        Value::Integer(_) | Value::Decimal(_) | Value::Boolean(_) | Value::Choice(_) | Value::Date(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use exchange_types::SellerIndex;
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::sample;

    const PHONES: [&str; 4] = ["", "+4989111", "+4989222", "+4989333"];
    const EMAILS: [&str; 3] = ["", "ada@example.org", "eve@example.org"];

    /// Fields, their values, digests of phone and e-mail, and who it is: phone, e-mail, second phone, second e-mail.
    type Case<'a> = (&'a [&'a FieldKind], &'a [&'a str], [&'a str; 2], [&'a str; 4]);

    /// Returns a vertical of these phone and e-mail fields, with a field in between that names nobody.
    fn vertical(kinds: &[FieldKind]) -> Vertical {
        let mut vertical = sample::vertical("solar");
        let plain = vertical.fields.first().cloned().expect("a field");
        let mut fields = vec![plain.clone()];
        fields.extend(
            kinds
                .iter()
                .map(|kind| exchange_catalog::snapshot::Field { kind: kind.clone(), ..plain.clone() }),
        );
        let indices = 1..u16::try_from(fields.len()).expect("few");
        vertical.fields = fields.into();
        vertical.identity = indices.map(FieldIndex).collect();
        vertical
    }

    #[test]
    fn fields_and_digests_meet_whatever_their_places() {
        let keys = FingerprintKey::new(&[7; 32]);
        let (phone, email) = (FieldKind::Phone { country: *b"DE" }, FieldKind::Email);
        let sha = |text: &str| (!text.is_empty()).then(|| Sha256::digest(text).into());
        let cases: [Case<'_>; 8] = [
            (&[&phone, &email], &[PHONES[1], EMAILS[1]], ["", ""], [PHONES[1], EMAILS[1], "", ""]),
            (&[&email, &phone], &[EMAILS[1], PHONES[1]], ["", ""], [PHONES[1], EMAILS[1], "", ""]),
            (&[&phone, &email], &["", EMAILS[1]], ["", ""], ["", EMAILS[1], "", ""]),
            (&[&phone, &email], &["", EMAILS[1]], [PHONES[1], EMAILS[2]], [PHONES[1], EMAILS[1], "", ""]),
            (&[&phone, &email], &["", ""], [PHONES[1], EMAILS[1]], [PHONES[1], EMAILS[1], "", ""]),
            (
                &[&phone, &phone, &email],
                &["", PHONES[2], EMAILS[1]],
                ["", ""],
                [PHONES[2], EMAILS[1], "", ""],
            ),
            (
                &[&phone, &email, &phone, &phone, &email],
                &[PHONES[1], EMAILS[1], PHONES[2], PHONES[3], EMAILS[2]],
                ["", ""],
                [PHONES[1], EMAILS[1], PHONES[2], EMAILS[2]],
            ),
            (&[], &[], ["", ""], ["", "", "", ""]),
        ];
        for (fields, values, [phone_digest, email_digest], expected) in cases {
            let kinds: Vec<FieldKind> = fields.iter().map(|kind| (*kind).clone()).collect();
            let mut submission = Submission::default();
            submission.reset(sample::SOLAR, SellerIndex(0), kinds.len().saturating_add(1));
            for (at, value) in (1..).zip(values) {
                let text = submission.push_text(value);
                submission.set_value(FieldIndex(at), (!value.is_empty()).then_some(Value::Text(text)));
            }
            let identity = Identity { phone_sha256: sha(phone_digest), email_sha256: sha(email_digest) };
            let found = person(&keys, &vertical(&kinds), &submission, &identity);
            let expected = expected.map(|text| (!text.is_empty()).then(|| keys.of_value(text).number()));
            assert_eq!(found, Person::new(expected), "{values:?} {phone_digest} {email_digest}");
        }
    }
}
