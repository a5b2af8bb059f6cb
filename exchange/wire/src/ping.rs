//! The ping: what a campaign sees before it bids.
//!
//! [`render_shared`] writes, once for an auction, what every campaign sees alike; [`render`] writes the
//! message of one campaign around it. Only the two lists below and the vertical's allow-list reach a ping:
//! no other part of the lead is read here. Nothing is allocated but in the buffers, which are reused.

use exchange_catalog::snapshot::{ConsentModel, Vertical};
use exchange_types::{Amount, ConsentKey, Currency, Date, Pii, PingId, SourceKey, Submission, UtcMicros};

use crate::field_form;
use crate::json::Writer;
use crate::pseudonym::{Pseudonym, SourceRefs};

/// The parts of the consent that go into a ping as they are.
const CONSENT_SHOWN: [(ConsentKey, &str); 3] = [
    (ConsentKey::CapturedAt, "captured_at"),
    (ConsentKey::TrustedformPingUrl, "trustedform_ping_url"),
    (ConsentKey::JornayaLeadId, "jornaya_lead_id"),
];

/// What all pings of one auction have in common.
#[derive(Clone, Copy, Debug)]
pub struct SharedPart<'a> {
    /// The lead's vertical.
    pub vertical: &'a Vertical,
    /// The lead.
    pub lead: &'a Submission,
    /// When the auction was admitted.
    pub created_at: UtcMicros,
    /// The day from which ages are counted.
    pub today: Date,
    /// Whether it is a test.
    pub test: bool,
}

/// One campaign's ping.
#[derive(Clone, Copy)]
pub struct PingMessage<'a> {
    /// What [`render_shared`] wrote for this auction.
    pub shared: &'a [u8],
    /// The campaign's own id of the ping.
    pub ping_id: PingId,
    /// The campaign's name.
    pub campaign: &'a str,
    /// What is left for the answer to arrive, in milliseconds.
    pub timeout_ms: u64,
    /// The buyer's pseudonym of the lead.
    pub lead_ref: Pseudonym,
    /// The buyer's pseudonyms of the source.
    pub source: SourceRefs,
    /// What [`channel_of`] says of the lead.
    pub channel: Option<Pii<&'a str>>,
    /// The least bid that passes, where the vertical discloses it.
    pub floor: Option<(Amount, Currency)>,
}

impl core::fmt::Debug for PingMessage<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { ping_id, campaign, .. } = self;
        f.debug_struct("PingMessage")
            .field("ping_id", ping_id)
            .field("campaign", campaign)
            .finish_non_exhaustive()
    }
}

/// Returns the part of the source that goes into a ping as it is.
pub fn channel_of(lead: &Submission) -> Option<Pii<&str>> {
    lead.source(SourceKey::Channel)
}

/// Appends to `out` what all pings of an auction have in common.
pub fn render_shared(part: &SharedPart<'_>, out: &mut Vec<u8>) {
    let SharedPart { vertical, lead, created_at, today, test } = *part;
    let mut writer = Writer::new(out);
    writer.key("vertical").text(&vertical.name);
    writer.key("currency").plain_text(vertical.currency);
    writer.key("max_buyers").unsigned(u64::from(max_buyers(vertical, lead)));
    writer.key("created_at").plain_text(created_at);
    writer.key("test").boolean(test);
    writer.key("fields");
    field_form::write_for_ping(vertical, lead, today, &mut writer);
    writer.key("prior_sales").unsigned(u64::from(lead.prior_sales));
    writer.key("consent");
    write_consent(vertical.consent_model, lead, &mut writer);
}

/// Appends the message of one campaign to `out`.
pub fn render(message: &PingMessage<'_>, out: &mut Vec<u8>) {
    let mut writer = Writer::new(out);
    writer.begin_object();
    writer.key("v").unsigned(1);
    writer.key("ping_id").hex_text("ping_", message.ping_id.0.as_u128());
    writer.key("campaign_id").text(message.campaign);
    writer.key("timeout_ms").unsigned(message.timeout_ms);
    writer.members(message.shared);
    message.lead_ref.write(writer.key("lead_ref"));
    writer.key("source");
    write_source(message.source, message.channel, &mut writer);
    if let Some((floor, currency)) = message.floor {
        writer.key("floor").plain_text(floor.display(currency));
    }
    writer.end_object();
}

/// Writes what a buyer sees of where the lead came from, in pings and posts.
pub(crate) fn write_source(refs: SourceRefs, channel: Option<Pii<&str>>, writer: &mut Writer<'_>) {
    writer.begin_object();
    refs.source.write(writer.key("ref"));
    if let Some(sub) = refs.sub {
        sub.write(writer.key("sub_ref"));
    }
    if let Some(channel) = channel {
        writer.key("channel").text(channel.reveal());
    }
    writer.end_object();
}

/// Returns the most companies that may get the lead.
fn max_buyers(vertical: &Vertical, lead: &Submission) -> u16 {
    lead.max_buyers.map_or(vertical.max_buyers, |wanted| wanted.min(vertical.max_buyers))
}

fn write_consent(model: ConsentModel, lead: &Submission, writer: &mut Writer<'_>) {
    writer.begin_object();
    writer.key("model").text(match model {
        ConsentModel::General => "general",
        ConsentModel::Named => "named",
    });
    writer.key("proofs").begin_array();
    let has = |key| lead.consent(key).is_some();
    if has(ConsentKey::TrustedformCertUrl) || has(ConsentKey::TrustedformPingUrl) {
        writer.text("trustedform");
    }
    if has(ConsentKey::JornayaLeadId) {
        writer.text("jornaya");
    }
    writer.end_array();
    for (key, name) in CONSENT_SHOWN {
        if let Some(text) = lead.consent(key) {
            writer.key(name).text(text.reveal());
        }
    }
    writer.end_object();
}

#[cfg(test)]
mod tests;
