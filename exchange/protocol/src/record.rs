//! [`Record`]: what a shard writes down, and its bytes.
//!
//! A record is a length (u32), a kind and a version (a byte each) and a payload, all little-endian and laid
//! out field by field, so that a later release reads what this one wrote.
//!
//! Star records of `docs/architecture.md` are [`Record::Intent`] and [`Record::Outcome`]; what waits for their
//! sync is the engine's business.

mod bytes;
mod outcome;
mod story_bytes;

pub use bytes::DecodeError;
pub use outcome::Outcome;

use exchange_types::{
    Amount, BuyerIndex, CampaignIndex, Reason, SellerIndex, UtcMicros, Uuid7, VerticalIndex,
};

use crate::{CandidateIndex, Story};
use bytes::{Reader, Writer};

/// What a shard writes down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A post is about to be made.
    Intent {
        /// Of which sale.
        auction: Uuid7,
        /// Whose lead.
        seller: SellerIndex,
        /// In which vertical.
        vertical: VerticalIndex,
        /// The catalog's version in which the indices hold.
        catalog_version: u64,
        /// To which campaign.
        campaign: CampaignIndex,
        /// To which company.
        buyer: BuyerIndex,
        /// Numbers the post among those of its auction.
        candidate: CandidateIndex,
        /// What the buyer would pay.
        price: Amount,
        /// What the seller would earn.
        payout: Amount,
        /// Whether nobody else may get the lead.
        exclusive: bool,
        /// When it was written; decides the windows of the counters.
        at: UtcMicros,
        /// When the post is given up.
        give_up_at: UtcMicros,
    },
    /// What came of a post.
    Outcome {
        /// Of which sale.
        auction: Uuid7,
        /// Of which post.
        candidate: CandidateIndex,
        /// What came of it.
        outcome: Outcome,
        /// What the buyer pays; nothing unless it accepted.
        price: Amount,
        /// The digest of the reply.
        digest: [u8; 16],
        /// When it was known.
        at: UtcMicros,
    },
    /// An auction is over.
    Closed(Story),
}

const INTENT: u8 = 1;
const OUTCOME: u8 = 2;
const CLOSED: u8 = 3;
/// The layout of this release.
const VERSION: u8 = 1;

/// Records of one shard, encoded one after another.
#[derive(Clone, Copy, Debug)]
pub struct RecordBatch<'a> {
    /// The number of the first record.
    pub first: u64,
    /// How many there are.
    pub count: u64,
    /// Their bytes.
    pub bytes: &'a [u8],
}

/// Appends the bytes of a record.
pub fn encode_record(record: &Record, out: &mut Vec<u8>) {
    match record {
        Record::Intent {
            auction,
            seller,
            vertical,
            catalog_version,
            campaign,
            buyer,
            candidate,
            price,
            payout,
            exclusive,
            at,
            give_up_at,
        } => framed(INTENT, out, |to| {
            to.u128(auction.as_u128());
            to.u32(seller.0);
            to.u16(vertical.0);
            to.u64(*catalog_version);
            to.u32(campaign.0);
            to.u32(buyer.0);
            to.u16(candidate.0);
            to.amount(*price);
            to.amount(*payout);
            to.flag(*exclusive);
            to.time(*at);
            to.time(*give_up_at);
        }),
        Record::Outcome { auction, candidate, outcome, price, digest, at } => framed(OUTCOME, out, |to| {
            to.u128(auction.as_u128());
            to.u16(candidate.0);
            outcome.write(to);
            to.amount(*price);
            to.bytes(digest);
            to.time(*at);
        }),
        Record::Closed(story) => encode_closed(story, out),
    }
}

/// Appends the bytes of a [`Record::Closed`] of a story.
pub fn encode_closed(story: &Story, out: &mut Vec<u8>) {
    framed(CLOSED, out, |to| story_bytes::write(story, to));
}

fn framed(kind: u8, out: &mut Vec<u8>, payload: impl FnOnce(&mut Writer<'_>)) {
    let start = out.len();
    let mut writer = Writer::new(out);
    writer.u32(0);
    writer.u8(kind);
    writer.u8(VERSION);
    payload(&mut writer);
    let length = u32::try_from(out.len().saturating_sub(start)).unwrap_or(u32::MAX);
    if let Some(place) = out.get_mut(start..start.saturating_add(4)) {
        place.copy_from_slice(&length.to_le_bytes());
    }
}

/// Reads the first record and returns it with the bytes after it.
///
/// # Errors
///
/// Says at which byte the record cannot be read.
pub fn decode_record(bytes: &[u8]) -> Result<(Record, &[u8]), DecodeError> {
    let mut head = Reader::new(bytes);
    let length = usize::try_from(head.u32()?).unwrap_or(usize::MAX);
    let (own, rest) = bytes.split_at_checked(length).ok_or(DecodeError::Truncated { at: bytes.len() })?;
    let mut from = Reader::new(own);
    let _length = from.u32()?;
    let kind = from.u8()?;
    let version = from.u8()?;
    if version != VERSION {
        return Err(DecodeError::Version { version });
    }
    let record = match kind {
        INTENT => Record::Intent {
            auction: from.uuid()?,
            seller: SellerIndex(from.u32()?),
            vertical: VerticalIndex(from.u16()?),
            catalog_version: from.u64()?,
            campaign: CampaignIndex(from.u32()?),
            buyer: BuyerIndex(from.u32()?),
            candidate: CandidateIndex(from.u16()?),
            price: from.amount()?,
            payout: from.amount()?,
            exclusive: from.flag()?,
            at: from.time()?,
            give_up_at: from.time()?,
        },
        OUTCOME => Record::Outcome {
            auction: from.uuid()?,
            candidate: CandidateIndex(from.u16()?),
            outcome: Outcome::read(&mut from)?,
            price: from.amount()?,
            digest: from.digest()?,
            at: from.time()?,
        },
        CLOSED => Record::Closed(story_bytes::read(&mut from)?),
        _ => return Err(DecodeError::Kind { kind }),
    };
    from.end()?;
    Ok((record, rest))
}

/// Returns the reason of a code in a record.
fn reason(code: u8, from: &Reader<'_>) -> Result<Reason, DecodeError> {
    Reason::from_code(code).ok_or(DecodeError::Value { at: from.position() })
}

#[cfg(test)]
mod tests;
