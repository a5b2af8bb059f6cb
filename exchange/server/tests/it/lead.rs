//! The leads that these tests sell.

use serde_json::{Value, json};

/// Stands in everything that must not reach a buyer in a ping.
pub(crate) const CANARY: &str = "kanarienvogel";

/// Returns a lead that has no more than its vertical demands. The number makes it another person's, and is
/// shown to buyers, so that what they got can be told apart.
pub(crate) fn lead(serial: u64) -> Value {
    json!({
        "vertical": "solar",
        "fields": {
            "serial": serial,
            "zip": "80331",
            "roof": "pitched",
            "first_name": "Ada",
            "email": format!("lead-{serial}@example.org"),
            "phone": phone(serial),
        },
    })
}

/// Returns a lead that has everything that a lead may have, with a canary wherever a person shows.
pub(crate) fn canary_lead(serial: u64) -> Value {
    let mut lead = lead(serial);
    lead["fields"]["birth_date"] = json!("1979-03-17");
    lead["fields"]["nickname"] = json!(format!("{CANARY}-nickname"));
    lead["fields"]["first_name"] = json!(format!("{CANARY}-first"));
    lead["fields"]["street"] = json!(format!("{CANARY}-street 17"));
    lead["fields"]["comment"] = json!(format!("{CANARY}-comment"));
    lead["fields"]["email"] = json!(format!("{CANARY}-{serial}@example.org"));
    lead["fields"]["not_in_schema"] = json!(format!("{CANARY}-unknown"));
    lead["consent"] = json!({
        "text": format!("{CANARY}-text"),
        "text_version": format!("{CANARY}-version"),
        "captured_at": "2026-11-20T08:15:30Z",
        "source_url": format!("https://{CANARY}.example/form"),
        "ip": "203.0.113.77",
        "user_agent": format!("{CANARY}-agent"),
        "trustedform_cert_url": format!("https://cert.trustedform.com/{CANARY}"),
        "jornaya_lead_id": "01234567-89AB-CDEF-0123-456789ABCDEF",
    });
    lead["source"] = json!({
        "url": format!("https://{CANARY}.example/landing"),
        "referrer": format!("https://{CANARY}.example/referrer"),
        "ip": "203.0.113.77",
        "user_agent": format!("{CANARY}-agent"),
        "session_ms": 41_000,
        "channel": "search",
        "campaign": format!("{CANARY}-campaign"),
        "creative": format!("{CANARY}-creative"),
        "keyword": format!("{CANARY}-keyword"),
        "placement": format!("{CANARY}-placement"),
        "device": format!("{CANARY}-device"),
    });
    lead["sub_ids"] = json!([format!("{CANARY}-sub")]);
    lead["seller_ref"] = json!(format!("{CANARY}-ref-{serial}"));
    lead
}

/// Returns the first step of a sale: a lead without what is kept for the post.
pub(crate) fn ping(serial: u64) -> Value {
    json!({"vertical": "solar", "fields": {"serial": serial, "zip": "80331", "roof": "pitched"}})
}

/// Returns the second step of a sale: what a ping has not told yet.
pub(crate) fn post(serial: u64) -> Value {
    let first_name = "Ada";
    let email = format!("lead-{serial}@example.org");
    json!({"fields": {"first_name": first_name, "email": email, "phone": phone(serial)}})
}

pub(crate) fn phone(serial: u64) -> String {
    format!("+49891{serial:07}")
}
