//! Replies to pings.
//!
//! Strict where money is: one entry that cannot be used makes the whole reply a no-bid, with its reason.
//! Keys that are not known are passed over, so that replies may grow.

use core::cmp::Ordering;
use std::borrow::Cow;

use exchange_types::{Amount, BidEntries, BidEntry, Currency, PingReply, SmallText, limits};

use crate::json::{Elements, Item, JsonError, Members, Reader};

/// Decimals of a bid.
const BID_DECIMALS_MAX: u8 = 4;

/// Reads the reply to a ping. `bid_max` is the vertical's largest bid.
pub fn parse_ping(status: u16, body: &[u8], currency: Currency, bid_max: Amount) -> PingReply {
    match status {
        204 => PingReply::NoBid,
        200 if body.len() <= limits::PING_REPLY_BYTES_MAX => {
            let read = Reader::new(body).map_err(Refusal::from).and_then(|mut reader| {
                let reply = read_reply(&mut reader)?;
                reader.finish()?;
                reply.into_entries(currency, bid_max)
            });
            match read {
                Ok(entries) => PingReply::Bids(entries),
                Err(Refusal::NoBid) => PingReply::NoBid,
                Err(Refusal::BadPrice) => PingReply::BadPrice,
                Err(Refusal::BadReply) => PingReply::BadReply,
            }
        }
        _ => PingReply::BadReply,
    }
}

/// Why there is no bid in a reply, the worse the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Refusal {
    NoBid,
    BadPrice,
    BadReply,
}

impl Refusal {
    fn wrong_type(_: Item<'_>) -> Self {
        Self::BadReply
    }
}

impl From<JsonError> for Refusal {
    fn from(_: JsonError) -> Self {
        Self::BadReply
    }
}

/// A reply as it is written.
#[derive(Default)]
struct RawReply<'a> {
    /// The entry that the short form writes at the top.
    short: RawEntry<'a>,
    /// The entries of the long form.
    long: Option<RawEntries<'a>>,
    currency: Option<Cow<'a, str>>,
}

#[derive(Default)]
struct RawEntries<'a> {
    entries: [RawEntry<'a>; limits::BID_ENTRIES_MAX],
    count: usize,
}

/// An entry as it is written.
#[derive(Default)]
struct RawEntry<'a> {
    bid: Option<RawPrice<'a>>,
    max_buyers: Option<u16>,
    exclusive: bool,
    bid_id: Option<Cow<'a, str>>,
}

/// A price as it is written: the digits of a number or the inside of a text.
enum RawPrice<'a> {
    Written(Cow<'a, str>),
    /// A value of another type.
    Other,
}

fn read_reply<'a>(reader: &mut Reader<'a>) -> Result<RawReply<'a>, Refusal> {
    let mut reply = RawReply::default();
    let mut members = reader.object()?;
    while let Some(key) = reader.next_member(&mut members)? {
        match &*key {
            "bids" => {
                let elements = reader.item()?.array().map_err(Refusal::wrong_type)?;
                reply.long = Some(read_entries(reader, elements)?);
            }
            "currency" => reply.currency = Some(reader.item()?.text().map_err(Refusal::wrong_type)?),
            key => read_entry_member(reader, key, &mut reply.short)?,
        }
    }
    Ok(reply)
}

fn read_entries<'a>(reader: &mut Reader<'a>, mut elements: Elements) -> Result<RawEntries<'a>, Refusal> {
    let mut entries = RawEntries::default();
    while reader.next_element(&mut elements)? {
        let members = reader.item()?.object().map_err(Refusal::wrong_type)?;
        let entry = read_entry(reader, members)?;
        *entries.entries.get_mut(entries.count).ok_or(Refusal::BadReply)? = entry;
        entries.count = entries.count.saturating_add(1);
    }
    Ok(entries)
}

