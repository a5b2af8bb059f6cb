//! Under which digests a person is known: the same that admission makes of a lead.

use core::time::Duration;

use exchange_catalog::snapshot::FieldKind;
use exchange_control::{Person, PersonError};
use exchange_types::{Submission, Value};
use exchange_wire::Fingerprint;

use super::super::ControlBackend;
use super::super::failures::unreadable;

/// How long a question about a person waits for the store: half of what its whole answer may take.
const FOLLOW_MAX: Duration = Duration::from_secs(5);

impl ControlBackend {
    /// Returns the digests of a person, one for each of its addresses and each vertical that there ever was.
    /// Whatever is on disk now is in the store then: what an operator tells a person about itself is whole.
    pub(super) async fn prints_of(&self, person: Person) -> Result<Vec<u128>, PersonError> {
        let mut prints = Vec::new();
        if let Some(phone) = person.phone {
            let number = normal_phone(&phone.reveal()).ok_or(PersonError::Phone)?;
            prints.push(self.fingerprints.of_value(&number));
        }
        if let Some(email) = person.email {
            let address = normal_email(&email.reveal()).ok_or(PersonError::Email)?;
            prints.push(self.fingerprints.of_value(&address));
        }
        if !self.following.caught_up(FOLLOW_MAX).await {
            tracing::warn!("the store lags behind the journal, so a person is not looked up");
            return Err(PersonError::Behind);
        }
        let mut verticals = self.store.as_operator().verticals().await.map_err(|error| {
            unreadable(&error);
            PersonError::Unavailable
        })?;
        verticals.sort_unstable();
        verticals.dedup();
        let keys = self.shared.derived_key("claims");
        let number = |vertical: &str, print: &Fingerprint| {
            keys.hasher().text("person").text(vertical).bytes(&print.0).finish()
        };
        Ok(verticals.iter().flat_map(|vertical| prints.iter().map(|print| number(vertical, print))).collect())
    }
}

/// Brings a phone number in international form into E.164.
fn normal_phone(text: &str) -> Option<String> {
    // In international form the country of the field does not matter.
    let kind = FieldKind::Phone { country: *b"DE" };
    text.trim().starts_with('+').then(|| normal(&kind, text)).flatten()
}

fn normal_email(text: &str) -> Option<String> {
    normal(&FieldKind::Email, text)
}

fn normal(kind: &FieldKind, text: &str) -> Option<String> {
    let mut kept = Submission::default();
    match kind.parse_text(text, &mut |text| kept.push_text(text)) {
        Ok(Value::Text(span)) => Some(kept.text(span).reveal().to_owned()),
        Ok(_) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_meet_the_form_in_which_leads_hold_them() {
        assert_eq!(normal_phone(" +49 (0) 89 / 1234-5678 ").as_deref(), Some("+498912345678"));
        assert_eq!(normal_phone("+1 202 555 0100").as_deref(), Some("+12025550100"));
        for bad in ["", "089 12345678", "0049 89 12345678", "+49 eins", "+"] {
            assert_eq!(normal_phone(bad), None, "{bad}");
        }
        assert_eq!(normal_email(" Ada@Example.ORG ").as_deref(), Some("ada@example.org"));
        for bad in ["", "ada", "ada@", "@example.org"] {
            assert_eq!(normal_email(bad), None, "{bad}");
        }
    }
}
