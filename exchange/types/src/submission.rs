//! [`Submission`]: a lead as a seller handed it in, parsed and normalized.
//!
//! All its text stands in one buffer, and the buffers are reused: a shard takes a cleared submission from
//! its pool, `wire` fills it, the engine keeps it while the auction lives, and it goes back.

use core::fmt;

use crate::{Amount, FieldIndex, Nanos, Pii, SellerIndex, Span, Test, Value, VerticalIndex};

/// What a seller may say about the person's consent, in the order of the wire contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "each is the wire's key of the same name")]
pub enum ConsentKey {
    Text,
    TextVersion,
    CapturedAt,
    SourceUrl,
    Ip,
    UserAgent,
    TrustedformCertUrl,
    TrustedformPingUrl,
    JornayaLeadId,
}

impl ConsentKey {
    /// Every key with its name on the wire.
    pub const ALL: [(Self, &'static str); 9] = [
        (Self::Text, "text"),
        (Self::TextVersion, "text_version"),
        (Self::CapturedAt, "captured_at"),
        (Self::SourceUrl, "source_url"),
        (Self::Ip, "ip"),
        (Self::UserAgent, "user_agent"),
        (Self::TrustedformCertUrl, "trustedform_cert_url"),
        (Self::TrustedformPingUrl, "trustedform_ping_url"),
        (Self::JornayaLeadId, "jornaya_lead_id"),
    ];
}

/// What a seller may say about where the lead came from, in the order of the wire contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "each is the wire's key of the same name")]
pub enum SourceKey {
    Url,
    Referrer,
    Ip,
    UserAgent,
    Channel,
    Campaign,
    Creative,
    Keyword,
    Placement,
    Device,
}

impl SourceKey {
    /// Every key with its name on the wire.
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::Url, "url"),
        (Self::Referrer, "referrer"),
        (Self::Ip, "ip"),
        (Self::UserAgent, "user_agent"),
        (Self::Channel, "channel"),
        (Self::Campaign, "campaign"),
        (Self::Creative, "creative"),
        (Self::Keyword, "keyword"),
        (Self::Placement, "placement"),
        (Self::Device, "device"),
    ];
}

/// A lead with its envelope. Its text is personal data, so `Debug` shows sizes only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Submission {
    /// The vertical, in the snapshot with which the submission was parsed.
    pub vertical: VerticalIndex,
    /// The seller, from the credential.
    pub seller: SellerIndex,
    /// The least payout that the seller takes.
    pub floor: Option<Amount>,
    /// The most companies that may get the lead; none stands for the vertical's own bound.
    pub max_buyers: Option<u16>,
    /// Sales of this lead made elsewhere; they count in the size of every set.
    pub prior_sales: u16,
    /// The most that this answer may take.
    pub wait: Option<Nanos>,
    /// How long the person was on the form, in milliseconds.
    pub session_ms: Option<u32>,
    /// What is to come of it, where it is a test and no lead.
    pub test: Option<Test>,
    text: String,
    values: Vec<Option<Value>>,
    consent: [Span; ConsentKey::ALL.len()],
    source: [Span; SourceKey::ALL.len()],
    named_sellers: Vec<Span>,
    sub_ids: Vec<Span>,
    seller_ref: Span,
}

impl Submission {
    /// Empties the submission and makes room for a vertical of so many fields. Buffers are kept.
    pub fn reset(&mut self, vertical: VerticalIndex, seller: SellerIndex, fields: usize) {
        let Self { text, values, named_sellers, sub_ids, .. } = self;
        let (mut text, mut values) = (core::mem::take(text), core::mem::take(values));
        let (mut named_sellers, mut sub_ids) = (core::mem::take(named_sellers), core::mem::take(sub_ids));
        text.clear();
        values.clear();
        values.resize(fields, None);
        named_sellers.clear();
        sub_ids.clear();
        *self = Self { vertical, seller, text, values, named_sellers, sub_ids, ..Self::default() };
    }

    /// Returns the value of a field, if it was given.
    pub fn value(&self, field: FieldIndex) -> Option<Value> {
        self.values.get(field.at()).copied().flatten()
    }

    /// Returns the number of fields of the vertical for which this was parsed.
    pub fn fields_count(&self) -> usize {
        self.values.len()
    }

    /// Sets or clears a field. A field outside the vertical is left out.
    pub fn set_value(&mut self, field: FieldIndex, value: Option<Value>) {
        if let Some(place) = self.values.get_mut(field.at()) {
            *place = value;
        }
    }

    /// Appends a text and returns where it stands. An empty text has an empty span.
    pub fn push_text(&mut self, text: &str) -> Span {
        let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        let length = u32::try_from(text.len()).unwrap_or(0);
        self.text.push_str(text);
        Span::new(start, length)
    }

