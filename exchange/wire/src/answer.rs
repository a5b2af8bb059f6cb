//! What a seller is answered: [`LeadAnswer`] and [`PingAnswer`].

use exchange_types::{
    Amount, AuctionId, Currency, DuplicateScope, LeadId, OfferId, PendingReason, PingId, QualityFault,
    SaleId, UnsoldReason, UtcMicros,
};

use crate::Pseudonym;
use crate::json::Writer;

/// The answer to `POST /v1/leads`, to the post of a ping and to `GET /v1/leads/{id}`.
#[derive(Clone, Copy, Debug)]
pub struct LeadAnswer<'a> {
    /// The lead; of a seller's own duplicate the earlier one. Nothing where there is none to ask for.
    pub lead_id: Option<LeadId>,
    /// The auction, where there was one.
    pub auction_id: Option<AuctionId>,
    /// What came of the lead.
    pub status: LeadStatus<'a>,
    /// What the seller earns in all.
    pub payout: Amount,
    /// The vertical's.
    pub currency: Currency,
    /// The sales.
    pub sales: &'a [SaleAnswer<'a>],
    /// Whether it is a test.
    pub test: bool,
    /// What was dropped from the request.
    pub warnings: &'a [String],
    /// From admission to this answer, in milliseconds.
    pub elapsed_ms: u64,
}

/// What came of a lead.
#[derive(Clone, Copy, Debug)]
pub enum LeadStatus<'a> {
    /// At least one buyer took it.
    Sold {
        /// Where a post beside the sales has no outcome yet, until when; the lead may be sold once more.
        open: Option<Unsettled>,
    },
    /// Nobody took it.
    Unsold(UnsoldReason),
    /// The person is known already.
    Duplicate(Duplicate<'a>),
    /// Well formed, but a quality rule fails.
    Invalid {
        /// The fields that fail.
        errors: &'a [QualityFault],
    },
    /// Neither sold nor unsold yet.
    Pending {
        /// Why.
        reason: PendingReason,
        /// Until when.
        until: Unsettled,
    },
}

/// Until when an answer may change, and when to ask again.
#[derive(Clone, Copy, Debug)]
pub struct Unsettled {
    /// When it will be settled at the latest.
    pub settles_by: UtcMicros,
    /// When to ask again, in milliseconds.
    pub retry_after_ms: u64,
}

/// From whom a person is known.
#[derive(Clone, Copy, Debug)]
pub struct Duplicate<'a> {
    /// From the same seller or from another.
    pub scope: DuplicateScope,
    /// The present status of the seller's own earlier lead.
    pub lead_status: Option<&'a str>,
}

/// One sale of a lead.
#[derive(Clone, Copy, Debug)]
pub struct SaleAnswer<'a> {
    /// The sale.
    pub sale_id: SaleId,
    /// The buyer's pseudonym for this seller.
    pub buyer_ref: Pseudonym,
    /// The companies' legal names, where the vertical discloses them; else empty.
    pub sellers: &'a [&'a str],
    /// What the seller earns with it.
    pub payout: Amount,
    /// Whether nobody else may get the lead.
    pub exclusive: bool,
    /// Where the person is to be sent, or an empty text.
    pub redirect_url: &'a str,
}

/// The answer to `POST /v1/pings` and `GET /v1/pings/{id}`.
#[derive(Clone, Copy, Debug)]
pub struct PingAnswer<'a> {
    /// The ping; of a seller's own duplicate nothing.
    pub ping_id: Option<PingId>,
    /// What came of the ping.
    pub status: PingStatus<'a>,
    /// The vertical's.
    pub currency: Currency,
    /// When the last offer ends.
    pub expires_at: Option<UtcMicros>,
    /// The offers, best first.
    pub offers: &'a [OfferAnswer<'a>],
    /// Whether it is a test.
    pub test: bool,
    /// What was dropped from the request.
    pub warnings: &'a [String],
}

/// What came of a ping.
#[derive(Clone, Copy, Debug)]
pub enum PingStatus<'a> {
    /// There are offers.
    Offers,
    /// There are none.
    NoOffer(Option<UnsoldReason>),
    /// The seller's own duplicate.
    Duplicate {
        /// The earlier lead.
        lead_id: Option<LeadId>,
        /// From whom, and how the earlier lead stands.
        duplicate: Duplicate<'a>,
    },
    /// Well formed, but a quality rule fails.
    Invalid {
        /// The fields that fail.
        errors: &'a [QualityFault],
    },
}

/// One offer of a ping.
#[derive(Clone, Copy, Debug)]
pub struct OfferAnswer<'a> {
    /// The offer.
    pub offer_id: OfferId,
    /// What the seller would earn.
    pub payout: Amount,
    /// The most companies, this one included, for which it holds: a number, where the bid left it open the
    /// lead's own bound.
    pub max_buyers: u16,
    /// The buyer's pseudonym for this seller.
    pub buyer_ref: Pseudonym,
    /// The companies' legal names, where the vertical discloses them; else empty.
    pub sellers: &'a [&'a str],
    /// When the offer ends.
    pub expires_at: UtcMicros,
}

