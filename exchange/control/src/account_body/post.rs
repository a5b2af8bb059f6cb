//! [`PostBody`]: one post of an auction.

use exchange_protocol::{Outcome, StoryPost};
use exchange_types::{PostId, SaleId, Uuid7};
use serde::Serialize;

use super::{Words, came};
use crate::shown::{Hex, Money, Shown};

/// One post.
#[derive(Debug, Serialize)]
pub(super) struct PostBody<'a> {
    post_id: Shown<PostId>,
    sale_id: Shown<SaleId>,
    campaign: &'a str,
    buyer: &'a str,
    /// Which entry of the bid was taken, from zero.
    entry: u8,
    price: Money,
    /// What the seller earns by it, and what is left of the price; a post that was not accepted earns nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    payout: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    margin: Option<Money>,
    exclusive: bool,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    intent_us: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_us: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replied_us: Option<u32>,
    /// The first 16 bytes of the SHA-256 of the reply: the evidence of a charge.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_digest: Option<Shown<Hex<'a>>>,
}

impl<'a> PostBody<'a> {
    pub(super) fn of(sale: Uuid7, post: &'a StoryPost, words: &Words<'a>) -> Option<Self> {
        let (campaign, buyer) = words.campaign(words.candidate(post.candidate)?.campaign)?;
        let (outcome, reason) = match post.outcome {
            None => ("in_flight", None),
            Some(Outcome::Accepted) => ("accepted", None),
            Some(Outcome::Failed(reason)) => ("failed", Some(reason.name())),
            Some(Outcome::Unknown) => ("unknown", None),
        };
        let accepted = matches!(post.outcome, Some(Outcome::Accepted));
        let margin = post.price.checked_sub(post.payout)?;
        Some(Self {
            post_id: Shown(words.keys.post(sale, post.candidate)),
            sale_id: Shown(words.keys.sale(sale, post.candidate)),
            campaign,
            buyer,
            entry: post.entry,
            price: words.money(post.price),
            payout: accepted.then(|| words.money(post.payout)),
            margin: accepted.then(|| words.money(margin)),
            exclusive: post.exclusive,
            outcome,
            reason,
            intent_us: post.intent_us,
            sent_us: came(post.sent_us),
            replied_us: came(post.replied_us),
            reply_digest: (post.digest != [0; 16]).then_some(Shown(Hex(&post.digest))),
        })
    }
}
