//! [`ConsentRule`]: what a lead has to bring along as proof of the person's consent, and how fresh it has to be.

use exchange_types::{ConsentKey, Nanos, Pii, Submission, UtcMicros};
use jiff::Timestamp;

use super::Stage;

/// How far a seller's clock may run ahead of this one: as much as a signed request's.
const SKEW_MAX: Nanos = Nanos::from_secs(5 * 60);

/// Proofs of consent, and the age up to which it counts. The default asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsentRule {
    /// Each of these, ordered.
    pub proofs: Box<[Proof]>,
    /// How old the consent may be when the lead comes in.
    pub age_max: Option<Nanos>,
}

/// A company that witnesses the consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// A certificate of `TrustedForm`; its URL for pings counts until the post.
    TrustedForm,
    /// A `LeadiD` of Jornaya.
    Jornaya,
}

impl Proof {
    /// Every proof with its name in the catalog and on the wire.
    pub const ALL: [(Self, &'static str); 2] =
        [(Self::TrustedForm, "trustedform"), (Self::Jornaya, "jornaya")];

    /// Returns whether a lead brings the proof along, in the form in which the witness gives it out. Whether the
    /// witness knows it is the buyer's to ask.
    pub fn is_given(self, lead: &Submission, stage: Stage) -> bool {
        let given =
            |key, is_formed: fn(&str) -> bool| lead.consent(key).map(Pii::reveal).is_some_and(is_formed);
        match self {
            Self::TrustedForm => {
                given(ConsentKey::TrustedformCertUrl, is_certificate_url)
                    || stage == Stage::Ping && given(ConsentKey::TrustedformPingUrl, is_ping_url)
            }
            Self::Jornaya => given(ConsentKey::JornayaLeadId, is_uuid),
        }
    }
}

impl ConsentRule {
    /// Returns the rule that asks for what both ask for.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut proofs = [&*self.proofs, &*other.proofs].concat();
        proofs.sort_unstable();
        proofs.dedup();
        let age_max = self.age_max.into_iter().chain(other.age_max).min();
        Self { proofs: proofs.into(), age_max }
    }

    /// Returns whether a lead that comes in at `at` brings along what is asked for.
    pub fn is_met(&self, lead: &Submission, stage: Stage, at: UtcMicros) -> bool {
        self.proofs.iter().all(|proof| proof.is_given(lead, stage))
            && self.age_max.is_none_or(|age_max| is_fresh(lead, age_max, at))
    }
}

/// A consent without a time is of no age, so it is not fresh.
fn is_fresh(lead: &Submission, age_max: Nanos, at: UtcMicros) -> bool {
    let captured = lead.consent(ConsentKey::CapturedAt).map(Pii::reveal);
    let captured = captured.and_then(|text| text.parse::<Timestamp>().ok());
    let captured = captured.map(|instant| UtcMicros(instant.as_microsecond()));
    captured.is_some_and(|captured| {
        captured <= at.saturating_add(SKEW_MAX) && at <= captured.saturating_add(age_max)
    })
}

/// `https://cert.trustedform.com/` and what names the certificate.
fn is_certificate_url(text: &str) -> bool {
    is_below(text, "https://cert.trustedform.com/")
}

/// `https://ping.trustedform.com/` and what names the certificate.
fn is_ping_url(text: &str) -> bool {
    is_below(text, "https://ping.trustedform.com/")
}

fn is_below(text: &str, host: &str) -> bool {
    let name = text.get(..host.len()).filter(|start| start.eq_ignore_ascii_case(host));
    name.and_then(|_| text.get(host.len()..)).is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    })
}

/// 8-4-4-4-12 hexadecimal digits, as of RFC 9562.
fn is_uuid(text: &str) -> bool {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    let mut groups = text.split('-');
    let mut formed = |length: usize| {
        groups
            .next()
            .is_some_and(|group| group.len() == length && group.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    GROUPS.into_iter().all(&mut formed) && groups.next().is_none()
}

#[cfg(test)]
mod tests;
