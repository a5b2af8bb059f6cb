//! Under which digests a person is known: the same that leads have.

use core::time::Duration;

use exchange_catalog::snapshot::FieldKind;
use exchange_control::{Person, PersonError};
use exchange_types::{Submission, Value};

use super::super::ControlBackend;
use super::super::failures::unreadable;

/// How long a question about a person waits for the store: half of what its whole answer may take.
const FOLLOW_MAX: Duration = Duration::from_secs(5);

impl ControlBackend {
    /// Returns the fingerprints of a person, one for each of its addresses and each vertical that there ever was.
    /// Whatever is on disk now is in the store then: what an operator tells a person about itself is whole.
    pub(super) async fn prints_of(&self, person: &exchange_types::Person) -> Result<Vec<u128>, PersonError> {
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
        let prints = verticals.iter().flat_map(|vertical| self.shared.person_prints(person, vertical));
        Ok(prints.flatten().collect())
    }

    /// Returns the digests of a person whom somebody names by its addresses.
    pub(super) fn named(&self, person: Person) -> Result<exchange_types::Person, PersonError> {
        let mut named = exchange_types::Person::default();
        if let Some(phone) = person.phone {
            named.add_phone(self.phone_digest(&phone.reveal()).ok_or(PersonError::Phone)?);
        }
        if let Some(email) = person.email {
            named.add_email(self.email_digest(&email.reveal()).ok_or(PersonError::Email)?);
        }
        Ok(named)
    }

    /// Returns the digest of a phone number in international form.
    pub(in super::super) fn phone_digest(&self, text: &str) -> Option<u128> {
        normal_phone(text).map(|number| self.fingerprints.of_value(&number).number())
    }

    /// Returns the digest of an e-mail address.
    pub(in super::super) fn email_digest(&self, text: &str) -> Option<u128> {
        normal_email(text).map(|address| self.fingerprints.of_value(&address).number())
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
