//! The bytes of a [`Story`].

use exchange_types::{
    Amount, BidEntries, BidEntry, BuyerIndex, CampaignIndex, DuplicateScope, PendingReason, Reason,
    SellerIndex, SmallText, UnsoldReason, VerticalIndex,
};

use super::bytes::{DecodeError, Reader, Writer};
use super::{Outcome, reason};
use crate::{
    AnswerOffer, AnswerStatus, CandidateIndex, OfferKey, SaleKind, Story, StoryCandidate, StoryPost,
};

/// Stands for "bought" where a reason is written.
const BOUGHT: u8 = 255;
/// Stands for "price did not decide".
const NO_MINIMUM: i64 = -1;
/// Stands for "no outcome yet".
const OUT: u8 = 0;

pub(super) fn write(story: &Story, to: &mut Writer<'_>) {
    to.u128(story.id.as_u128());
    to.flag(story.kind == SaleKind::TwoStep);
    to.u32(story.seller.0);
    to.u16(story.vertical.0);
    to.u64(story.catalog_version);
    to.time(story.admitted);
    to.u32(story.bids_closed_us);
    to.u32(story.answered_us);
    to.u32(story.ended_us);
    to.time(story.expires_at);
    write_status(story.status, to);
    to.amount(story.payout);
    to.count(story.candidates.len());
    for candidate in &story.candidates {
        write_candidate(candidate, to);
    }
    to.count(story.posts.len());
    for post in &story.posts {
        write_post(post, to);
    }
    to.count(story.offers.len());
    for offer in &story.offers {
        to.u16(offer.key.candidate.0);
        to.u8(offer.key.entry);
        to.u32(offer.buyer.0);
        to.amount(offer.payout);
        to.u16(offer.max_buyers);
    }
}

pub(super) fn read(from: &mut Reader<'_>) -> Result<Story, DecodeError> {
    Ok(Story {
        id: from.uuid()?,
        kind: if from.flag()? { SaleKind::TwoStep } else { SaleKind::OneCall },
        seller: SellerIndex(from.u32()?),
        vertical: VerticalIndex(from.u16()?),
        catalog_version: from.u64()?,
        admitted: from.time()?,
        bids_closed_us: from.u32()?,
        answered_us: from.u32()?,
        ended_us: from.u32()?,
        expires_at: from.time()?,
        status: read_status(from)?,
        payout: from.amount()?,
        candidates: read_list(from, read_candidate)?,
        posts: read_list(from, read_post)?,
        offers: read_list(from, |from| {
            Ok(AnswerOffer {
                key: OfferKey { candidate: CandidateIndex(from.u16()?), entry: from.u8()? },
                buyer: BuyerIndex(from.u32()?),
                payout: from.amount()?,
                max_buyers: from.u16()?,
            })
        })?,
    })
}

