//! The bytes of a [`Story`]: version 1, and version 2 with what makes a lead invalid behind it.

use exchange_types::{
    Amount, BidEntries, BidEntry, BuyerIndex, CampaignIndex, DuplicateScope, PendingReason, QualityFault,
    Reason, SellerIndex, SmallText, UnsoldReason, VerticalIndex,
};

use super::bytes::{DecodeError, Reader, Writer};
use super::{Outcome, VERSION, VERSION_2, read_list, read_optional, reason, write_optional};
use crate::{
    AnswerOffer, AnswerStatus, Asked, Asks, CandidateIndex, NoRoom, OfferKey, SaleKind, Story,
    StoryCandidate, StoryPost, StoryStep,
};

/// Stands for "none" where a reason is written: it bought, its bid counted, there was room.
const NO_REASON: u8 = 255;
/// Stands for "price did not decide".
const NO_MINIMUM: i64 = -1;
/// Stands for "no outcome yet".
const OUT: u8 = 0;

/// Returns the oldest version that holds all that a story says.
pub(super) fn version(story: &Story) -> u8 {
    if story.faults.is_empty() { VERSION } else { VERSION_2 }
}

pub(super) fn write(story: &Story, to: &mut Writer<'_>) {
    write_version_1(story, to);
    if version(story) != VERSION {
        to.count(story.faults.len());
        for fault in &story.faults {
            to.text(&fault.field);
            to.text(&fault.code);
            to.text(&fault.message);
        }
    }
}

pub(super) fn read(version: u8, from: &mut Reader<'_>) -> Result<Story, DecodeError> {
    let mut story = read_version_1(from)?;
    if version != VERSION {
        story.faults = read_list(from, |from| {
            let (field, code) = (from.text()?.into(), from.text()?.into());
            Ok(QualityFault { field, code, message: from.text()?.into() })
        })?;
    }
    Ok(story)
}

pub(super) fn write_version_1(story: &Story, to: &mut Writer<'_>) {
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
    write_asks(&story.asks, to);
    to.flag(story.interrupted);
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
        write_key(offer.key, to);
        to.u32(offer.buyer.0);
        to.amount(offer.payout);
        to.u16(offer.max_buyers);
    }
    to.count(story.steps.len());
    for step in &story.steps {
        write_step(step, to);
    }
}

pub(super) fn read_version_1(from: &mut Reader<'_>) -> Result<Story, DecodeError> {
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
        asks: read_asks(from)?,
        interrupted: from.flag()?,
        status: read_status(from)?,
        payout: from.amount()?,
        candidates: read_list(from, read_candidate)?,
        posts: read_list(from, read_post)?,
        offers: read_list(from, |from| {
            Ok(AnswerOffer {
                key: read_key(from)?,
                buyer: BuyerIndex(from.u32()?),
                payout: from.amount()?,
                max_buyers: from.u16()?,
            })
        })?,
        steps: read_list(from, read_step)?,
        faults: Vec::new(),
        test: false,
    })
}

fn write_asks(asks: &Asks, to: &mut Writer<'_>) {
    write_optional(asks.floor.as_ref(), to, |floor, to| to.amount(*floor));
    write_optional(asks.max_buyers.as_ref(), to, |count, to| to.u16(*count));
    to.u16(asks.prior_sales);
    write_optional(asks.wait_us.as_ref(), to, |wait, to| to.u32(*wait));
    write_optional(asks.source.as_ref(), to, |source, to| to.u16(*source));
}

fn read_asks(from: &mut Reader<'_>) -> Result<Asks, DecodeError> {
    Ok(Asks {
        floor: read_optional(from, Reader::amount)?,
        max_buyers: read_optional(from, Reader::u16)?,
        prior_sales: from.u16()?,
        wait_us: read_optional(from, Reader::u32)?,
        source: read_optional(from, Reader::u16)?,
    })
}

fn write_step(step: &StoryStep, to: &mut Writer<'_>) {
    to.u32(step.at_us);
    to.count(step.named.len());
    for key in &step.named {
        write_key(*key, to);
    }
    to.flag(step.fallback);
    write_optional(step.wait_us.as_ref(), to, |wait, to| to.u32(*wait));
}

fn read_step(from: &mut Reader<'_>) -> Result<StoryStep, DecodeError> {
    Ok(StoryStep {
        at_us: from.u32()?,
        named: read_list(from, read_key)?,
        fallback: from.flag()?,
        wait_us: read_optional(from, Reader::u32)?,
    })
}

pub(super) fn write_key(key: OfferKey, to: &mut Writer<'_>) {
    to.u16(key.candidate.0);
    to.u8(key.entry);
}

pub(super) fn read_key(from: &mut Reader<'_>) -> Result<OfferKey, DecodeError> {
    Ok(OfferKey { candidate: CandidateIndex(from.u16()?), entry: from.u8()? })
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
        AnswerStatus::Invalid => (7, 0),
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
        | AnswerStatus::NoOffer(_)
        | AnswerStatus::Invalid => None,
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
        (7, 0) => AnswerStatus::Invalid,
        _ => return Err(wrong),
    })
}

fn write_candidate(candidate: &StoryCandidate, to: &mut Writer<'_>) {
    to.u32(candidate.campaign.0);
    to.u8(match candidate.asked {
        Asked::No => 0,
        Asked::Standing => 1,
        Asked::Pinged => 2,
    });
    write_reason(candidate.out, to);
    write_reason(candidate.no_room.map(|no_room| no_room.reason), to);
    to.u8(candidate.no_room.map_or(0, |no_room| no_room.time));
    write_reason(candidate.reason, to);
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
    let asked = match from.u8()? {
        0 => Asked::No,
        1 => Asked::Standing,
        2 => Asked::Pinged,
        _ => return Err(DecodeError::Value { at: from.position() }),
    };
    let out = read_reason(from)?;
    let (no_room, time) = (read_reason(from)?, from.u8()?);
    let no_room = match (no_room, time) {
        (None, 0) => None,
        (Some(reason), 1..) => Some(NoRoom { time, reason }),
        _ => return Err(DecodeError::Value { at: from.position() }),
    };
    let reason = read_reason(from)?;
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
    Ok(StoryCandidate { campaign, asked, out, no_room, reason, entries, replied_us, minimum_to_win })
}

fn write_reason(reason: Option<Reason>, to: &mut Writer<'_>) {
    to.u8(reason.map_or(NO_REASON, Reason::code));
}

fn read_reason(from: &mut Reader<'_>) -> Result<Option<Reason>, DecodeError> {
    match from.u8()? {
        NO_REASON => Ok(None),
        code => reason(code, from).map(Some),
    }
}

fn write_post(post: &StoryPost, to: &mut Writer<'_>) {
    to.u16(post.candidate.0);
    to.u32(post.buyer.0);
    to.u8(post.entry);
    to.amount(post.price);
    to.amount(post.payout);
    to.amount(post.agreed);
    write_optional(post.stated.as_ref(), to, |stated, to| to.amount(*stated));
    to.flag(post.exclusive);
    match post.outcome {
        None => to.u8(OUT),
        Some(outcome) => {
            to.u8(1);
            outcome.write(to);
        }
    }
    to.flag(post.resolved);
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
        agreed: from.amount()?,
        stated: read_optional(from, Reader::amount)?,
        exclusive: from.flag()?,
        outcome: if from.flag()? { Some(Outcome::read(from)?) } else { None },
        resolved: from.flag()?,
        intent_us: from.u32()?,
        sent_us: from.u32()?,
        replied_us: from.u32()?,
        digest: from.digest()?,
        redirect_url: from.text()?.into(),
    })
}