fn read_entry<'a>(reader: &mut Reader<'a>, mut members: Members) -> Result<RawEntry<'a>, Refusal> {
    let mut entry = RawEntry::default();
    while let Some(key) = reader.next_member(&mut members)? {
        read_entry_member(reader, &key, &mut entry)?;
    }
    Ok(entry)
}

fn read_entry_member<'a>(
    reader: &mut Reader<'a>,
    key: &str,
    entry: &mut RawEntry<'a>,
) -> Result<(), Refusal> {
    match key {
        "bid" => {
            entry.bid = Some(match reader.item()?.number_or_text() {
                Ok(written) => RawPrice::Written(written),
                Err(other) => {
                    reader.skip_rest(other)?;
                    RawPrice::Other
                }
            });
        }
        "max_buyers" => {
            entry.max_buyers = Some(count(reader.item()?.number().map_err(Refusal::wrong_type)?)?);
        }
        "exclusive" => {
            let Item::Boolean(exclusive) = reader.item()? else { return Err(Refusal::BadReply) };
            entry.exclusive = exclusive;
        }
        "bid_id" => entry.bid_id = Some(reader.item()?.text().map_err(Refusal::wrong_type)?),
        _ => reader.skip()?,
    }
    Ok(())
}

/// Reads a number of companies, at least one. More than there can ever be is as good as any number.
fn count(digits: &str) -> Result<u16, Refusal> {
    let number = digits.parse::<u64>().map_err(|_| Refusal::BadReply)?;
    if number == 0 { Err(Refusal::BadReply) } else { Ok(u16::try_from(number).unwrap_or(u16::MAX)) }
}

impl RawReply<'_> {
    /// Checks every entry; the worst one names the reason.
    fn into_entries(self, currency: Currency, bid_max: Amount) -> Result<BidEntries, Refusal> {
        let Self { short, long, currency: given } = self;
        let mut checked = BidEntries::new();
        let mut worst = None;
        let mut take = |entry: RawEntry<'_>| match entry.check(bid_max) {
            Ok(entry) if checked.push(entry) => {}
            Ok(_) => worst = worst.max(Some(Refusal::BadReply)),
            Err(refusal) => worst = worst.max(Some(refusal)),
        };
        match (short.bid.is_some(), long) {
            (true, None) => take(short),
            (false, Some(RawEntries { entries, count })) => entries.into_iter().take(count).for_each(take),
            // Both forms at once, or neither.
            (true, Some(_)) | (false, None) => return Err(Refusal::BadReply),
        }
        if given.is_some_and(|code| Currency::parse(&code) != Some(currency)) {
            worst = worst.max(Some(Refusal::BadPrice));
        }
        match worst {
            Some(refusal) => Err(refusal),
            // A list without entries declines as a bid of zero does.
            None if checked.as_slice().is_empty() => Err(Refusal::NoBid),
            None => Ok(checked),
        }
    }
}

impl RawEntry<'_> {
    fn check(self, bid_max: Amount) -> Result<BidEntry, Refusal> {
        let Some(RawPrice::Written(price)) = self.bid else {
            return Err(if self.bid.is_some() { Refusal::BadPrice } else { Refusal::BadReply });
        };
        let amount = Amount::parse(&price, BID_DECIMALS_MAX).map_err(|_| Refusal::BadPrice)?;
        match amount.cmp(&Amount::ZERO) {
            Ordering::Less => return Err(Refusal::BadPrice),
            Ordering::Equal => return Err(Refusal::NoBid),
            Ordering::Greater if amount > bid_max => return Err(Refusal::BadPrice),
            Ordering::Greater => {}
        }
        let max_buyers = match (self.exclusive, self.max_buyers) {
            (true, None | Some(1)) => 1,
            (true, Some(_)) => return Err(Refusal::BadReply),
            (false, given) => given.unwrap_or(0),
        };
        let bid_id =
            SmallText::try_new(self.bid_id.as_deref().unwrap_or("")).map_err(|_| Refusal::BadReply)?;
        Ok(BidEntry { amount, max_buyers, bid_id })
    }
}

#[cfg(test)]
mod tests;
