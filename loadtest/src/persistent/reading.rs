//! [`Reading`]: what an answer means to a seller that wants a final one.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::completeness::CallKind;
use crate::connections::Received;

/// What is waited for where the exchange says nothing, or says what makes no sense.
const RETRY_DEFAULT: Duration = Duration::from_millis(500);
/// The most that is waited, whatever the exchange says: sellers are in a hurry, and so is a test.
const RETRY_MAX: Duration = Duration::from_secs(2);

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// It stands for good.
    Final,
    /// There are offers, which are final for a ping.
    Offers { ping_id: String, offer_ids: Vec<String> },
    /// It is not known yet; the state can be asked for.
    Pending { status_url: Option<String>, after: Duration },
    /// Nothing was taken in; the same request may come again.
    NotNow { after: Duration },
}

/// What the log keeps of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
pub(crate) struct Said {
    #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// The name of a problem.
    #[serde(skip_serializing_if = "Option::is_none", rename(deserialize = "type"))]
    pub(crate) problem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lead_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ping_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payout: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) currency: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) sales: Vec<SaleSaid>,
    #[serde(skip_serializing)]
    offers: Option<Vec<OfferSaid>>,
    #[serde(skip_serializing)]
    status_url: Option<String>,
    #[serde(skip_serializing)]
    retry_after_ms: Option<u64>,
}

/// A sale of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
pub(crate) struct SaleSaid {
    pub(crate) sale_id: String,
    pub(crate) payout: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct OfferSaid {
    offer_id: String,
}

/// Reads an answer to a call; the second part is what the log keeps.
pub(crate) fn read(kind: CallKind, received: &Received) -> (Reading, Said) {
    let mut said: Said = serde_json::from_slice(&received.body).unwrap_or_default();
    if let Some(problem) = &said.problem {
        said.problem = problem.rsplit('/').next().map(str::to_owned);
    }
    if received.status >= 400 {
        // A problem document repeats the HTTP status under the name that answers use for theirs.
        said.status = None;
    }
    let reading = match received.status {
        200 => read_answer(kind, &said),
        // Somebody else's person comes again too soon, or this one: nothing was taken in, and nothing will be.
        429 if said.problem.as_deref() == Some("resubmitted_too_soon") => Reading::Final,
        408 | 429 | 500.. => Reading::NotNow { after: retry_after(received) },
        _ => Reading::Final,
    };
    (reading, said)
}

fn read_answer(kind: CallKind, said: &Said) -> Reading {
    match (said.status.as_deref(), kind) {
        // What is sold may be sold once more while there is a place to ask.
        (Some("sold"), _) if said.status_url.is_none() => Reading::Final,
        (Some("pending" | "sold"), _) => Reading::Pending {
            status_url: said.status_url.clone(),
            after: said.retry_after_ms.map_or(RETRY_DEFAULT, Duration::from_millis).min(RETRY_MAX),
        },
        (Some("offers"), CallKind::Ping) => Reading::Offers {
            ping_id: said.ping_id.clone().unwrap_or_default(),
            offer_ids: said.offers.iter().flatten().map(|offer| offer.offer_id.clone()).collect(),
        },
        // An answer without a status is broken; it is in the log, and asking again would not mend it.
        _ => Reading::Final,
    }
}

fn retry_after(received: &Received) -> Duration {
    let seconds = received.retry_after.as_deref().and_then(|text| text.parse().ok());
    seconds.map_or(RETRY_DEFAULT, Duration::from_secs).min(RETRY_MAX)
}

/// Reads a text, and nothing where a problem document has a number under the same name.
fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Value::deserialize(deserializer)?.as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: CallKind, status: u16, retry_after: Option<&str>, body: &str, expected: &Reading) -> Said {
        let received = Received {
            status,
            content_type: None,
            retry_after: retry_after.map(str::to_owned),
            body: body.to_owned().into(),
        };
        let (reading, said) = read(kind, &received);
        assert_eq!(reading, *expected, "{body}");
        said
    }

    #[test]
    fn only_what_may_change_is_asked_for_again() {
        let lead = |status, body, expected: &Reading| check(CallKind::Lead, status, None, body, expected);
        for body in [r#"{"status":"unsold","reason":"no_bid"}"#, r#"{"status":"duplicate","scope":"own"}"#] {
            lead(200, body, &Reading::Final);
        }
        let said = lead(
            200,
            r#"{"status":"sold","lead_id":"lead_1","payout":"3.00","currency":"EUR",
                "sales":[{"sale_id":"sale_1","payout":"3.00","buyer_ref":"b","exclusive":true}]}"#,
            &Reading::Final,
        );
        assert_eq!(said.sales, [SaleSaid { sale_id: "sale_1".to_owned(), payout: "3.00".to_owned() }]);
        lead(
            200,
            r#"{"status":"pending","reason":"post_unknown","status_url":"/v1/leads/l","retry_after_ms":250}"#,
            &Reading::Pending {
                status_url: Some("/v1/leads/l".to_owned()),
                after: Duration::from_millis(250),
            },
        );
        lead(
            200,
            r#"{"status":"sold","status_url":"/v1/leads/l","retry_after_ms":250,"sales":[]}"#,
            &Reading::Pending {
                status_url: Some("/v1/leads/l".to_owned()),
                after: Duration::from_millis(250),
            },
        );
        lead(500, "oops", &Reading::NotNow { after: RETRY_DEFAULT });
    }

    #[test]
    fn problems_are_final_unless_they_say_when_to_come() {
        let problem = |name: &str, status: u16| format!(r#"{{"type":"/problems/{name}","status":{status}}}"#);
        let post = |status, retry_after, name: &str, expected: &Reading| {
            let said = check(CallKind::Post, status, retry_after, &problem(name, status), expected);
            assert_eq!((said.problem.as_deref(), said.status), (Some(name), None));
        };
        post(503, Some("1"), "overloaded", &Reading::NotNow { after: Duration::from_secs(1) });
        post(503, Some("60"), "not_ready", &Reading::NotNow { after: RETRY_MAX });
        post(429, Some("1"), "rate_limited", &Reading::NotNow { after: Duration::from_secs(1) });
        post(429, Some("900"), "resubmitted_too_soon", &Reading::Final);
        post(409, None, "ping_lost", &Reading::Final);
        post(404, None, "not_found", &Reading::Final);
    }

    #[test]
    fn offers_are_offers_of_a_ping() {
        let body =
            r#"{"status":"offers","ping_id":"ping_1","offers":[{"offer_id":"ofr_1","payout":"2.00"}]}"#;
        let offers = Reading::Offers { ping_id: "ping_1".to_owned(), offer_ids: vec!["ofr_1".to_owned()] };
        check(CallKind::Ping, 200, None, body, &offers);
        check(CallKind::Ping, 200, None, r#"{"status":"no_offer"}"#, &Reading::Final);
    }
}
