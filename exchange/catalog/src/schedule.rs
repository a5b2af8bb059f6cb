//! [`Schedule`]: when a campaign takes leads.
//!
//! Openings are written in wall-clock time of the buyer's zone. A schedule is worked out once as the
//! instants at which it changes, over a horizon; asking is a binary search then. Beyond the horizon the
//! rules themselves are asked, so the answer is never wrong, only slower.
//!
//! The wall clock decides alone: an hour that is repeated in autumn is open both times, and one that is
//! skipped in spring is not there.

use exchange_types::UtcMicros;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};

/// Days for which the changes are worked out: a month with some days to spare for applying a new catalog
/// or [`Snapshot::refresh`](crate::Snapshot::refresh).
const HORIZON_DAYS: i32 = 35;
/// Days in which the next change is looked for beyond the horizon. Every schedule repeats after a week;
/// the rest bridges a change of the clocks.
const LOOK_AHEAD_DAYS: i32 = 10;
const MINUTES_OF_DAY: u16 = 24 * 60;

/// Opening times of a campaign. The default is always open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    openings: Box<[Opening]>,
    zone: TimeZone,
    from: UtcMicros,
    until: UtcMicros,
    open_at_first: bool,
    /// Instants from `from` on at which an open schedule closes or a closed one opens.
    changes: Box<[UtcMicros]>,
}

/// Wall-clock times on some days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opening {
    /// Monday is the lowest bit.
    pub(crate) days: u8,
    /// Minutes since midnight.
    pub(crate) from: u16,
    /// Minutes since midnight, up to 24:00. At most `from` where the opening ends on the next day.
    pub(crate) to: u16,
}

impl Default for Schedule {
    fn default() -> Self {
        Self::always()
    }
}

impl Schedule {
    /// Returns the schedule that is always open.
    pub fn always() -> Self {
        Self {
            openings: [].into(),
            zone: TimeZone::UTC,
            from: UtcMicros(i64::MIN),
            until: UtcMicros(i64::MAX),
            open_at_first: true,
            changes: [].into(),
        }
    }

    pub(crate) fn new(openings: Vec<Opening>, zone: TimeZone, now: UtcMicros) -> Self {
        let schedule = Self { openings: openings.into(), zone, ..Self::always() };
        if schedule.openings.is_empty() { schedule } else { schedule.at(now) }
    }

    /// Returns the same schedule with its changes worked out from `now` on.
    #[must_use]
    pub fn refresh(&self, now: UtcMicros) -> Self {
        if self.openings.is_empty() { self.clone() } else { self.clone().at(now) }
    }

    /// Returns whether the schedule is open.
    pub fn is_open(&self, at: UtcMicros) -> bool {
        if self.openings.is_empty() {
            return true;
        }
        if at < self.from || self.until <= at {
            return self.is_open_by_rules(at);
        }
        let changed = self.changes.partition_point(|&change| change <= at);
        self.open_at_first == changed.is_multiple_of(2)
    }

    /// Returns the first instant after `at` at which the schedule opens or closes; none where it never
    /// does.
    pub fn next_change(&self, at: UtcMicros) -> Option<UtcMicros> {
        if self.openings.is_empty() {
            return None;
        }
        if self.from <= at && at < self.until {
            let next = self.changes.partition_point(|&change| change <= at);
            if let Some(&change) = self.changes.get(next) {
                return Some(change);
            }
        }
        let changes = self.changes_between(at, days_after(at, LOOK_AHEAD_DAYS));
        changes.first().copied()
    }

    /// Returns the instant up to which the changes are worked out.
    pub fn horizon(&self) -> UtcMicros {
        self.until
    }

