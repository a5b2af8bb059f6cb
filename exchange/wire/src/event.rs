//! Events: what sellers are told later about their leads, by webhook.
//!
//! The body is signed like every message ([`crate::sign`]), with the id of the event as the message's id.

use exchange_types::{Amount, Currency, LeadId, SaleId, UtcMicros};

use crate::json::Writer;

/// One event of a seller.
#[derive(Clone, Copy, Debug)]
pub struct EventMessage<'a> {
    /// Names the event in every attempt; a receiver takes each once.
    pub event_id: EventId,
    /// What happened: `lead.sold`, `lead.unsold`, `lead.settled`, `sale.returned` or `sale.adjusted`.
    pub kind: &'a str,
    /// When it happened.
    pub created_at: UtcMicros,
    /// Of which lead.
    pub lead_id: LeadId,
    /// Of which sale, where it is about one.
    pub sale_id: Option<SaleId>,
    /// Why: of a return, or of an unsold lead. Empty where there is nothing to say.
    pub reason: &'a str,
    /// What the seller earns now, by the sale or by the lead in all.
    pub payout: Amount,
    /// In which currency.
    pub currency: Currency,
}

/// The id of an event: `evt_` and 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventId(pub u128);

impl core::fmt::Display for EventId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "evt_{:032x}", self.0)
    }
}

/// Appends the message to `out`.
pub fn render(message: &EventMessage<'_>, out: &mut Vec<u8>) {
    let mut writer = Writer::new(out);
    writer.begin_object();
    writer.key("event_id").plain_text(message.event_id);
    writer.key("type").text(message.kind);
    writer.key("created_at").plain_text(message.created_at);
    writer.key("data").begin_object();
    writer.key("lead_id").plain_text(message.lead_id);
    if let Some(sale_id) = message.sale_id {
        writer.key("sale_id").plain_text(sale_id);
    }
    if !message.reason.is_empty() {
        writer.key("reason").text(message.reason);
    }
    writer.key("payout").plain_text(message.payout.display(message.currency));
    writer.key("currency").plain_text(message.currency);
    writer.end_object();
    writer.end_object();
}

#[cfg(test)]
mod tests {
    use exchange_catalog::SigningSecret;
    use exchange_types::Uuid7;
    use serde_json::{Value, json};

    use super::*;
    use crate::Signer;
    use crate::sign::Signed;

    fn rendered(kind: &str, sale: bool, reason: &str) -> (Vec<u8>, Value) {
        let id = Uuid7::new(UtcMicros(1_763_626_530_125_000), 7);
        let message = EventMessage {
            event_id: EventId(0xabc),
            kind,
            created_at: UtcMicros(1_763_626_530_125_000),
            lead_id: LeadId(id),
            sale_id: sale.then_some(SaleId(id)),
            reason,
            payout: Amount::from_micros(25_200_000),
            currency: Currency::parse("EUR").expect("a currency"),
        };
        let mut out = Vec::new();
        render(&message, &mut out);
        let value = serde_json::from_slice(&out).expect("JSON");
        (out, value)
    }

    #[test]
    fn an_event_names_its_lead_and_what_is_earned_now() {
        let id = Uuid7::new(UtcMicros(1_763_626_530_125_000), 7);
        let (_, returned) = rendered("sale.returned", true, "bad_contact");
        let expected = json!({
            "event_id": "evt_00000000000000000000000000000abc", "type": "sale.returned",
            "created_at": "2025-11-20T08:15:30.125Z",
            "data": {"lead_id": LeadId(id).to_string(), "sale_id": SaleId(id).to_string(),
                     "reason": "bad_contact", "payout": "25.20", "currency": "EUR"},
        });
        assert_eq!(returned, expected);
        let (_, sold) = rendered("lead.sold", false, "");
        let data = json!({"lead_id": LeadId(id).to_string(), "payout": "25.20", "currency": "EUR"});
        assert_eq!(sold.get("data"), Some(&data));
    }

    #[test]
    fn an_event_is_signed_as_every_message() {
        let keys = Signer::new(&[SigningSecret::new(&[7; 24])]);
        let (body, _) = rendered("lead.sold", false, "");
        let id = EventId(0xabc).to_string();
        let signed = Signed { id: &id, timestamp: 1_763_626_530, body: &body };
        let mut signature = Vec::new();
        keys.signature(signed, &mut signature);
        let signature = String::from_utf8(signature).expect("text");
        assert_eq!(keys.verify(signed, &signature, 1_763_626_531), Ok(()));
        let other = Signed { body: b"{}", ..signed };
        assert!(keys.verify(other, &signature, 1_763_626_531).is_err());
    }
}
