//! Windows against a walk over the minutes, and their names on days that are odd.

use super::*;

const MINUTE: i64 = 60_000_000;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("a zone of the bundled database")
}

fn instant(text: &str) -> UtcMicros {
    micros(text.parse().expect("an instant"))
}

fn check(zone_name: &str, kind: WindowKind, at: &str, expected: (&str, &str, &str)) {
    let window = window_at(&zone(zone_name), kind, WeekStart::Monday, instant(at));
    assert_eq!(window.id.to_string(), expected.0, "{zone_name} {at}");
    assert_eq!((window.opens, window.closes), (instant(expected.1), instant(expected.2)), "{zone_name} {at}");
}

#[test]
fn windows_are_named_in_the_buyers_zone() {
    let (day, hour) = (WindowKind::Day, WindowKind::Hour);
    let berlin = "Europe/Berlin";
    check(
        berlin,
        day,
        "2026-11-19T23:00:00Z",
        ("2026-11-20", "2026-11-19T23:00:00Z", "2026-11-20T23:00:00Z"),
    );
    // A day of 25 hours, one of 23.
    check(
        berlin,
        day,
        "2026-10-25T12:00:00Z",
        ("2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
    );
    check(
        berlin,
        day,
        "2026-03-29T12:00:00Z",
        ("2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
    );
    // The repeated hour is two windows.
    let (first, second) = ("2026-10-25T02+02:00", "2026-10-25T02+01:00");
    check(berlin, hour, "2026-10-25T00:30:00Z", (first, "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"));
    check(berlin, hour, "2026-10-25T01:00:00Z", (second, "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"));
    // Clocks that move by half an hour, and midnights that do not exist.
    let half = "2026-04-05T01+10:30";
    check(
        "Australia/Lord_Howe",
        hour,
        "2026-04-04T15:10:00Z",
        (half, "2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z"),
    );
    let beirut = ("2026-03-29", "2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z");
    check("Asia/Beirut", day, "2026-03-28T22:00:00Z", beirut);
    let kathmandu = "2026-01-01T05+05:45";
    check(
        "Asia/Kathmandu",
        hour,
        "2026-01-01T00:00:00Z",
        (kathmandu, "2025-12-31T23:15:00Z", "2026-01-01T00:15:00Z"),
    );
}

#[test]
fn weeks_months_and_all_time_are_named() {
    let named = |kind, start, at| window_at(&TimeZone::UTC, kind, start, instant(at)).id.to_string();
    let (monday, sunday) = (WeekStart::Monday, WeekStart::Sunday);
    assert_eq!(named(WindowKind::Week, monday, "2026-11-20T10:00:00Z"), "2026-W47");
    assert_eq!(named(WindowKind::Week, monday, "2027-01-03T23:59:59Z"), "2026-W53");
    assert_eq!(named(WindowKind::Week, sunday, "2026-11-22T00:00:00Z"), "2026-W48-sunday");
    assert_eq!(named(WindowKind::Month, monday, "2028-02-29T23:59:59Z"), "2028-02");
    assert_eq!(named(WindowKind::Total, monday, "2026-11-20T10:00:00Z"), "total");
}

/// What walking over the minutes sees: the latest date so far and, for hours, the clock itself.
fn label(kind: WindowKind, latest: Date, local: DateTime, offset: Offset) -> (i16, i8, i8, i32) {
    let date = local.date();
    match kind {
        WindowKind::Hour => (date.day_of_year(), local.hour(), 0, offset.seconds()),
        WindowKind::Day => (latest.year(), latest.month(), latest.day(), 0),
        WindowKind::Week => (latest.iso_week_date().year(), latest.iso_week_date().week(), 0, 0),
        WindowKind::Month => (latest.year(), latest.month(), 0, 0),
        WindowKind::Total => (0, 0, 0, 0),
    }
}

/// Walks minute by minute from `from` for `days`, and checks that windows change exactly where labels do.
fn walk(zone_name: &str, from: &str, days: i64) {
    let zone = zone(zone_name);
    let start = instant(from);
    for kind in [WindowKind::Hour, WindowKind::Day, WindowKind::Week, WindowKind::Month] {
        let mut latest = zone.to_datetime(timestamp(start)).date();
        let mut window = window_at(&zone, kind, WeekStart::Monday, start);
        let mut before = None;
        let ends = start.0.saturating_add(days.saturating_mul(1_440 * MINUTE));
        let mut at = start;
        while at.0 < ends {
            let now = timestamp(at);
            let (local, offset) = (zone.to_datetime(now), zone.to_offset(now));
            latest = latest.max(local.date());
            let here = label(kind, latest, local, offset);
            if before.is_some_and(|before| before != here) {
                assert_eq!(window.closes, at, "{zone_name} {kind:?} {now}");
                let next = window_at(&zone, kind, WeekStart::Monday, at);
                assert_eq!((next.opens, next.id == window.id), (at, false), "{zone_name} {kind:?} {now}");
                window = next;
            }
            assert!(window.opens <= at && at < window.closes, "{zone_name} {kind:?} {now}");
            if local.minute().rem_euclid(15) == 1 {
                assert_eq!(
                    window_at(&zone, kind, WeekStart::Monday, at),
                    window,
                    "{zone_name} {kind:?} {now}"
                );
            }
            before = Some(here);
            at = UtcMicros(at.0.saturating_add(MINUTE));
        }
    }
}

#[test]
fn windows_change_where_the_wall_clock_says_around_every_transition() {
    let zones = [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Beirut",
        "America/Santiago",
        "Africa/Casablanca",
        "Asia/Tehran",
    ];
    for name in zones {
        let zone = zone(name);
        let (from, until) = (instant("2022-01-01T00:00:00Z"), instant("2027-06-01T00:00:00Z"));
        for moved in zone.following(timestamp(from)).take_while(|moved| micros(moved.timestamp()) < until) {
            let day_before = moved.timestamp().checked_sub(Span::new().hours(25)).expect("in range");
            // Whole minutes: all of these zones move on one.
            walk(name, &day_before.to_string(), 2);
        }
    }
}

#[test]
fn windows_change_where_the_wall_clock_says_in_odd_zones() {
    walk("Asia/Kathmandu", "2026-01-30T00:00:00Z", 3);
    walk("America/St_Johns", "2006-10-28T00:00:00Z", 3);
    walk("America/St_Johns", "2007-03-10T00:00:00Z", 3);
    walk("Pacific/Apia", "2011-12-28T00:00:00Z", 5);
    walk("Pacific/Kiritimati", "2026-02-27T00:00:00Z", 3);
}

#[test]
fn instants_out_of_range_have_windows() {
    for kind in [WindowKind::Hour, WindowKind::Day, WindowKind::Week, WindowKind::Month, WindowKind::Total] {
        for at in [UtcMicros(i64::MIN), UtcMicros(i64::MAX)] {
            let window = window_at(&TimeZone::UTC, kind, WeekStart::Monday, at);
            assert!(window.opens < window.closes, "{kind:?}");
        }
    }
}