    /// Asks the rules themselves: what the wall clock of the zone shows.
    pub(crate) fn is_open_by_rules(&self, at: UtcMicros) -> bool {
        let Ok(timestamp) = Timestamp::from_microsecond(at.0) else { return false };
        let local = self.zone.to_datetime(timestamp);
        let today = u8::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0);
        let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap_or(0);
        self.openings.iter().any(|opening| opening.covers(today, minute))
    }

    fn at(mut self, now: UtcMicros) -> Self {
        self.from = now;
        self.until = days_after(now, HORIZON_DAYS);
        self.open_at_first = self.is_open_by_rules(now);
        self.changes = self.changes_between(now, self.until).into();
        self
    }

    /// Returns the changes after `from` and before `until`.
    ///
    /// Between two instants at which the wall clock shows an edge of an opening or jumps nothing changes;
    /// so it is enough to ask the rules at these.
    fn changes_between(&self, from: UtcMicros, until: UtcMicros) -> Vec<UtcMicros> {
        let mut edges = self.edges_between(from, until);
        edges.sort_unstable();
        let mut open = self.is_open_by_rules(from);
        edges.retain(|&edge| {
            let inside = from < edge && edge < until;
            let changes = inside && self.is_open_by_rules(edge) != open;
            open ^= changes;
            changes
        });
        edges
    }

    fn edges_between(&self, from: UtcMicros, until: UtcMicros) -> Vec<UtcMicros> {
        let (Ok(first), Ok(last)) =
            (Timestamp::from_microsecond(from.0), Timestamp::from_microsecond(until.0))
        else {
            return Vec::new();
        };
        let micros = |timestamp: Timestamp| UtcMicros(timestamp.as_microsecond());
        let jumps = self.zone.following(first).map(|transition| transition.timestamp());
        let mut edges: Vec<UtcMicros> = jumps.take_while(|&jump| jump < last).map(micros).collect();
        // A day earlier, since an opening may have begun on the day before.
        let first_day = self.zone.to_datetime(first).date().yesterday();
        let last_day = self.zone.to_datetime(last).date();
        for day in first_day.iter().flat_map(|day| day.series(Span::new().days(1))) {
            if day > last_day {
                break;
            }
            for opening in &self.openings {
                for minutes in [opening.from, opening.to] {
                    let midnight = day.to_datetime(jiff::civil::Time::midnight());
                    let wall = midnight.checked_add(Span::new().minutes(i64::from(minutes)));
                    edges.extend(wall.iter().flat_map(|&wall| self.instants_of(wall)).map(micros));
                }
            }
        }
        edges
    }

    /// Returns the instants at which the wall clock shows a time: one, two where the hour is repeated, or
    /// the jump where it is skipped.
    fn instants_of(&self, wall: DateTime) -> impl Iterator<Item = Timestamp> + use<> {
        let offsets = match self.zone.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset } => [Some(offset), None],
            AmbiguousOffset::Gap { before, after } | AmbiguousOffset::Fold { before, after } => {
                [Some(before), Some(after)]
            }
        };
        offsets.into_iter().flatten().filter_map(move |offset| offset.to_timestamp(wall).ok())
    }
}

impl Opening {
    fn covers(self, today: u8, minute: u16) -> bool {
        let on = |day: u8| self.days & (1 << day) != 0;
        let yesterday = if today == 0 { 6 } else { today - 1 };
        if self.from < self.to {
            return on(today) && self.from <= minute && minute < self.to;
        }
        (on(today) && self.from <= minute) || (on(yesterday) && minute < self.to)
    }

    /// Returns whether the times lie in a day and are not the same.
    pub(crate) const fn is_valid(self) -> bool {
        self.from < MINUTES_OF_DAY && self.to <= MINUTES_OF_DAY && self.from != self.to
    }
}

fn days_after(at: UtcMicros, days: i32) -> UtcMicros {
    const MICROS_OF_DAY: i64 = 86_400_000_000;
    UtcMicros(at.0.saturating_add(i64::from(days).saturating_mul(MICROS_OF_DAY)))
}

#[cfg(test)]
mod tests;
