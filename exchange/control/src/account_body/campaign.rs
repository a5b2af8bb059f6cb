//! [`CampaignBody`]: what came of one campaign in an auction.

use exchange_protocol::{CandidateIndex, FORGOTTEN, LeftOut, Outcome, Story, StoryCandidate};
use exchange_types::{BidEntry, CampaignIndex, PingId};
use serde::Serialize;

use super::{BuyersMax, Words, came};
use crate::shown::{Money, Shown};

/// What came of one campaign.
#[derive(Debug, Serialize)]
pub(super) struct CampaignBody<'a> {
    campaign: &'a str,
    buyer: &'a str,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The ping as the buyer knows it; nothing where none was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    ping_id: Option<Shown<PingId>>,
    /// The condition that does not hold, where a filter decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bids: Vec<BidBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replied_us: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_to_win: Option<Money>,
}

/// One entry of a bid.
#[derive(Debug, Serialize)]
struct BidBody {
    bid: Money,
    max_buyers: BuyersMax,
}

/// Returns every campaign that was considered, in the order of the catalog.
pub(super) fn all<'a>(
    story: &'a Story,
    left_out: &'a [LeftOut],
    words: &Words<'a>,
) -> Option<Vec<CampaignBody<'a>>> {
    let candidates = story.candidates.iter().enumerate().map(|(position, candidate)| {
        let bought = story
            .posts
            .iter()
            .any(|post| post.candidate.at() == position && matches!(post.outcome, Some(Outcome::Accepted)));
        let index = CandidateIndex(u16::try_from(position).unwrap_or(u16::MAX));
        let ping_id = Shown(words.keys.ping(story.id, index));
        (candidate.campaign, CampaignBody::of_candidate(candidate, bought, ping_id, words))
    });
    let left_out =
        left_out.iter().map(|left_out| (left_out.campaign, CampaignBody::of_left_out(left_out, words)));
    let mut all: Vec<(CampaignIndex, Option<CampaignBody<'a>>)> = candidates.chain(left_out).collect();
    all.retain(|&(index, _)| index != FORGOTTEN);
    all.sort_by_key(|&(index, _)| index);
    all.into_iter().map(|(_, body)| body).collect()
}

impl<'a> CampaignBody<'a> {
    fn of_candidate(
        candidate: &StoryCandidate,
        bought: bool,
        ping_id: Shown<PingId>,
        words: &Words<'a>,
    ) -> Option<Self> {
        let ping_id = words.was_pinged(candidate).then_some(ping_id);
        let (campaign, buyer) = words.campaign(candidate.campaign)?;
        let bid = |entry: &BidEntry| BidBody {
            bid: words.money(entry.amount),
            max_buyers: BuyersMax(entry.max_buyers),
        };
        let result = match candidate.reason {
            _ if bought => "bought",
            Some(_) => "lost",
            None => "open",
        };
        Some(Self {
            campaign,
            buyer,
            result,
            reason: candidate.reason.map(exchange_types::Reason::name),
            ping_id,
            condition: None,
            bids: candidate.entries.as_slice().iter().map(bid).collect(),
            replied_us: came(candidate.replied_us),
            minimum_to_win: candidate.minimum_to_win.map(|amount| words.money(amount)),
        })
    }

    fn of_left_out(left_out: &'a LeftOut, words: &Words<'a>) -> Option<Self> {
        let (campaign, buyer) = words.campaign(left_out.campaign)?;
        Some(Self {
            campaign,
            buyer,
            result: "left_out",
            reason: Some(left_out.reason.name()),
            ping_id: None,
            condition: left_out.condition.as_deref(),
            bids: Vec::new(),
            replied_us: None,
            minimum_to_win: None,
        })
    }
}
