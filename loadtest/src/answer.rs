//! The exchange's answers as a seller reads them, written from the wire contract.

use serde::Deserialize;

/// The answer to a lead or a post.
#[derive(Debug, Deserialize)]
pub(crate) struct LeadAnswer {
    pub(crate) lead_id: Option<String>,
    pub(crate) auction_id: Option<String>,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) payout: Option<String>,
    pub(crate) currency: Option<String>,
    #[serde(default)]
    pub(crate) sales: Vec<Sale>,
    pub(crate) status_url: Option<String>,
    pub(crate) settles_by: Option<String>,
    pub(crate) retry_after_ms: Option<u64>,
    pub(crate) errors: Option<Vec<FieldError>>,
    pub(crate) elapsed_ms: Option<u64>,
}

/// A sale of an answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Sale {
    #[serde(rename = "sale_id")]
    pub(crate) id: String,
    pub(crate) buyer_ref: Option<String>,
    pub(crate) sellers: Option<serde_json::Value>,
    pub(crate) payout: String,
    #[serde(rename = "exclusive")]
    pub(crate) _exclusive: bool,
}

/// The answer to a ping.
#[derive(Debug, Deserialize)]
pub(crate) struct PingAnswer {
    pub(crate) ping_id: Option<String>,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) expires_at: Option<String>,
    #[serde(default)]
    pub(crate) offers: Vec<Offer>,
    pub(crate) errors: Option<Vec<FieldError>>,
}

/// An offer of an answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Offer {
    #[serde(rename = "offer_id")]
    pub(crate) id: String,
    pub(crate) payout: String,
    pub(crate) max_buyers: u32,
    pub(crate) buyer_ref: Option<String>,
    pub(crate) sellers: Option<serde_json::Value>,
    pub(crate) expires_at: String,
}

/// A problem (RFC 9457).
#[derive(Debug, Deserialize)]
pub(crate) struct Problem {
    #[serde(rename = "type")]
    pub(crate) kind: String,
}

/// One bad field.
#[derive(Debug, Deserialize)]
pub(crate) struct FieldError {
    #[serde(rename = "field")]
    _field: String,
    #[serde(rename = "code")]
    _code: String,
}
