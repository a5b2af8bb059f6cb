//! [`Tallies`]: what each campaign has sent and sold, by the time of its intents.
//!
//! Windows of caps begin at quarter hours of UTC in every zone in use, so quarter hours are kept as long as the
//! window of an hour, day or week may need them: eight days. What is older goes into the body of its UTC month;
//! only the 14 hours on either side of a month's first instant, in which the month begins somewhere, stay in
//! quarter hours. What lies more than two months back counts in windows over all time alone. So a campaign takes
//! about 1,000 entries at most, of 40 bytes.

use std::collections::BTreeMap;

use exchange_counters::Posted;
use exchange_types::{Amount, UtcMicros};

use super::CheckpointError;
use super::bytes::{Reader, Writer};
use super::names::NameId;

const QUARTER: i64 = 900_000_000;
const QUARTERS_OF_DAY: i64 = 96;
/// A week, and a day for the zones.
const RECENT: i64 = 8 * QUARTERS_OF_DAY;
/// Zones lie at most 14 hours apart from UTC.
const EDGE: i64 = 14 * 4;
/// Stands for everything that is older than two months.
const BEFORE: i64 = i64::MIN;
/// Entries of a campaign beyond which old ones are merged.
const ENTRIES_MAX: usize = 1_536;

/// A campaign and the buyer to which it belonged.
pub(super) type Owner = (NameId, NameId);

/// What each campaign has sent and sold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tallies {
    by_owner: BTreeMap<Owner, BTreeMap<i64, Posted>>,
}

impl Tallies {
    /// Adds to what was counted at the moment of an intent; `latest` is the time of the latest record.
    pub(super) fn add(&mut self, owner: Owner, at: UtcMicros, more: Posted, latest: UtcMicros) {
        let entries = self.by_owner.entry(owner).or_default();
        let place = entries.entry(entry_of(at.0.div_euclid(QUARTER), latest)).or_default();
        merge(place, more);
        if entries.len() > ENTRIES_MAX {
            merge_old(entries, latest);
        }
    }

    /// Merges what is old, everywhere.
    pub(super) fn merge_old(&mut self, latest: UtcMicros) {
        self.by_owner.values_mut().for_each(|entries| merge_old(entries, latest));
    }

    /// Returns what was counted, each with its owner and a moment that lies in the same windows.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Owner, UtcMicros, Posted)> + '_ {
        self.by_owner.iter().flat_map(|(owner, entries)| {
            entries.iter().map(|(entry, posted)| (*owner, UtcMicros(entry.saturating_mul(QUARTER)), *posted))
        })
    }

    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.count(self.by_owner.len());
        for ((campaign, buyer), entries) in &self.by_owner {
            to.u32(campaign.0);
            to.u32(buyer.0);
            to.count(entries.len());
            for (entry, posted) in entries {
                to.i64(*entry);
                to.i64(posted.sent);
                to.i64(posted.sold);
                to.i64(posted.money.micros());
            }
        }
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, CheckpointError> {
        let mut by_owner = BTreeMap::new();
        for _ in 0..from.count()? {
            let owner = (NameId(from.u32()?), NameId(from.u32()?));
            let mut entries = BTreeMap::new();
            for _ in 0..from.count()? {
                let entry = from.i64()?;
                let (sent, sold) = (from.i64()?, from.i64()?);
                entries.insert(entry, Posted { sent, sold, money: Amount::from_micros(from.i64()?) });
            }
            by_owner.insert(owner, entries);
        }
        Ok(Self { by_owner })
    }
}

fn merge(place: &mut Posted, more: Posted) {
    place.sent = place.sent.saturating_add(more.sent);
    place.sold = place.sold.saturating_add(more.sold);
    place.money = Amount::from_micros(place.money.micros().saturating_add(more.money.micros()));
}

fn merge_old(entries: &mut BTreeMap<i64, Posted>, latest: UtcMicros) {
    let mut merged = BTreeMap::new();
    for (entry, posted) in core::mem::take(entries) {
        merge(merged.entry(entry_of(entry, latest)).or_default(), posted);
    }
    *entries = merged;
}

