use exchange_types::{LeadId, Uuid7};
use serde_json::{Value, json};

use super::*;
use crate::lead::Mode;
use crate::{Pseudonyms, sample};

fn rendered(body: &str, floor: Option<Amount>) -> Vec<u8> {
    let (lead, _) = sample::parsed(body, Mode::Lead);
    let vertical = sample::vertical("solar");
    let at = UtcMicros(1_763_626_530_125_000);
    let today = Date::parse("2026-11-20").expect("a day");
    let (mut shared, mut out) = (Vec::new(), Vec::new());
    let part = SharedPart { vertical: &vertical, lead: &lead, created_at: at, today, test: false };
    render_shared(&part, &mut shared);
    let names = Pseudonyms::new(&[9; 32]);
    let id = Uuid7::new(at, 7);
    let message = PingMessage {
        shared: &shared,
        ping_id: PingId(id),
        campaign: "north-solar",
        timeout_ms: 180,
        lead_ref: names.lead_ref("north", LeadId(id)),
        source: SourceRefs {
            source: names.source_ref("north", "acme"),
            sub: lead.sub_ids().next().map(|sub| names.sub_ref("north", "acme", sub)),
        },
        channel: channel_of(&lead),
        floor: floor.map(|floor| (floor, vertical.currency)),
    };
    render(&message, &mut out);
    out
}

#[test]
fn ping_has_the_keys_of_the_contract() {
    let out = rendered(sample::WHOLE_LEAD, Some(Amount::from_micros(25_000_000)));
    let ping: Value = serde_json::from_slice(&out).expect("JSON");
    let names = Pseudonyms::new(&[9; 32]);
    let id = Uuid7::new(UtcMicros(1_763_626_530_125_000), 7);
    let expected = json!({
        "v": 1, "ping_id": PingId(id).to_string(), "campaign_id": "north-solar", "vertical": "solar",
        "timeout_ms": 180, "currency": "EUR", "max_buyers": 2, "created_at": "2025-11-20T08:15:30.125Z",
        "test": false,
        "fields": {"zip": "803", "roof": "pitched", "kwh": "10000-19999", "area": 62.5, "owner": true,
                   "birth_date": "30-39", "built": 1971},
        "lead_ref": names.lead_ref("north", LeadId(id)).to_string(), "prior_sales": 1,
        "source": {"ref": names.source_ref("north", "acme").to_string(),
                   "sub_ref": names.sub_ref("north", "acme", "canary-sub").to_string(), "channel": "search"},
        "consent": {"captured_at": "2026-11-20T08:15:30+01:00", "model": "named", "proofs": ["trustedform", "jornaya"],
                    "trustedform_ping_url": "https://ping.trustedform.com/1", "jornaya_lead_id": "jornaya-1"},
        "floor": "25.00",
    });
    assert_eq!(ping, expected);
}

#[test]
fn no_canary_reaches_a_ping() {
    let text = String::from_utf8(rendered(sample::WHOLE_LEAD, None)).expect("UTF-8");
    let withheld =
        ["80331", "12345", "1986", "11-21", "03-05", "5551234", "203.0.113", "41000", "4000", "20.00"];
    assert!(!text.to_lowercase().contains("canary"), "{text}");
    for canary in withheld {
        assert!(!text.contains(canary), "{canary} in {text}");
    }
    assert!(!text.contains("cert.trustedform"), "{text}");
}

#[test]
fn empty_parts_are_there_and_optional_ones_are_not() {
    let body =
        r#"{"vertical":"solar","fields":{"zip":"80331","roof":"flat","first_name":"A","email":"a@b.de"}}"#;
    let ping: Value = serde_json::from_slice(&rendered(body, None)).expect("JSON");
    assert_eq!(ping.get("consent"), Some(&json!({"model": "named", "proofs": []})));
    let source = ping.get("source").and_then(Value::as_object).expect("a source");
    assert_eq!(source.keys().collect::<Vec<_>>(), ["ref"]);
    assert_eq!(ping.get("max_buyers"), Some(&json!(3)));
    assert_eq!(ping.get("prior_sales"), Some(&json!(0)));
    assert_eq!(ping.get("floor"), None);
}
