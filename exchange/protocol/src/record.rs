//! [`Record`]: what a shard writes down, and its bytes.
//!
//! A record is a length (u32), a kind and a version (a byte each) and a payload, all little-endian and laid
//! out field by field, so that a later release reads what this one wrote. A layout never changes: a record that
//! says more has the next version, is written so only where it does say more, and every version is read.
//!
//! Star records of `docs/architecture.md` are [`Record::Intent`] and [`Record::Outcome`]; what waits for their
//! sync is the engine's business. A record holds facts; personal data stands beside it as ciphertext, in the
//! sealed part of its [`RecordBatch`].

mod answered;
pub(crate) mod bytes;
mod erasure;
mod lead;
mod names;
mod offered;
mod outcome;
mod post_bytes;
mod resolution;
mod sale_change;
mod sealed;
mod sealed_text;
mod stop;
mod story_bytes;
mod suppression;

pub use answered::AnsweredRecord;
pub use bytes::DecodeError;
pub use erasure::{Acknowledgement, Erasure};
pub use lead::{ClaimRecord, CompletedRecord, LeadRecord};
pub use names::CatalogNames;
pub use offered::{HeldOffer, OfferedRecord};
pub use outcome::Outcome;
pub use resolution::{Dispute, Resolution, ResolvedBy};
pub use sale_change::{BalanceChange, CounterMove, ReturnReason, SaleChange, SaleStep};
pub use sealed::{SealClass, Sealed, SlotRef};
pub use sealed_text::SealedText;
pub use stop::{Stop, StopKind};
pub use suppression::{Suppression, SuppressionList};

use exchange_types::{
    Amount, BuyerIndex, CampaignIndex, Reason, SellerIndex, SmallText, UtcMicros, Uuid7, VerticalIndex,
    limits::BID_ID_BYTES_MAX,
};

use crate::{CandidateIndex, Story};
use bytes::{Reader, Writer};
use post_bytes::{read_intent, read_outcome, write_intent, write_outcome};

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
        /// Which entry of the bid was taken.
        entry: u8,
        /// The buyer's own name of the bid, or empty; a post that is sent again names it again.
        bid_id: SmallText<BID_ID_BYTES_MAX>,
        /// What the buyer would pay.
        price: Amount,
        /// What the seller would earn.
        payout: Amount,
        /// What every budget holds for the post until its outcome is known: the bid that was picked or, where several
        /// bids of the campaign are held by one hold, the largest of them. The price may leave a part of it.
        reserved: Amount,
        /// Whether nobody else may get the lead.
        exclusive: bool,
        /// As of when the counters count it; decides their windows. It is when the intent was written or, where the
        /// clock had been set back, the opening of the latest window that had begun by then.
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
        /// What the seller earns; nothing unless the buyer accepted.
        payout: Amount,
        /// The digest of the reply.
        digest: [u8; 16],
        /// When it was known.
        at: UtcMicros,
        /// When the sale settles: its return window is over then. As `at` where there is no sale.
        settles_at: UtcMicros,
        /// Where the person is to be sent, or an empty text. It may name the person, so it stands there as a
        /// [`SealedText`].
        redirect_url: Box<str>,
    },
    /// An auction is over.
    Closed(Story),
    /// A lead or ping was admitted.
    Lead(LeadRecord),
    /// A seller posted its ping.
    Completed(CompletedRecord),
    /// Offers are held for a seller.
    Offered(OfferedRecord),
    /// An unknown post was resolved.
    Resolved(Resolution),
    /// A fact contradicts how a post was resolved.
    Disputed(Dispute),
    /// Something happened to a sale.
    SaleChanged(SaleChange),
    /// Money came into a prepaid balance or left it.
    Balance(BalanceChange),
    /// A catalog is about to be in force.
    Catalog(CatalogNames),
    /// The personal data of a lead was erased.
    Erased(Erasure),
    /// A buyer has erased a lead too.
    Acknowledged(Acknowledgement),
    /// An operator has stopped a part of the market, or started it again.
    Stopped(Stop),
    /// Persons came onto a suppression list, or were taken off it.
    Suppressed(Suppression),
    /// A seller's post was told something that changes nothing about its ping.
    Answered(AnsweredRecord),
}

