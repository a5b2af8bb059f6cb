//! The post: the whole lead, for the campaign that won it.

use exchange_catalog::snapshot::Vertical;
use exchange_types::{Amount, ConsentKey, PingId, PostId, SaleId, Submission, UtcMicros};

use crate::json::Writer;
use crate::pseudonym::{Pseudonym, SourceRefs};
use crate::{field_form, ping};

/// One campaign's post.
#[derive(Clone, Copy, Debug)]
pub struct PostMessage<'a> {
    /// The lead's vertical.
    pub vertical: &'a Vertical,
    /// The lead.
    pub lead: &'a Submission,
    /// The campaign's name.
    pub campaign: &'a str,
    /// The post; also its idempotency key and the id with which it is signed.
    pub post_id: PostId,
    /// The sale that it would make.
    pub sale_id: SaleId,
    /// The campaign's own id of the ping; a standing price had none.
    pub ping_id: Option<PingId>,
    /// The buyer's own id of the bid, or an empty text.
    pub bid_id: &'a str,
    /// The buyer's pseudonym of the lead, as in the ping.
    pub lead_ref: Pseudonym,
    /// The buyer's pseudonyms of the source, as in the ping.
    pub source: SourceRefs,
    /// What the buyer pays.
    pub price: Amount,
    /// Whether nobody else may get the lead.
    pub exclusive: bool,
    /// How long a post of the campaign may take, in milliseconds. Not what is left of it: a post that is sent again
    /// has the same bytes.
    pub timeout_ms: u64,
    /// When the post was made.
    pub created_at: UtcMicros,
    /// Whether it is a test.
    pub test: bool,
}

/// Appends the message to `out`.
pub fn render(message: &PostMessage<'_>, out: &mut Vec<u8>) {
    let PostMessage { vertical, lead, .. } = *message;
    let mut writer = Writer::new(out);
    writer.begin_object();
    writer.key("v").unsigned(1);
    writer.key("post_id").plain_text(message.post_id);
    writer.key("sale_id").plain_text(message.sale_id);
    if let Some(ping_id) = message.ping_id {
        writer.key("ping_id").plain_text(ping_id);
    }
    if !message.bid_id.is_empty() {
        writer.key("bid_id").text(message.bid_id);
    }
    writer.key("campaign_id").text(message.campaign);
    writer.key("vertical").text(&vertical.name);
    message.lead_ref.write(writer.key("lead_ref"));
    writer.key("price").plain_text(message.price.display(vertical.currency));
    writer.key("currency").plain_text(vertical.currency);
    writer.key("exclusive").boolean(message.exclusive);
    writer.key("timeout_ms").unsigned(message.timeout_ms);
    writer.key("created_at").plain_text(message.created_at);
    writer.key("source");
    ping::write_source(message.source, ping::channel_of(lead), &mut writer);
    writer.key("fields");
    field_form::write_all(vertical, lead, &mut writer);
    writer.key("consent");
    write_consent(lead, &mut writer);
    writer.key("test").boolean(message.test);
    writer.end_object();
}

/// Writes the consent with all that was given of it.
fn write_consent(lead: &Submission, writer: &mut Writer<'_>) {
    writer.begin_object();
    for (key, name) in ConsentKey::ALL {
        if let Some(text) = lead.consent(key) {
            writer.key(name).text(text.reveal());
        }
    }
    let mut names = lead.named_sellers().peekable();
    if names.peek().is_some() {
        writer.key("named_sellers").begin_array();
        for name in names {
            writer.text(name);
        }
        writer.end_array();
    }
    writer.end_object();
}

#[cfg(test)]
mod tests;
