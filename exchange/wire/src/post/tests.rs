use exchange_types::Uuid7;
use serde_json::{Value, json};

use super::*;
use crate::lead::Mode;
use crate::sample;

fn rendered(body: &str, with_ping: bool) -> Value {
    let (lead, _) = sample::parsed(body, Mode::Lead);
    let vertical = sample::vertical("solar");
    let id = Uuid7::new(UtcMicros(1_763_626_530_125_000), 7);
    let message = PostMessage {
        vertical: &vertical,
        lead: &lead,
        campaign: "north-solar",
        post_id: PostId(id),
        sale_id: SaleId(id),
        ping_id: with_ping.then_some(PingId(id)),
        bid_id: if with_ping { "b\"1" } else { "" },
        lead_ref: Pseudonym([1; 16]),
        source: SourceRefs { source: Pseudonym([2; 16]), sub: None },
        price: Amount::from_micros(31_500_000),
        exclusive: true,
        timeout_ms: 3_000,
        created_at: UtcMicros(1_763_626_530_125_000),
        test: false,
    };
    let mut out = Vec::new();
    render(&message, &mut out);
    serde_json::from_slice(&out).expect("JSON")
}

#[test]
fn post_has_the_whole_lead() {
    let id = Uuid7::new(UtcMicros(1_763_626_530_125_000), 7);
    let expected = json!({
        "v": 1, "post_id": PostId(id).to_string(), "sale_id": SaleId(id).to_string(),
        "ping_id": PingId(id).to_string(), "bid_id": "b\"1", "campaign_id": "north-solar", "vertical": "solar",
        "lead_ref": "01010101010101010101010101010101", "price": "31.50", "currency": "EUR", "exclusive": true,
        "timeout_ms": 3000, "created_at": "2025-11-20T08:15:30.125Z",
        "source": {"ref": "02020202020202020202020202020202", "channel": "search"},
        "fields": {"zip": "80331", "roof": "pitched", "kwh": 12345, "area": 62.5, "owner": true,
                   "birth_date": "1986-11-21", "built": "1971-03-05", "note": "canary-note \"\\\n",
                   "first_name": "Canary-Ada", "email": "canary@example.org", "phone": "+49895551234"},
        "consent": {"text": "canary-consent-text", "text_version": "canary-version",
                    "captured_at": "2026-11-20T08:15:30+01:00", "source_url": "https://canary.example/form",
                    "ip": "203.0.113.77", "user_agent": "canary-agent",
                    "trustedform_cert_url": "https://cert.trustedform.com/canary",
                    "trustedform_ping_url": "https://ping.trustedform.com/1", "jornaya_lead_id": "jornaya-1",
                    "named_sellers": ["Canary GmbH", "North AG"]},
        "test": false,
    });
    assert_eq!(rendered(sample::WHOLE_LEAD, true), expected);
}

#[test]
fn post_of_a_standing_price_names_no_ping() {
    let body =
        r#"{"vertical":"solar","fields":{"zip":"80331","roof":"flat","first_name":"A","email":"a@b.de"}}"#;
    let post = rendered(body, false);
    assert_eq!(post.get("ping_id"), None);
    assert_eq!(post.get("bid_id"), None);
    assert_eq!(post.get("consent"), Some(&json!({})));
}
