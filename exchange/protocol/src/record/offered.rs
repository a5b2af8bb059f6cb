//! [`OfferedRecord`]: offers are held for a seller.

use exchange_types::{Amount, SmallText, UtcMicros, limits};

use super::bytes::{DecodeError, Reader, Writer};
use super::{read_list, story_bytes};
use crate::Story;

/// Offers are held for a seller. With the lead's record it is all that opens them again after a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfferedRecord {
    /// The account of the auction as it stood when the offers were made.
    pub story: Story,
    /// What stands behind the story's offers, in their order.
    pub held: Vec<HeldOffer>,
}

/// What stands behind an offer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldOffer {
    /// What the buyer would pay.
    pub price: Amount,
    /// What is taken from every budget of the campaign for all its offers together: the largest of its bids.
    pub reserved: Amount,
    /// As of when the counters count it.
    pub at: UtcMicros,
    /// The buyer's own name of the bid, if it gave one; a post tells it again.
    pub bid_id: SmallText<{ limits::BID_ID_BYTES_MAX }>,
}

impl OfferedRecord {
    pub(super) fn write(&self, to: &mut Writer<'_>) {
        story_bytes::write_version_1(&self.story, to);
        to.count(self.held.len());
        for held in &self.held {
            to.amount(held.price);
            to.amount(held.reserved);
            to.time(held.at);
            to.text(held.bid_id.as_str());
        }
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let story = story_bytes::read_version_1(from)?;
        let held = read_list(from, |from| {
            let (price, reserved, at) = (from.amount()?, from.amount()?, from.time()?);
            let bid_id = SmallText::try_new(from.text()?);
            let bid_id = bid_id.map_err(|_| DecodeError::Value { at: from.position() })?;
            Ok(HeldOffer { price, reserved, at, bid_id })
        })?;
        if held.len() != story.offers.len() {
            return Err(DecodeError::Value { at: from.position() });
        }
        Ok(Self { story, held })
    }
}
