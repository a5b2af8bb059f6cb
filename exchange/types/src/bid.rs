//! What came of a ping.

use crate::{Amount, SmallText, limits};

/// One entry of a buyer's reply: a price and the most companies for which it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BidEntry {
    /// The bid, exact: at most four decimals.
    pub amount: Amount,
    /// The most companies, this one included, for which the price holds; zero stands for any number.
    pub max_buyers: u16,
    /// The buyer's own id of the bid, given back in the post.
    pub bid_id: SmallText<{ limits::BID_ID_BYTES_MAX }>,
}

/// The entries of one reply, at most [`limits::BID_ENTRIES_MAX`], stored in place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BidEntries {
    entries: [BidEntry; limits::BID_ENTRIES_MAX],
    count: u8,
}

impl BidEntries {
    /// No entries.
    pub const fn new() -> Self {
        const NONE: BidEntry = BidEntry { amount: Amount::ZERO, max_buyers: 0, bid_id: SmallText::EMPTY };
        Self { entries: [NONE; limits::BID_ENTRIES_MAX], count: 0 }
    }

    /// Adds an entry and returns whether there was room.
    pub fn push(&mut self, entry: BidEntry) -> bool {
        let Some(place) = self.entries.get_mut(usize::from(self.count)) else { return false };
        *place = entry;
        self.count = self.count.saturating_add(1);
        true
    }

    /// Returns the entries in the order of the reply.
    pub fn as_slice(&self) -> &[BidEntry] {
        self.entries.get(..usize::from(self.count)).unwrap_or(&[])
    }
}

/// What came of a ping, as the buyer's client hands it to the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "stored in place so that a reply allocates nothing")]
pub enum PingReply {
    /// At least one usable entry.
    Bids(BidEntries),
    /// The buyer declined: 204, or a bid of zero.
    NoBid,
    /// No answer by the time that the ping allowed.
    Timeout,
    /// The connection could not be made, broke, or had no room.
    ConnectFailed,
    /// An answer that cannot be read.
    BadReply,
    /// An answer whose price is out of range or in another currency.
    BadPrice,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_bounded() {
        let mut entries = BidEntries::new();
        for _ in 0..limits::BID_ENTRIES_MAX {
            assert!(entries.push(BidEntry { max_buyers: 7, ..BidEntry::default() }));
        }
        assert!(!entries.push(BidEntry::default()));
        assert_eq!(entries.as_slice().len(), limits::BID_ENTRIES_MAX);
        assert!(entries.as_slice().iter().all(|entry| entry.max_buyers == 7));
        assert!(BidEntries::new().as_slice().is_empty());
    }
}
