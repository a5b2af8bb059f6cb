//! [`Window`]: the stretch of time over which a cap counts, by the clock on the wall of the buyer's zone.
//!
//! Windows are named, never reset: another hour or day is another name and so another cell. Windows of one
//! kind follow each other without a gap. A day begins at the first instant of its date and lasts until the
//! next date begins, however many hours that is. An hour is named by its offset from UTC too, so the
//! repeated hour of autumn is two windows; where clocks move by half an hour, a window may last half of one.

use core::fmt;

use exchange_catalog::snapshot::{WeekStart, WindowKind};
use exchange_types::UtcMicros;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{Span, Timestamp};

const HOUR_MICROS: i64 = 3_600_000_000;

/// A window with its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its name.
    pub id: WindowId,
    /// The first instant in it.
    pub opens: UtcMicros,
    /// The first instant after it.
    pub closes: UtcMicros,
}

/// The name of a window in its zone. It is written as a key: `2026-11-20`, `2026-W47`, `2026-11`,
/// `2026-10-25T02+02:00`, `total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WindowId {
    /// An hour of the wall clock at one offset.
    Hour {
        /// The date.
        date: Date,
        /// From 0 to 23.
        hour: i8,
        /// The offset from UTC, in seconds.
        offset_seconds: i32,
    },
    /// A date.
    Day(Date),
    /// The week that begins on this date, a Monday or a Sunday.
    Week(Date),
    /// A month of a year.
    Month {
        /// The year.
        year: i16,
        /// From 1 to 12.
        month: i8,
    },
    /// All time.
    Total,
}

/// Returns the window of a kind in which an instant lies.
pub fn window_at(zone: &TimeZone, kind: WindowKind, week_start: WeekStart, at: UtcMicros) -> Window {
    // Brought into the range in which the calendar can count.
    let at = micros(timestamp(at));
    match kind {
        WindowKind::Hour => hour_at(zone, at),
        WindowKind::Day => {
            let date = date_at(zone, at);
            between(zone, WindowId::Day(date), date, date.tomorrow().ok())
        }
        WindowKind::Week => {
            let date = date_at(zone, at);
            let days = match week_start {
                WeekStart::Monday => date.weekday().to_monday_zero_offset(),
                WeekStart::Sunday => date.weekday().to_sunday_zero_offset(),
            };
            let first = date.checked_sub(Span::new().days(days)).unwrap_or(Date::MIN);
            between(zone, WindowId::Week(first), first, first.checked_add(Span::new().days(7)).ok())
        }
        WindowKind::Month => {
            let date = date_at(zone, at);
            let id = WindowId::Month { year: date.year(), month: date.month() };
            between(zone, id, date.first_of_month(), date.last_of_month().tomorrow().ok())
        }
        WindowKind::Total => {
            Window { id: WindowId::Total, opens: UtcMicros(i64::MIN), closes: UtcMicros(i64::MAX) }
        }
    }
}

fn between(zone: &TimeZone, id: WindowId, first: Date, next: Option<Date>) -> Window {
    let closes = next.map_or(UtcMicros(i64::MAX), |next| start_of(zone, next));
    Window { id, opens: start_of(zone, first), closes }
}

/// Returns the latest date that has begun. Where clocks are set back over midnight, the evening before
/// comes again; the date that had begun goes on then.
fn date_at(zone: &TimeZone, at: UtcMicros) -> Date {
    let mut date = zone.to_datetime(timestamp(at)).date();
    // Clocks never move by more than a day, so one step is enough.
    if let Ok(next) = date.tomorrow()
        && start_of(zone, next) <= at
    {
        date = next;
    }
    date
}

/// Returns the first instant that has this date or, where the date was skipped, a later one.
fn start_of(zone: &TimeZone, date: Date) -> UtcMicros {
    let midnight = DateTime::from_parts(date, Time::midnight());
    let instant = |offset: Offset| offset.to_timestamp(midnight).ok();
    let start = match zone.to_ambiguous_timestamp(midnight).offset() {
        AmbiguousOffset::Unambiguous { offset } => instant(offset),
        AmbiguousOffset::Fold { before, .. } => instant(before),
        // Midnight was skipped: the date begins when the clocks move. Read at the later offset, midnight
        // lies before that instant.
        AmbiguousOffset::Gap { after, .. } => {
            instant(after).and_then(|earlier| zone.following(earlier).next()).map(|moved| moved.timestamp())
        }
    };
    start.map_or(UtcMicros(if date < Date::ZERO { i64::MIN } else { i64::MAX }), micros)
}

fn hour_at(zone: &TimeZone, at: UtcMicros) -> Window {
    let now = timestamp(at);
    let offset = zone.to_offset(now);
    let local = offset.to_datetime(now);
    let id = WindowId::Hour { date: local.date(), hour: local.hour(), offset_seconds: offset.seconds() };
    let at = micros(now);
    let since_hour = at.0.saturating_add(i64::from(offset.seconds()).saturating_mul(1_000_000));
    let mut opens = UtcMicros(at.0.saturating_sub(since_hour.rem_euclid(HOUR_MICROS)));
    let mut closes = UtcMicros(opens.0.saturating_add(HOUR_MICROS));
    // A change of offset inside the hour bounds it. Changes of the abbreviation alone do not.
    let changes = |moved: Timestamp| offset_before(zone, moved) != zone.to_offset(moved);
    let later = zone.following(now).map(|moved| moved.timestamp());
    if let Some(moved) = later.take_while(|&moved| micros(moved) < closes).find(|&moved| changes(moved)) {
        closes = micros(moved);
    }
    // `preceding` leaves out a change at the very instant.
    let just_after = now.checked_add(Span::new().nanoseconds(1)).unwrap_or(now);
    let earlier = zone.preceding(just_after).map(|moved| moved.timestamp());
    if let Some(moved) = earlier.take_while(|&moved| opens < micros(moved)).find(|&moved| changes(moved)) {
        opens = micros(moved);
    }
    Window { id, opens, closes }
}

fn offset_before(zone: &TimeZone, moved: Timestamp) -> Offset {
    zone.to_offset(moved.checked_sub(Span::new().nanoseconds(1)).unwrap_or(moved))
}

fn timestamp(at: UtcMicros) -> Timestamp {
    let edge = if at.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_microsecond(at.0).unwrap_or(edge)
}

fn micros(timestamp: Timestamp) -> UtcMicros {
    UtcMicros(timestamp.as_microsecond())
}

impl fmt::Display for WindowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Hour { date, hour, offset_seconds } => {
                let sign = if offset_seconds < 0 { '-' } else { '+' };
                let minutes = offset_seconds.unsigned_abs().div_euclid(60);
                let (hours, minutes) = (minutes.div_euclid(60), minutes.rem_euclid(60));
                write!(f, "{date}T{hour:02}{sign}{hours:02}:{minutes:02}")
            }
            Self::Day(date) => write!(f, "{date}"),
            Self::Week(first) => {
                // A week from Sunday bears the number of the ISO week with which it shares six days.
                let from_sunday = first.weekday() == Weekday::Sunday;
                let monday = if from_sunday { first.tomorrow().unwrap_or(first) } else { first };
                let week = monday.iso_week_date();
                write!(
                    f,
                    "{:04}-W{:02}{}",
                    week.year(),
                    week.week(),
                    if from_sunday { "-sunday" } else { "" }
                )
            }
            Self::Month { year, month } => write!(f, "{year:04}-{month:02}"),
            Self::Total => f.write_str("total"),
        }
    }
}

#[cfg(test)]
mod tests;