const INTENT: u8 = 1;
const OUTCOME: u8 = 2;
const CLOSED: u8 = 3;
const LEAD: u8 = 4;
const COMPLETED: u8 = 5;
const OFFERED: u8 = 6;
const RESOLVED: u8 = 7;
const DISPUTED: u8 = 8;
const SALE_CHANGED: u8 = 9;
const BALANCE: u8 = 10;
const CATALOG: u8 = 11;
const ERASED: u8 = 12;
const ACKNOWLEDGED: u8 = 13;
const SUPPRESSED: u8 = 14;
const STOPPED: u8 = 16;
const ANSWERED: u8 = 19;
/// [`LEAD`] of a test.
const TEST_LEAD: u8 = 20;
/// [`CLOSED`] of a test.
const TEST_CLOSED: u8 = 21;
/// The first layout; the only one of most records.
const VERSION: u8 = 1;
/// The second layout of [`Record::Closed`], [`Record::Lead`] and [`Record::Completed`], and of [`Record::Answered`]
/// with the story of the first.
const VERSION_2: u8 = 2;

/// Records of one shard, encoded one after another.
#[derive(Clone, Copy, Debug)]
pub struct RecordBatch<'a> {
    /// The number of the first record.
    pub first: u64,
    /// How many there are.
    pub count: u64,
    /// Their bytes.
    pub bytes: &'a [u8],
    /// The ciphertexts that they own, in the order of the records.
    pub sealed: &'a [u8],
}

impl Record {
    /// Returns how many bytes of its batch's sealed part belong to the record.
    pub fn sealed_length(&self) -> usize {
        let (sealed, consent) = match self {
            Self::Lead(lead) => (&lead.sealed, &lead.consent),
            Self::Completed(post) => (&post.sealed, &post.consent),
            Self::Intent { .. }
            | Self::Outcome { .. }
            | Self::Closed(_)
            | Self::Offered(_)
            | Self::Resolved(_)
            | Self::Disputed(_)
            | Self::SaleChanged(_)
            | Self::Balance(_)
            | Self::Catalog(_)
            | Self::Erased(_)
            | Self::Acknowledged(_)
            | Self::Stopped(_)
            | Self::Suppressed(_)
            | Self::Answered(_) => return 0,
        };
        let consent = consent.map_or(0, |consent| consent.length);
        usize::try_from(sealed.length.saturating_add(consent)).unwrap_or(usize::MAX)
    }
}

impl From<Dispute> for Record {
    fn from(dispute: Dispute) -> Self {
        Self::Disputed(dispute)
    }
}

impl From<SaleChange> for Record {
    fn from(change: SaleChange) -> Self {
        Self::SaleChanged(change)
    }
}

impl From<BalanceChange> for Record {
    fn from(change: BalanceChange) -> Self {
        Self::Balance(change)
    }
}

impl From<CatalogNames> for Record {
    fn from(names: CatalogNames) -> Self {
        Self::Catalog(names)
    }
}

impl From<Erasure> for Record {
    fn from(erasure: Erasure) -> Self {
        Self::Erased(erasure)
    }
}

impl From<Acknowledgement> for Record {
    fn from(told: Acknowledgement) -> Self {
        Self::Acknowledged(told)
    }
}

impl From<Stop> for Record {
    fn from(stop: Stop) -> Self {
        Self::Stopped(stop)
    }
}

impl From<Suppression> for Record {
    fn from(change: Suppression) -> Self {
        Self::Suppressed(change)
    }
}

/// Returns what happened to sales, of all that records say.
pub fn sale_changes(records: &[Record]) -> impl Iterator<Item = &SaleChange> {
    records
        .iter()
        .filter_map(|record| if let Record::SaleChanged(change) = record { Some(change) } else { None })
}

/// Appends the bytes of a record.
pub fn encode_record(record: &Record, out: &mut Vec<u8>) {
    match record {
        Record::Intent { .. } => framed(INTENT, out, |to| write_intent(record, to)),
        Record::Outcome { .. } => framed(OUTCOME, out, |to| write_outcome(record, to)),
        Record::Closed(story) => encode_closed(story, out),
        Record::Lead(lead) => {
            let kind = if lead.test { TEST_LEAD } else { LEAD };
            framed_as((kind, lead.version()), out, |to| lead.write(to));
        }
        Record::Completed(post) => framed_as((COMPLETED, post.version()), out, |to| post.write(to)),
        Record::Offered(offered) => encode_offered(offered, out),
        Record::Resolved(resolution) => framed(RESOLVED, out, |to| resolution.write(to)),
        Record::Disputed(dispute) => framed(DISPUTED, out, |to| dispute.write(to)),
        Record::SaleChanged(change) => framed(SALE_CHANGED, out, |to| change.write(to)),
        Record::Balance(change) => framed(BALANCE, out, |to| change.write(to)),
        Record::Catalog(names) => framed(CATALOG, out, |to| names.write(to)),
        Record::Erased(erasure) => framed(ERASED, out, |to| erasure.write(to)),
        Record::Acknowledged(told) => framed(ACKNOWLEDGED, out, |to| told.write(to)),
        Record::Stopped(stop) => framed(STOPPED, out, |to| stop.write(to)),
        Record::Suppressed(change) => framed(SUPPRESSED, out, |to| change.write(to)),
        Record::Answered(post) => {
            framed_as((ANSWERED, story_bytes::version(&post.told)), out, |to| post.write(to));
        }
    }
}

