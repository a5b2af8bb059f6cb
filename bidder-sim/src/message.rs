//! [`PingMessage`] and [`PostMessage`]: the exchange's messages as a buyer reads them.
//!
//! Written from the wire contract. What the contract promises to be present is demanded; keys that are
//! not known are ignored, as every client must.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// A ping.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "some fields stand here only to demand their presence")]
pub(crate) struct PingMessage<'a> {
    v: u32,
    #[serde(borrow)]
    pub(crate) ping_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) campaign_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) vertical: Cow<'a, str>,
    pub(crate) timeout_ms: u64,
    #[serde(borrow)]
    pub(crate) currency: Cow<'a, str>,
    max_buyers: u32,
    created_at: IgnoredAny,
    #[serde(borrow)]
    pub(crate) fields: &'a RawValue,
    #[serde(borrow, default)]
    pub(crate) lead_ref: Option<Cow<'a, str>>,
    source: IgnoredAny,
    consent: IgnoredAny,
}

/// A post.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "some fields stand here only to demand their presence")]
pub(crate) struct PostMessage<'a> {
    v: u32,
    #[serde(borrow)]
    pub(crate) post_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) sale_id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) ping_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) bid_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) campaign_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) vertical: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) lead_ref: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) price: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) currency: Cow<'a, str>,
    pub(crate) exclusive: bool,
    pub(crate) timeout_ms: u64,
    created_at: IgnoredAny,
    source: IgnoredAny,
    #[serde(borrow)]
    pub(crate) fields: &'a RawValue,
    consent: IgnoredAny,
}