/// Returns the first quarter hour of the entry to which a quarter hour belongs, as it is seen at a moment.
fn entry_of(quarter: i64, latest: UtcMicros) -> i64 {
    let now = latest.0.div_euclid(QUARTER);
    if quarter == BEFORE || quarter > now.saturating_sub(RECENT) {
        return quarter;
    }
    let (first, next) = month_of(quarter);
    if months_between(quarter, now) > 2 {
        return BEFORE;
    }
    let body = first.saturating_add(EDGE);
    if body <= quarter && quarter < next.saturating_sub(EDGE) { body } else { quarter }
}

/// Returns the first quarter hour of a quarter hour's UTC month, and of the month after it.
fn month_of(quarter: i64) -> (i64, i64) {
    let first = first_of_month(quarter);
    // No month has more than 31 days, and none fewer than 28.
    (first, first_of_month(first.saturating_add(32 * QUARTERS_OF_DAY)))
}

fn first_of_month(quarter: i64) -> i64 {
    let (_, _, day, ..) = UtcMicros(quarter.saturating_mul(QUARTER)).civil();
    let midnight = quarter.saturating_sub(quarter.rem_euclid(QUARTERS_OF_DAY));
    midnight.saturating_sub(i64::from(day).saturating_sub(1).saturating_mul(QUARTERS_OF_DAY))
}

fn months_between(earlier: i64, later: i64) -> i64 {
    let months = |quarter: i64| {
        let (year, month, ..) = UtcMicros(quarter.saturating_mul(QUARTER)).civil();
        year.saturating_mul(12).saturating_add(i64::from(month))
    };
    months(later).saturating_sub(months(earlier))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000_000;
    /// 2026-03-01T00:00:00Z.
    const MARCH: i64 = 1_772_323_200_000_000;

    fn owner() -> Owner {
        (NameId(1), NameId(2))
    }

    fn one() -> Posted {
        Posted { sent: 1, sold: 1, money: Amount::from_micros(5) }
    }

    fn entries(tallies: &Tallies) -> Vec<(i64, i64)> {
        tallies.iter().map(|(_, at, posted)| (at.0, posted.sent)).collect()
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        let march = MARCH / QUARTER;
        assert_eq!(month_of(march - 1), (march - 28 * QUARTERS_OF_DAY, march));
        assert_eq!(month_of(march), (march, march + 31 * QUARTERS_OF_DAY));
        assert_eq!(months_between(march - 1, march), 1);
    }

    #[test]
    fn what_is_old_is_merged_but_not_over_the_start_of_a_month() {
        let mut tallies = Tallies::default();
        let quarters = 60 * QUARTERS_OF_DAY;
        let latest = UtcMicros(MARCH + 20 * DAY);
        for quarter in 0..quarters {
            tallies.add(owner(), UtcMicros(latest.0 - quarter * QUARTER), one(), latest);
        }
        tallies.merge_old(latest);
        let kept = entries(&tallies);
        assert!(kept.len() < 1_000, "{} entries", kept.len());
        assert_eq!(kept.iter().map(|(_, sent)| sent).sum::<i64>(), quarters, "nothing is lost");
        // What each entry holds lies on one side of the start of a month, in whatever zone.
        for zone in -12_i64..=14 {
            let begin = MARCH - zone * 3_600_000_000;
            let since: i64 = kept.iter().filter(|(at, _)| *at >= begin).map(|(_, sent)| sent).sum();
            assert_eq!(since, (latest.0 - begin) / QUARTER + 1, "zone {zone}");
        }
    }

    #[test]
    fn what_is_more_than_two_months_old_counts_over_all_time_alone() {
        let mut tallies = Tallies::default();
        let at = UtcMicros(MARCH);
        tallies.add(owner(), at, one(), at);
        tallies.merge_old(UtcMicros(MARCH + 100 * DAY));
        assert_eq!(entries(&tallies), [(i64::MIN, 1)]);
        // What comes late is counted in the same place.
        tallies.add(owner(), at, one(), UtcMicros(MARCH + 100 * DAY));
        assert_eq!(entries(&tallies), [(i64::MIN, 2)]);
    }
}