/// Appends the bytes of a [`Record::Closed`] of a story.
pub fn encode_closed(story: &Story, out: &mut Vec<u8>) {
    let kind = if story.test { TEST_CLOSED } else { CLOSED };
    framed_as((kind, story_bytes::version(story)), out, |to| story_bytes::write(story, to));
}

/// Appends the bytes of a [`Record::Offered`].
pub fn encode_offered(offered: &OfferedRecord, out: &mut Vec<u8>) {
    framed(OFFERED, out, |to| offered.write(to));
}

fn framed(kind: u8, out: &mut Vec<u8>, payload: impl FnOnce(&mut Writer<'_>)) {
    framed_as((kind, VERSION), out, payload);
}

fn framed_as((kind, version): (u8, u8), out: &mut Vec<u8>, payload: impl FnOnce(&mut Writer<'_>)) {
    let start = out.len();
    let mut writer = Writer::new(out);
    writer.u32(0);
    writer.u8(kind);
    writer.u8(version);
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
    let newest = match kind {
        CLOSED | TEST_CLOSED | LEAD | TEST_LEAD | COMPLETED | ANSWERED => VERSION_2,
        _ => VERSION,
    };
    if !(VERSION..=newest).contains(&version) {
        return Err(DecodeError::Version { version });
    }
    let record = read_payload((kind, version), &mut from)?;
    from.end()?;
    Ok((record, rest))
}

fn read_payload((kind, version): (u8, u8), from: &mut Reader<'_>) -> Result<Record, DecodeError> {
    Ok(match kind {
        INTENT => read_intent(from)?,
        OUTCOME => read_outcome(from)?,
        CLOSED => Record::Closed(story_bytes::read(version, from)?),
        TEST_CLOSED => Record::Closed(Story { test: true, ..story_bytes::read(version, from)? }),
        LEAD | TEST_LEAD => Record::Lead(LeadRecord::read((kind == TEST_LEAD, version), from)?),
        COMPLETED => Record::Completed(CompletedRecord::read(version, from)?),
        OFFERED => Record::Offered(OfferedRecord::read(from)?),
        RESOLVED => Record::Resolved(Resolution::read(from)?),
        DISPUTED => Record::Disputed(Dispute::read(from)?),
        SALE_CHANGED => Record::SaleChanged(SaleChange::read(from)?),
        BALANCE => Record::Balance(BalanceChange::read(from)?),
        CATALOG => Record::Catalog(CatalogNames::read(from)?),
        ERASED => Record::Erased(Erasure::read(from)?),
        ACKNOWLEDGED => Record::Acknowledged(Acknowledgement::read(from)?),
        SUPPRESSED => Record::Suppressed(Suppression::read(from)?),
        STOPPED => Record::Stopped(Stop::read(from)?),
        ANSWERED => Record::Answered(AnsweredRecord::read(version, from)?),
        _ => return Err(DecodeError::Kind { kind }),
    })
}

pub(crate) fn write_optional<T>(
    value: Option<&T>,
    to: &mut Writer<'_>,
    write: impl FnOnce(&T, &mut Writer<'_>),
) {
    to.flag(value.is_some());
    if let Some(value) = value {
        write(value, to);
    }
}

pub(crate) fn read_optional<'a, T>(
    from: &mut Reader<'a>,
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<Option<T>, DecodeError> {
    if from.flag()? { read(from).map(Some) } else { Ok(None) }
}

pub(crate) fn read_list<'a, T>(
    from: &mut Reader<'a>,
    mut one: impl FnMut(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let count = from.count()?;
    (0..count).map(|_| one(from)).collect()
}

/// Returns the reason of a code in a record.
fn reason(code: u8, from: &Reader<'_>) -> Result<Reason, DecodeError> {
    Reason::from_code(code).ok_or(DecodeError::Value { at: from.position() })
}

#[cfg(test)]
mod tests;