impl LeadAnswer<'_> {
    /// Appends the answer to `out`.
    pub fn render(&self, out: &mut Vec<u8>) {
        let mut writer = Writer::new(out);
        writer.begin_object();
        if let Some(lead) = self.lead_id {
            writer.key("lead_id").plain_text(lead);
        }
        if let Some(auction) = self.auction_id {
            writer.key("auction_id").plain_text(auction);
        }
        self.write_status(&mut writer);
        writer.key("payout").plain_text(self.payout.display(self.currency));
        writer.key("currency").plain_text(self.currency);
        writer.key("sales").begin_array();
        for sale in self.sales {
            sale.write(self.currency, &mut writer);
        }
        writer.end_array();
        write_test(self.test, &mut writer);
        write_texts("warnings", self.warnings, &mut writer);
        writer.key("elapsed_ms").unsigned(self.elapsed_ms);
        writer.end_object();
    }

    fn write_status(&self, writer: &mut Writer<'_>) {
        writer.key("status").text(self.status.name());
        match self.status {
            LeadStatus::Sold { open } => {
                if let Some(until) = open {
                    self.write_until(until, writer);
                }
            }
            LeadStatus::Unsold(reason) => writer.key("reason").text(reason.name()),
            LeadStatus::Duplicate(duplicate) => duplicate.write(writer),
            LeadStatus::Invalid { errors } => write_errors(errors, writer),
            LeadStatus::Pending { reason, until } => {
                writer.key("reason").text(reason.name());
                self.write_until(until, writer);
            }
        }
    }

    fn write_until(&self, until: Unsettled, writer: &mut Writer<'_>) {
        if let Some(lead) = self.lead_id {
            writer.key("status_url").plain_text(format_args!("/v1/leads/{lead}"));
        }
        writer.key("settles_by").plain_text(until.settles_by);
        writer.key("retry_after_ms").unsigned(until.retry_after_ms);
    }
}

impl LeadStatus<'_> {
    /// Returns the name on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sold { .. } => "sold",
            Self::Unsold(_) => "unsold",
            Self::Duplicate(_) => "duplicate",
            Self::Invalid { .. } => "invalid",
            Self::Pending { .. } => "pending",
        }
    }
}

impl Duplicate<'_> {
    fn write(&self, writer: &mut Writer<'_>) {
        writer.key("scope").text(self.scope.name());
        if let Some(status) = self.lead_status {
            writer.key("lead_status").text(status);
        }
    }
}

impl SaleAnswer<'_> {
    fn write(&self, currency: Currency, writer: &mut Writer<'_>) {
        writer.begin_object();
        writer.key("sale_id").plain_text(self.sale_id);
        self.buyer_ref.write(writer.key("buyer_ref"));
        write_texts("sellers", self.sellers, writer);
        writer.key("payout").plain_text(self.payout.display(currency));
        writer.key("exclusive").boolean(self.exclusive);
        if !self.redirect_url.is_empty() {
            writer.key("redirect_url").text(self.redirect_url);
        }
        writer.end_object();
    }
}

impl PingAnswer<'_> {
    /// Appends the answer to `out`.
    pub fn render(&self, out: &mut Vec<u8>) {
        let mut writer = Writer::new(out);
        writer.begin_object();
        if let Some(ping) = self.ping_id {
            writer.key("ping_id").plain_text(ping);
        }
        self.write_status(&mut writer);
        writer.key("currency").plain_text(self.currency);
        if let Some(at) = self.expires_at {
            writer.key("expires_at").plain_text(at);
        }
        writer.key("offers").begin_array();
        for offer in self.offers {
            offer.write(self.currency, &mut writer);
        }
        writer.end_array();
        write_test(self.test, &mut writer);
        write_texts("warnings", self.warnings, &mut writer);
        writer.end_object();
    }

    fn write_status(&self, writer: &mut Writer<'_>) {
        match self.status {
            PingStatus::Offers => writer.key("status").text("offers"),
            PingStatus::NoOffer(reason) => {
                writer.key("status").text("no_offer");
                if let Some(reason) = reason {
                    writer.key("reason").text(reason.name());
                }
            }
            PingStatus::Duplicate { lead_id, duplicate } => {
                writer.key("status").text("duplicate");
                if let Some(lead) = lead_id {
                    writer.key("lead_id").plain_text(lead);
                }
                duplicate.write(writer);
            }
            PingStatus::Invalid { errors } => {
                writer.key("status").text("invalid");
                write_errors(errors, writer);
            }
        }
    }
}

impl OfferAnswer<'_> {
    fn write(&self, currency: Currency, writer: &mut Writer<'_>) {
        writer.begin_object();
        writer.key("offer_id").plain_text(self.offer_id);
        writer.key("payout").plain_text(self.payout.display(currency));
        writer.key("max_buyers").unsigned(u64::from(self.max_buyers));
        self.buyer_ref.write(writer.key("buyer_ref"));
        write_texts("sellers", self.sellers, writer);
        writer.key("expires_at").plain_text(self.expires_at);
        writer.end_object();
    }
}

/// Marks the answer to a test. Others say nothing.
fn write_test(test: bool, writer: &mut Writer<'_>) {
    if test {
        writer.key("test").boolean(true);
    }
}

/// Writes a list of texts, where there are any.
fn write_texts<T: AsRef<str>>(key: &str, texts: &[T], writer: &mut Writer<'_>) {
    if texts.is_empty() {
        return;
    }
    writer.key(key).begin_array();
    for text in texts {
        writer.text(text.as_ref());
    }
    writer.end_array();
}

fn write_errors(errors: &[QualityFault], writer: &mut Writer<'_>) {
    writer.key("errors").begin_array();
    for QualityFault { field, code, message } in errors {
        writer.begin_object();
        writer.key("field").text(field);
        writer.key("code").text(code);
        writer.key("message").text(message);
        writer.end_object();
    }
    writer.end_array();
}

#[cfg(test)]
mod tests;
