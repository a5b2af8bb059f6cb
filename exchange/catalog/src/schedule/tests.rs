use jiff::civil::date;
use proptest::prelude::*;

use super::*;

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 1_440 * MINUTE;

fn zone(name: &str) -> TimeZone {
    jiff::tz::db().get(name).expect("a zone of the bundled database")
}

fn opening(days: u8, from: &str, to: &str) -> Opening {
    let minutes = |text: &str| -> u16 {
        let (hours, minutes) = text.split_once(':').expect("a time");
        hours.parse::<u16>().expect("hours") * 60 + minutes.parse::<u16>().expect("minutes")
    };
    Opening { days, from: minutes(from), to: minutes(to) }
}

/// Returns an instant from the wall clock of UTC.
fn utc(text: &str) -> UtcMicros {
    UtcMicros(text.parse::<Timestamp>().expect("an RFC 3339 time").as_microsecond())
}

#[track_caller]
fn check_changes(schedule: &Schedule, from: &str, expected: &[&str]) {
    let mut at = utc(from);
    let mut changes = Vec::new();
    for _ in expected {
        at = schedule.next_change(at).expect("another change");
        changes.push(at.to_string().replace(".000Z", "Z"));
    }
    assert_eq!(changes, expected);
}

#[test]
fn a_schedule_follows_the_wall_clock_of_its_zone() {
    let now = utc("2026-11-20T00:00:00Z");
    let workdays = Schedule::new(vec![opening(0b001_1111, "08:00", "20:00")], zone("Europe/Berlin"), now);
    assert!(!workdays.is_open(utc("2026-11-20T06:59:59Z")));
    assert!(workdays.is_open(utc("2026-11-20T07:00:00Z")));
    assert!(!workdays.is_open(utc("2026-11-20T19:00:00Z")));
    assert!(!workdays.is_open(utc("2026-11-21T12:00:00Z")));
    let expected =
        ["2026-11-20T07:00:00Z", "2026-11-20T19:00:00Z", "2026-11-23T07:00:00Z", "2026-11-23T19:00:00Z"];
    check_changes(&workdays, "2026-11-20T00:00:00Z", &expected);
    assert_eq!(workdays.horizon(), UtcMicros(now.0 + 35 * DAY));
}

#[test]
fn an_overnight_opening_ends_on_the_next_day() {
    let saturday = Schedule::new(
        vec![opening(0b010_0000, "22:00", "06:00")],
        TimeZone::UTC,
        utc("2026-11-20T00:00:00Z"),
    );
    check_changes(&saturday, "2026-11-20T00:00:00Z", &["2026-11-21T22:00:00Z", "2026-11-22T06:00:00Z"]);
    let begun = saturday.refresh(utc("2026-11-22T01:00:00Z"));
    assert!(begun.is_open(utc("2026-11-22T01:00:00Z")));
    check_changes(&begun, "2026-11-22T01:00:00Z", &["2026-11-22T06:00:00Z", "2026-11-28T22:00:00Z"]);
}

#[test]
fn days_of_23_and_25_hours_keep_their_wall_clock() {
    let berlin =
        |now| Schedule::new(vec![opening(0b111_1111, "02:30", "04:00")], zone("Europe/Berlin"), utc(now));
    // On 2026-03-29 the clock jumps from 02:00 to 03:00: the opening begins with the jump.
    let spring =
        ["2026-03-28T01:30:00Z", "2026-03-28T03:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"];
    check_changes(&berlin("2026-03-28T00:00:00Z"), "2026-03-28T00:00:00Z", &spring);
    // On 2026-10-25 it goes back from 03:00 to 02:00, and the hour comes twice.
    let autumn =
        ["2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z", "2026-10-25T03:00:00Z"];
    check_changes(&berlin("2026-10-24T12:00:00Z"), "2026-10-24T12:00:00Z", &autumn);
}

#[test]
fn what_never_closes_never_changes() {
    assert_eq!(Schedule::always().next_change(UtcMicros(0)), None);
    assert!(Schedule::always().is_open(UtcMicros(i64::MAX)));
    let whole =
        Schedule::new(vec![opening(0b111_1111, "00:00", "24:00")], zone("Europe/Berlin"), UtcMicros(0));
    assert_eq!(whole.next_change(UtcMicros(0)), None);
    assert!(whole.is_open(utc("2026-11-20T00:00:00Z")));
}

#[test]
fn times_that_no_calendar_has_are_closed() {
    let schedule = Schedule::new(vec![opening(1, "08:00", "20:00")], TimeZone::UTC, UtcMicros(i64::MAX));
    assert!(!schedule.is_open(UtcMicros(i64::MAX)));
    assert_eq!(schedule.next_change(UtcMicros(i64::MIN)), None);
}

/// Zones with transitions at midnight, of half an hour, in the south, and none at all.
const ZONES: [&str; 8] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Africa/Cairo",
    "Asia/Kolkata",
    "America/St_Johns",
    "Africa/Casablanca",
];

fn openings() -> impl Strategy<Value = Opening> {
    (1_u8..128, 0_u16..1_440, 0_u16..=1_440)
        .prop_map(|(days, from, to)| Opening { days, from, to })
        .prop_filter("an opening has a length", |opening| opening.is_valid())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// Over a year, from any start: the worked out instants say what the rules say, minute by minute around
    /// each change of the clocks and at random else; and between two changes nothing changes.
    #[test]
    fn instants_agree_with_the_rules(
        openings in prop::collection::vec(openings(), 1..4),
        zone_at in 0..ZONES.len(),
        start in 0_i64..365,
        samples in prop::collection::vec(0_i64..36 * DAY, 200),
    ) {
        let zone = zone(ZONES.get(zone_at).expect("a zone of the list"));
        let first = date(2026, 1, 1).to_zoned(TimeZone::UTC).expect("a day").timestamp().as_microsecond();
        let now = UtcMicros(first + start * DAY + 7 * MINUTE);
        let schedule = Schedule::new(openings, zone.clone(), now);
        let around = |at: i64| (-120..=120).map(move |minutes| at + minutes * MINUTE);
        let jumps = zone.following(Timestamp::from_microsecond(now.0).expect("in range")).take(1);
        let near_jump = jumps.flat_map(|jump| around(jump.timestamp().as_microsecond()));
        for at in samples.into_iter().map(|offset| now.0 + offset).chain(near_jump).map(UtcMicros) {
            prop_assert_eq!(schedule.is_open(at), schedule.is_open_by_rules(at), "{}", at);
        }
        let mut at = now;
        for _ in 0..30 {
            let Some(next) = schedule.next_change(at) else { break };
            prop_assert!(at < next);
            let middle = UtcMicros(at.0 + (next.0 - at.0) / 2);
            prop_assert_eq!(schedule.is_open_by_rules(middle), schedule.is_open_by_rules(at), "{}", middle);
            prop_assert_ne!(schedule.is_open_by_rules(next), schedule.is_open_by_rules(at), "{}", next);
            at = next;
        }
    }
}
