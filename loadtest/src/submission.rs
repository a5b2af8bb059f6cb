//! [`Submissions`]: the calls of a submission, one or two, as bytes that stay the same however often they are sent.

use bytes::Bytes;
use exchange_types::Rate;
use http::Method;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::completeness::CallKind;
use crate::connections::Call;
use crate::lead::Lead;
use crate::scenario::{Keys, Scenario};

/// Makes calls for the leads of a scenario.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Submissions<'a> {
    pub(crate) scenario: &'a Scenario,
    /// What tells this run's keys from another's.
    pub(crate) run_name: &'a str,
}

#[derive(Serialize)]
struct SubmissionBody<'a> {
    vertical: &'a str,
    fields: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    consent: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    source: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seller_ref: Option<&'a str>,
    #[serde(flatten)]
    envelope: &'a Map<String, Value>,
}

#[derive(Serialize)]
struct PostBody<'a> {
    fields: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    consent: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offer_ids: Option<&'a [String]>,
}

impl Submissions<'_> {
    /// Returns what tells a lead from every other one of every run.
    pub(crate) fn key(&self, lead: &Lead) -> String {
        format!("lt-{}-{}", self.run_name, lead.number)
    }

    /// Returns the whole lead, or its ping.
    pub(crate) fn first(&self, lead: &Lead) -> (CallKind, Call) {
        let (kind, path) = if self.scenario.mode.is_two_step(lead.number) {
            (CallKind::Ping, "/v1/pings")
        } else {
            (CallKind::Lead, "/v1/leads")
        };
        let mut fields = lead.fields.clone();
        if kind == CallKind::Lead {
            fields.extend(lead.post_fields.clone());
        }
        let key = self.key(lead);
        let body = bytes_of(&SubmissionBody {
            vertical: &lead.vertical,
            fields,
            consent: &lead.consent,
            source: &lead.source,
            seller_ref: (self.scenario.keys == Keys::SellerRef).then_some(key.as_str()),
            envelope: &lead.envelope,
        });
        let idempotency_key = (self.scenario.keys == Keys::Header).then_some(key);
        (kind, Call { method: Method::POST, path: path.to_owned(), idempotency_key, body })
    }

    /// Returns what follows a ping with offers: the post, giving them back, or nothing.
    pub(crate) fn second(
        &self,
        lead: &Lead,
        ping_id: &str,
        offer_ids: &[String],
    ) -> Option<(CallKind, Call)> {
        if !self.is_posted(lead) {
            let call = Call {
                method: Method::DELETE,
                path: format!("/v1/pings/{ping_id}"),
                idempotency_key: None,
                body: Bytes::new(),
            };
            return (lead.number % 2 == 1).then_some((CallKind::GiveBack, call));
        }
        // Every second post names the best offer, the others leave the choice to the exchange.
        let offer_ids = offer_ids.get(..1).filter(|_| lead.number % 2 == 1);
        let body = bytes_of(&PostBody { fields: &lead.post_fields, consent: &lead.consent, offer_ids });
        let idempotency_key = (self.scenario.keys != Keys::None).then(|| format!("{}-post", self.key(lead)));
        let path = format!("/v1/pings/{ping_id}/post");
        Some((CallKind::Post, Call { method: Method::POST, path, idempotency_key, body }))
    }

    fn is_posted(&self, lead: &Lead) -> bool {
        let share = lead.number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        (share * u64::from(Rate::PARTS)) >> 32 < u64::from(self.scenario.posted.0.parts())
    }
}

/// Writes a body. Maps with text keys and plain values always can be written.
fn bytes_of(body: &impl Serialize) -> Bytes {
    serde_json::to_vec(body).map(Bytes::from).expect("maps with text keys are JSON")
}
