//! Notices: what buyers are told of their bids, several in one message.
//!
//! The body is signed like every message ([`crate::sign`]), with the id of the batch as the message's id.

use exchange_types::{Amount, Currency, PingId, UtcMicros};

use crate::json::Writer;

/// What became of a bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeOutcome {
    /// The buyer has bought the lead.
    Won,
    /// It has not.
    Lost,
    /// Nobody could: the seller did not post, or the offer had ended.
    Void,
}

/// What a buyer is told of a bid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Names the notice in every attempt; a receiver takes each once.
    pub notice_id: NoticeId,
    /// To which ping it bid.
    pub ping_id: PingId,
    /// What became of it.
    pub outcome: NoticeOutcome,
    /// Why, by its name on the wire.
    pub reason: &'static str,
    /// What it bid.
    pub bid: Amount,
    /// What it pays, where it won.
    pub price: Option<Amount>,
    /// The least bid with which it would have won, where it may know it.
    pub minimum_to_win: Option<Amount>,
    /// When that was certain.
    pub at: UtcMicros,
}

/// The id of a notice: `ntc_` and 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeId(pub u128);

/// The id of a batch of notices: `ntb_` and 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchId(pub u128);

impl NoticeOutcome {
    /// Returns the name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::Lost => "lost",
            Self::Void => "void",
        }
    }
}

impl core::fmt::Display for NoticeId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ntc_{:032x}", self.0)
    }
}

impl core::fmt::Display for BatchId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ntb_{:032x}", self.0)
    }
}

/// Appends the message with notices of one campaign to `out`.
pub fn render(campaign: &str, currency: Currency, notices: &[Notice], out: &mut Vec<u8>) {
    let mut writer = Writer::new(out);
    writer.begin_object();
    writer.key("v").unsigned(1);
    writer.key("notices").begin_array();
    for notice in notices {
        writer.begin_object();
        writer.key("notice_id").plain_text(notice.notice_id);
        writer.key("campaign_id").text(campaign);
        writer.key("ping_id").plain_text(notice.ping_id);
        writer.key("outcome").text(notice.outcome.name());
        writer.key("reason").text(notice.reason);
        writer.key("bid").plain_text(notice.bid.display(currency));
        if let Some(price) = notice.price {
            writer.key("price").plain_text(price.display(currency));
        }
        if let Some(minimum) = notice.minimum_to_win {
            writer.key("minimum_to_win").plain_text(minimum.display(currency));
        }
        writer.key("currency").plain_text(currency);
        writer.key("at").plain_text(notice.at);
        writer.end_object();
    }
    writer.end_array();
    writer.end_object();
}

#[cfg(test)]
mod tests {
    use exchange_types::Uuid7;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn notices_of_a_campaign_stand_in_one_message() {
        let at = UtcMicros(1_763_626_530_125_000);
        let ping_id = PingId(Uuid7::new(at, 7));
        let won = Notice {
            notice_id: NoticeId(0xabc),
            ping_id,
            outcome: NoticeOutcome::Won,
            reason: "accepted",
            bid: Amount::from_micros(31_500_000),
            price: Some(Amount::from_micros(30_000_000)),
            minimum_to_win: None,
            at,
        };
        let lost = Notice {
            outcome: NoticeOutcome::Lost,
            reason: "outbid",
            price: None,
            minimum_to_win: Some(Amount::from_micros(32_500_000)),
            ..won.clone()
        };
        let mut out = Vec::new();
        render("north-solar", Currency::parse("EUR").expect("a currency"), &[won, lost], &mut out);
        let id = ping_id.to_string();
        let both = |more: Value| {
            let mut notice = json!({"notice_id": "ntc_00000000000000000000000000000abc", "campaign_id": "north-solar",
                "ping_id": id, "bid": "31.50", "currency": "EUR", "at": "2025-11-20T08:15:30.125Z"});
            for (key, value) in more.as_object().expect("an object") {
                notice[key] = value.clone();
            }
            notice
        };
        let expected = json!({"v": 1, "notices": [
            both(json!({"outcome": "won", "reason": "accepted", "price": "30.00"})),
            both(json!({"outcome": "lost", "reason": "outbid", "minimum_to_win": "32.50"})),
        ]});
        assert_eq!(serde_json::from_slice::<Value>(&out).expect("JSON"), expected);
        assert_eq!(BatchId(0xdef).to_string(), "ntb_00000000000000000000000000000def");
    }
}