    /// Returns the text of a span.
    pub fn text(&self, span: Span) -> Pii<&str> {
        Pii::new(span.of(&self.text))
    }

    /// Sets a part of the consent.
    pub fn set_consent(&mut self, key: ConsentKey, text: &str) {
        let span = self.push_text(text);
        if let Some(place) = self.consent.get_mut(consent_position(key)) {
            *place = span;
        }
    }

    /// Returns a part of the consent, if it was given.
    pub fn consent(&self, key: ConsentKey) -> Option<Pii<&str>> {
        self.given(self.consent.get(consent_position(key)).copied())
    }

    /// Sets a part of the source.
    pub fn set_source(&mut self, key: SourceKey, text: &str) {
        let span = self.push_text(text);
        if let Some(place) = self.source.get_mut(source_position(key)) {
            *place = span;
        }
    }

    /// Returns a part of the source, if it was given.
    pub fn source(&self, key: SourceKey) -> Option<Pii<&str>> {
        self.given(self.source.get(source_position(key)).copied())
    }

    /// Adds a company that the person's consent names.
    pub fn push_named_seller(&mut self, name: &str) {
        let span = self.push_text(name);
        self.named_sellers.push(span);
    }

    /// Returns the companies that the person's consent names.
    pub fn named_sellers(&self) -> impl Iterator<Item = &str> {
        self.named_sellers.iter().map(|span| span.of(&self.text))
    }

    /// Adds a sub-id of the source.
    pub fn push_sub_id(&mut self, sub_id: &str) {
        let span = self.push_text(sub_id);
        self.sub_ids.push(span);
    }

    /// Returns the sub-ids of the source.
    pub fn sub_ids(&self) -> impl Iterator<Item = &str> {
        self.sub_ids.iter().map(|span| span.of(&self.text))
    }

    /// Sets the seller's own reference.
    pub fn set_seller_ref(&mut self, reference: &str) {
        self.seller_ref = self.push_text(reference);
    }

    /// Returns the seller's own reference, if it was given.
    pub fn seller_ref(&self) -> Option<&str> {
        (!self.seller_ref.is_empty()).then(|| self.seller_ref.of(&self.text))
    }

    /// Takes over from `post` what the second step of a two-step sale adds to this ping: every field that
    /// was not given yet, the consent and named sellers where the post brings them, and what is to come of a test.
    pub fn complete_with(&mut self, post: &Self) {
        self.test = post.test.filter(|test| *test != Test::Yes).or(self.test);
        for position in 0..self.values.len().min(post.values.len()) {
            let field = FieldIndex(u16::try_from(position).unwrap_or(u16::MAX));
            if self.value(field).is_none() {
                let taken = post.value(field).map(|value| match value {
                    Value::Text(span) => Value::Text(self.push_text(span.of(&post.text))),
                    Value::Integer(_)
                    | Value::Decimal(_)
                    | Value::Boolean(_)
                    | Value::Choice(_)
                    | Value::Date(_) => value,
                });
                self.set_value(field, taken);
            }
        }
        for (key, _) in ConsentKey::ALL {
            if let Some(text) = post.consent(key) {
                self.set_consent(key, text.reveal());
            }
        }
        if !post.named_sellers.is_empty() {
            self.named_sellers.clear();
            for name in post.named_sellers() {
                self.push_named_seller(name);
            }
        }
    }

    /// Returns whether a field has the same value here and in `other`, texts compared by content.
    pub fn same_value(&self, other: &Self, field: FieldIndex) -> bool {
        match (self.value(field), other.value(field)) {
            (Some(Value::Text(here)), Some(Value::Text(there))) => {
                here.of(&self.text) == there.of(&other.text)
            }
            (here, there) => here == there,
        }
    }

    fn given(&self, span: Option<Span>) -> Option<Pii<&str>> {
        span.filter(|span| !span.is_empty()).map(|span| self.text(span))
    }
}

fn consent_position(key: ConsentKey) -> usize {
    ConsentKey::ALL.iter().position(|&(known, _)| known == key).unwrap_or(usize::MAX)
}

fn source_position(key: SourceKey) -> usize {
    SourceKey::ALL.iter().position(|&(known, _)| known == key).unwrap_or(usize::MAX)
}

impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submission")
            .field("vertical", &self.vertical)
            .field("seller", &self.seller)
            .field("fields", &self.values.iter().flatten().count())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Submission {
        let mut lead = Submission::default();
        lead.reset(VerticalIndex(1), SellerIndex(2), 3);
        let name = lead.push_text("Ada Canary");
        lead.set_value(FieldIndex(0), Some(Value::Text(name)));
        lead.set_value(FieldIndex(1), Some(Value::Integer(7)));
        lead.set_consent(ConsentKey::JornayaLeadId, "jornaya");
        lead.push_named_seller("North GmbH");
        lead.set_source(SourceKey::Device, "phone");
        lead.push_sub_id("banner 7");
        lead.set_seller_ref("order 12");
        lead
    }

    /// The text of a field; empty where the field has another value.
    fn shown(lead: &Submission, field: u16) -> Option<&str> {
        let value = lead.value(FieldIndex(field))?;
        Some(if let Value::Text(span) = value { lead.text(span).reveal() } else { "" })
    }

    #[test]
    fn what_was_set_reads_back_and_nothing_else() {
        let lead = sample();
        assert_eq!((lead.vertical, lead.seller, lead.fields_count()), (VerticalIndex(1), SellerIndex(2), 3));
        assert_eq!([0, 1, 2].map(|field| shown(&lead, field)), [Some("Ada Canary"), Some(""), None]);
        for (key, name) in ConsentKey::ALL {
            let given = (key == ConsentKey::JornayaLeadId).then_some("jornaya");
            assert_eq!(lead.consent(key).map(Pii::reveal), given, "{name}");
        }
        for (key, name) in SourceKey::ALL {
            let given = (key == SourceKey::Device).then_some("phone");
            assert_eq!(lead.source(key).map(Pii::reveal), given, "{name}");
        }
        assert_eq!(lead.named_sellers().collect::<Vec<_>>(), ["North GmbH"]);
        assert_eq!(lead.sub_ids().collect::<Vec<_>>(), ["banner 7"]);
        assert_eq!((lead.seller_ref(), Submission::default().seller_ref()), (Some("order 12"), None));
        let mut outside = sample();
        outside.set_value(FieldIndex(3), Some(Value::Integer(1)));
        assert_eq!(outside, lead, "a field outside the vertical is left out");
    }

    #[test]
    fn values_are_the_same_by_content() {
        let (lead, mut other) = (sample(), Submission::default());
        other.reset(VerticalIndex(1), SellerIndex(2), 3);
        other.push_text("something else stands before it");
        let name = other.push_text("Ada Canary");
        other.set_value(FieldIndex(0), Some(Value::Text(name)));
        other.set_value(FieldIndex(1), Some(Value::Integer(8)));
        assert_eq!([0, 1, 2].map(|field| lead.same_value(&other, FieldIndex(field))), [true, false, true]);
        assert!(!lead.same_value(&Submission::default(), FieldIndex(0)));
    }

    #[test]
    fn debug_shows_no_personal_data() {
        let shown = format!("{:?}", sample());
        assert!(!shown.contains("Ada"), "{shown}");
        assert!(shown.contains("fields: 2"), "{shown}");
    }

    #[test]
    fn reset_forgets_everything() {
        let mut lead = sample();
        lead.reset(VerticalIndex(0), SellerIndex(0), 2);
        assert_eq!(lead.value(FieldIndex(0)), None);
        assert!(lead.consent(ConsentKey::JornayaLeadId).is_none());
        assert!(lead.source(SourceKey::Device).is_none());
        assert_eq!((lead.named_sellers().count(), lead.sub_ids().count(), lead.seller_ref()), (0, 0, None));
        assert_eq!(lead.fields_count(), 2);
        // What stood there is not part of the next lead's text.
        let name = lead.push_text("Bo");
        assert_eq!((name, lead.text(name).reveal()), (Span::new(0, 2), "Bo"));
    }

    #[test]
    fn a_post_completes_its_ping_without_changing_it() {
        let mut ping = sample();
        let mut post = sample();
        let other = post.push_text("Grace");
        post.set_value(FieldIndex(0), Some(Value::Text(other)));
        let phone = post.push_text("+4989123");
        post.set_value(FieldIndex(2), Some(Value::Text(phone)));
        assert!(!ping.same_value(&post, FieldIndex(0)));
        assert!(ping.same_value(&post, FieldIndex(1)));
        post.set_consent(ConsentKey::Text, "I agree");
        ping.complete_with(&post);
        assert_eq!([0, 2].map(|field| shown(&ping, field)), [Some("Ada Canary"), Some("+4989123")]);
        let consent = |key| ping.consent(key).map(Pii::reveal);
        assert_eq!(consent(ConsentKey::Text), Some("I agree"));
        assert_eq!(consent(ConsentKey::JornayaLeadId), Some("jornaya"));
    }

    #[test]
    fn the_companies_of_a_post_replace_those_of_its_ping_where_it_names_any() {
        let (mut ping, mut post) = (sample(), Submission::default());
        post.reset(VerticalIndex(1), SellerIndex(2), 3);
        ping.complete_with(&post);
        assert_eq!(ping.named_sellers().collect::<Vec<_>>(), ["North GmbH"]);
        post.push_named_seller("South GmbH");
        post.push_named_seller("West GmbH");
        ping.complete_with(&post);
        assert_eq!(ping.named_sellers().collect::<Vec<_>>(), ["South GmbH", "West GmbH"]);
    }
}
