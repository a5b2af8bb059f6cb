//! The bytes of [`Record::Intent`] and [`Record::Outcome`].

use exchange_types::{BuyerIndex, CampaignIndex, SellerIndex, VerticalIndex};

use super::bytes::{DecodeError, Reader, Writer};
use super::{Outcome, Record};
use crate::CandidateIndex;

pub(super) fn write_intent(record: &Record, to: &mut Writer<'_>) {
    let Record::Intent {
        auction,
        seller,
        vertical,
        catalog_version,
        campaign,
        buyer,
        candidate,
        entry,
        bid_id,
        price,
        payout,
        reserved,
        exclusive,
        at,
        give_up_at,
    } = record
    else {
        return;
    };
    to.u128(auction.as_u128());
    to.u32(seller.0);
    to.u16(vertical.0);
    to.u64(*catalog_version);
    to.u32(campaign.0);
    to.u32(buyer.0);
    to.u16(candidate.0);
    to.u8(*entry);
    to.text(bid_id.as_str());
    to.amount(*price);
    to.amount(*payout);
    to.amount(*reserved);
    to.flag(*exclusive);
    to.time(*at);
    to.time(*give_up_at);
}

pub(super) fn read_intent(from: &mut Reader<'_>) -> Result<Record, DecodeError> {
    Ok(Record::Intent {
        auction: from.uuid()?,
        seller: SellerIndex(from.u32()?),
        vertical: VerticalIndex(from.u16()?),
        catalog_version: from.u64()?,
        campaign: CampaignIndex(from.u32()?),
        buyer: BuyerIndex(from.u32()?),
        candidate: CandidateIndex(from.u16()?),
        entry: from.u8()?,
        bid_id: from.small_text()?,
        price: from.amount()?,
        payout: from.amount()?,
        reserved: from.amount()?,
        exclusive: from.flag()?,
        at: from.time()?,
        give_up_at: from.time()?,
    })
}

pub(super) fn write_outcome(record: &Record, to: &mut Writer<'_>) {
    let Record::Outcome { auction, candidate, outcome, price, payout, digest, at, settles_at, redirect_url } =
        record
    else {
        return;
    };
    to.u128(auction.as_u128());
    to.u16(candidate.0);
    outcome.write(to);
    to.amount(*price);
    to.amount(*payout);
    to.bytes(digest);
    to.time(*at);
    to.time(*settles_at);
    to.text(redirect_url);
}

pub(super) fn read_outcome(from: &mut Reader<'_>) -> Result<Record, DecodeError> {
    Ok(Record::Outcome {
        auction: from.uuid()?,
        candidate: CandidateIndex(from.u16()?),
        outcome: Outcome::read(from)?,
        price: from.amount()?,
        payout: from.amount()?,
        digest: from.digest()?,
        at: from.time()?,
        settles_at: from.time()?,
        redirect_url: from.text()?.into(),
    })
}