fn read_list<T>(
    from: &mut Reader<'_>,
    mut one: impl FnMut(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let count = from.count()?;
    (0..count).map(|_| one(from)).collect()
}

fn write_status(status: AnswerStatus, to: &mut Writer<'_>) {
    let (kind, detail) = match status {
        AnswerStatus::Running => (0, 0),
        AnswerStatus::Sold => (1, 0),
        AnswerStatus::Unsold(reason) => (2, reason.code()),
        AnswerStatus::Pending(PendingReason::PostInFlight) => (3, 0),
        AnswerStatus::Pending(PendingReason::PostUnknown) => (3, 1),
        AnswerStatus::Pending(PendingReason::JournalWait) => (3, 2),
        AnswerStatus::Duplicate(DuplicateScope::Own, _) => (4, 0),
        AnswerStatus::Duplicate(DuplicateScope::Exchange, _) => (4, 1),
        AnswerStatus::Offers => (5, 0),
        AnswerStatus::NoOffer(reason) => (6, reason.code()),
    };
    to.u8(kind);
    to.u8(detail);
    let earlier = match status {
        AnswerStatus::Duplicate(_, earlier) => earlier,
        AnswerStatus::Running
        | AnswerStatus::Sold
        | AnswerStatus::Unsold(_)
        | AnswerStatus::Pending(_)
        | AnswerStatus::Offers
        | AnswerStatus::NoOffer(_) => None,
    };
    to.flag(earlier.is_some());
    if let Some(id) = earlier {
        to.u128(id.as_u128());
    }
}

fn read_status(from: &mut Reader<'_>) -> Result<AnswerStatus, DecodeError> {
    let (kind, detail) = (from.u8()?, from.u8()?);
    let earlier = if from.flag()? { Some(from.uuid()?) } else { None };
    let wrong = DecodeError::Value { at: from.position() };
    let unsold = || UnsoldReason::from_code(detail).ok_or(wrong);
    Ok(match (kind, detail) {
        (0, 0) => AnswerStatus::Running,
        (1, 0) => AnswerStatus::Sold,
        (2, _) => AnswerStatus::Unsold(unsold()?),
        (3, 0) => AnswerStatus::Pending(PendingReason::PostInFlight),
        (3, 1) => AnswerStatus::Pending(PendingReason::PostUnknown),
        (3, 2) => AnswerStatus::Pending(PendingReason::JournalWait),
        (4, 0) => AnswerStatus::Duplicate(DuplicateScope::Own, earlier),
        (4, 1) => AnswerStatus::Duplicate(DuplicateScope::Exchange, earlier),
        (5, 0) => AnswerStatus::Offers,
        (6, _) => AnswerStatus::NoOffer(unsold()?),
        _ => return Err(wrong),
    })
}

fn write_candidate(candidate: &StoryCandidate, to: &mut Writer<'_>) {
    to.u32(candidate.campaign.0);
    to.u8(candidate.reason.map_or(BOUGHT, Reason::code));
    to.u32(candidate.replied_us);
    to.amount(candidate.minimum_to_win.unwrap_or(Amount::from_micros(NO_MINIMUM)));
    let entries = candidate.entries.as_slice();
    to.u8(u8::try_from(entries.len()).unwrap_or(u8::MAX));
    for entry in entries {
        to.amount(entry.amount);
        to.u16(entry.max_buyers);
    }
}

fn read_candidate(from: &mut Reader<'_>) -> Result<StoryCandidate, DecodeError> {
    let campaign = CampaignIndex(from.u32()?);
    let reason = match from.u8()? {
        BOUGHT => None,
        code => Some(reason(code, from)?),
    };
    let replied_us = from.u32()?;
    let minimum = from.amount()?;
    let mut entries = BidEntries::new();
    for _ in 0..from.u8()? {
        let entry = BidEntry { amount: from.amount()?, max_buyers: from.u16()?, bid_id: SmallText::EMPTY };
        if !entries.push(entry) {
            return Err(DecodeError::Value { at: from.position() });
        }
    }
    let minimum_to_win = (minimum.micros() != NO_MINIMUM).then_some(minimum);
    Ok(StoryCandidate { campaign, reason, entries, replied_us, minimum_to_win })
}

fn write_post(post: &StoryPost, to: &mut Writer<'_>) {
    to.u16(post.candidate.0);
    to.u32(post.buyer.0);
    to.u8(post.entry);
    to.amount(post.price);
    to.amount(post.payout);
    to.flag(post.exclusive);
    match post.outcome {
        None => to.u8(OUT),
        Some(outcome) => {
            to.u8(1);
            outcome.write(to);
        }
    }
    to.u32(post.intent_us);
    to.u32(post.sent_us);
    to.u32(post.replied_us);
    to.bytes(&post.digest);
    to.text(&post.redirect_url);
}

fn read_post(from: &mut Reader<'_>) -> Result<StoryPost, DecodeError> {
    Ok(StoryPost {
        candidate: CandidateIndex(from.u16()?),
        buyer: BuyerIndex(from.u32()?),
        entry: from.u8()?,
        price: from.amount()?,
        payout: from.amount()?,
        exclusive: from.flag()?,
        outcome: if from.flag()? { Some(Outcome::read(from)?) } else { None },
        intent_us: from.u32()?,
        sent_us: from.u32()?,
        replied_us: from.u32()?,
        digest: from.digest()?,
        redirect_url: from.text()?.into(),
    })
}
