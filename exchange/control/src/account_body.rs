//! [`AccountBody`]: the whole account of an auction, as an operator reads it.
//!
//! Times within the auction are microseconds since its admission; a time that has not come is left out.

mod campaign;
mod post;

use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::Pricing;
use exchange_protocol::{Account, AnswerStatus, SaleKeys, SaleKind, Story, StoryCandidate};
use exchange_types::{Amount, AuctionId, CampaignIndex, Currency, LeadId, PingId, QualityFault, Reason};
use serde::{Serialize, Serializer};

use campaign::CampaignBody;
use post::PostBody;

use crate::shown::{Money, Shown, money};

/// The whole account of an auction.
#[derive(Debug, Serialize)]
pub(crate) struct AccountBody<'a> {
    auction_id: Shown<AuctionId>,
    lead_id: Shown<LeadId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ping_id: Option<Shown<PingId>>,
    kind: &'static str,
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    test: bool,
    live: bool,
    seller: &'a str,
    vertical: &'a str,
    currency: &'a str,
    catalog_version: u64,
    #[serde(flatten)]
    status: StatusBody,
    payout: Money,
    admitted_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    bids_closed_us: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_us: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_us: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offers_expire_at: Option<String>,
    /// Every campaign of the vertical, in the order of the catalog.
    campaigns: Vec<CampaignBody<'a>>,
    /// In the order of the intents.
    posts: Vec<PostBody<'a>>,
    /// Best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    offers: Vec<OfferBody<'a>>,
}

/// How the auction stands.
#[derive(Debug, Serialize)]
struct StatusBody {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate_of: Option<Shown<LeadId>>,
    /// What makes an invalid lead invalid.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ErrorBody>,
}

/// What is wrong with one field of an invalid lead.
#[derive(Debug, Serialize)]
struct ErrorBody {
    field: Box<str>,
    code: Box<str>,
    message: Box<str>,
}

/// An offer made to the seller.
#[derive(Debug, Serialize)]
struct OfferBody<'a> {
    campaign: &'a str,
    buyer: &'a str,
    payout: Money,
    max_buyers: BuyersMax,
}

impl<'a> AccountBody<'a> {
    /// Returns the account in words; nothing where its catalog does not hold what it names.
    pub(crate) fn of(account: &'a Account) -> Option<Self> {
        let Account { story, snapshot, left_out, live, keys } = account;
        let vertical = snapshot.vertical(story.vertical)?;
        let words = Words { snapshot, currency: vertical.currency, candidates: &story.candidates, keys };
        let offer = |offer: &exchange_protocol::AnswerOffer| {
            Some(OfferBody {
                campaign: words.campaign(words.candidate(offer.key.candidate)?.campaign)?.0,
                buyer: &snapshot.buyer(offer.buyer)?.name,
                payout: words.money(offer.payout),
                max_buyers: BuyersMax(offer.max_buyers),
            })
        };
        let two_step = story.kind == SaleKind::TwoStep;
        Some(Self {
            auction_id: Shown(AuctionId(story.id)),
            lead_id: Shown(LeadId(story.id)),
            ping_id: two_step.then_some(Shown(PingId(story.id))),
            kind: if two_step { "two_step" } else { "one_call" },
            test: story.test,
            live: *live,
            seller: &snapshot.seller(story.seller)?.name,
            vertical: &vertical.name,
            currency: vertical.currency.code(),
            catalog_version: story.catalog_version,
            status: StatusBody::of(story),
            payout: words.money(story.payout),
            admitted_at: story.admitted.to_string(),
            bids_closed_us: came(story.bids_closed_us),
            answered_us: came(story.answered_us),
            ended_us: came(story.ended_us),
            offers_expire_at: (two_step && story.expires_at.0 != 0).then(|| story.expires_at.to_string()),
            campaigns: campaign::all(story, left_out, &words)?,
            posts: story
                .posts
                .iter()
                .map(|post| PostBody::of(story.id, post, &words))
                .collect::<Option<_>>()?,
            offers: story.offers.iter().map(offer).collect::<Option<_>>()?,
        })
    }
}

impl StatusBody {
    fn of(story: &Story) -> Self {
        let (name, reason, scope, duplicate_of) = match story.status {
            AnswerStatus::Running => ("running", None, None, None),
            AnswerStatus::Sold => ("sold", None, None, None),
            AnswerStatus::Unsold(reason) => ("unsold", Some(reason.name()), None, None),
            AnswerStatus::Pending(reason) => ("pending", Some(reason.name()), None, None),
            AnswerStatus::Duplicate(scope, earlier) => ("duplicate", None, Some(scope.name()), earlier),
            AnswerStatus::Offers => ("offers", None, None, None),
            AnswerStatus::NoOffer(reason) => ("no_offer", Some(reason.name()), None, None),
            AnswerStatus::Invalid => ("invalid", None, None, None),
        };
        let error = |fault: &QualityFault| {
            let QualityFault { field, code, message } = fault.clone();
            ErrorBody { field, code, message }
        };
        let errors = story.faults.iter().map(error).collect();
        Self { status: name, reason, scope, duplicate_of: duplicate_of.map(|id| Shown(LeadId(id))), errors }
    }
}

/// What turns indices and amounts of one auction into words.
#[derive(Debug)]
struct Words<'a> {
    snapshot: &'a Snapshot,
    currency: Currency,
    candidates: &'a [StoryCandidate],
    keys: &'a SaleKeys,
}

impl<'a> Words<'a> {
    /// Returns the names of a campaign and of its buyer.
    fn campaign(&self, index: CampaignIndex) -> Option<(&'a str, &'a str)> {
        let campaign = self.snapshot.campaign(index)?;
        Some((&campaign.name, &self.snapshot.buyer(campaign.buyer)?.name))
    }

    fn candidate(&self, index: exchange_protocol::CandidateIndex) -> Option<&'a StoryCandidate> {
        self.candidates.get(index.at())
    }

    /// Returns whether a ping was sent: it has a reply, or failed in a way that only a ping can.
    fn was_pinged(&self, candidate: &StoryCandidate) -> bool {
        let campaign = self.snapshot.campaign(candidate.campaign);
        let asked = campaign.is_some_and(|campaign| matches!(campaign.pricing, Pricing::Ping { .. }));
        let silent = matches!(candidate.reason, Some(Reason::Timeout | Reason::ConnectFailed));
        asked && (candidate.replied_us != 0 || silent)
    }

    fn money(&self, amount: Amount) -> Money {
        money(amount, self.currency)
    }
}

/// Returns a time within the auction, if it has come.
fn came(micros: u32) -> Option<u32> {
    (micros != 0).then_some(micros)
}

/// The most companies for which a price holds: a number, or `"all"`.
#[derive(Debug)]
struct BuyersMax(u16);

impl Serialize for BuyersMax {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            0 => serializer.serialize_str("all"),
            count => serializer.serialize_u16(count),
        }
    }
}
