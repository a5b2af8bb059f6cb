//! Schedules: days of the week and times of the day.

use exchange_types::UtcMicros;
use jiff::tz::TimeZone;

use crate::document::{Node, Table};
use crate::schedule::Opening;
use crate::{Schedule, limits};

const DAYS: [(&str, u8); 7] =
    [("mon", 0), ("tue", 1), ("wed", 2), ("thu", 3), ("fri", 4), ("sat", 5), ("sun", 6)];
const EVERY_DAY: u8 = 0b111_1111;

/// Reads one opening or a list of them; a campaign without a schedule is always open.
pub(super) fn read(node: Option<Node<'_>>, zone: &TimeZone, now: UtcMicros) -> Schedule {
    let Some(node) = node else { return Schedule::always() };
    let items =
        if node.is_array() { node.items(limits::SCHEDULE_OPENINGS_MAX) } else { Some(vec![node.clone()]) };
    let items = items.unwrap_or_default();
    if items.is_empty() {
        node.error("has no openings", "paused = true, or leave it out to be always open");
    }
    let openings: Vec<Opening> = items.iter().filter_map(read_opening).collect();
    Schedule::new(openings, zone.clone(), now)
}

fn read_opening(node: &Node<'_>) -> Option<Opening> {
    let table = node.table()?;
    let days = match table.get("days") {
        Some(node) => read_days(&node),
        None => Some(EVERY_DAY),
    };
    let (from, to) = (read_time(&table, "from", 0), read_time(&table, "to", 24 * 60));
    table.finish();
    let opening = Opening { days: days?, from: from?, to: to? };
    if !opening.is_valid() {
        let remedy = "times from \"00:00\" to \"24:00\" that differ; leave both out for the whole day";
        node.error("opens and closes at the same time", remedy);
        return None;
    }
    Some(opening)
}

/// Reads `["mon-fri", "sun"]`; a range may run over the end of the week.
fn read_days(node: &Node<'_>) -> Option<u8> {
    let mut days = 0_u8;
    for item in node.items(DAYS.len())? {
        let text = item.text()?;
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let day = |name: &str| DAYS.iter().find(|(known, _)| *known == name).map(|&(_, day)| day);
        let (Some(first), Some(last)) = (day(first), day(last)) else {
            item.error(
                format!("\"{}\" is no day", text.escape_debug()),
                "mon, tue, wed, thu, fri, sat, sun, or a range such as \"mon-fri\"",
            );
            return None;
        };
        let mut day = first;
        days |= 1 << day;
        while day != last {
            day = (day + 1) % 7;
            days |= 1 << day;
        }
    }
    if days == 0 {
        node.error("has no days", "such as [\"mon-fri\"]; leave it out for every day");
        return None;
    }
    Some(days)
}

/// Reads a time of the day in minutes since midnight.
fn read_time(table: &Table<'_>, key: &'static str, default: u16) -> Option<u16> {
    let Some(node) = table.get(key) else { return Some(default) };
    let text = node.text()?;
    let minutes = parse_time(text).filter(|&minutes| minutes < 24 * 60 || key == "to");
    if minutes.is_none() {
        let last = if key == "to" { "24:00" } else { "23:59" };
        node.error(
            format!("\"{}\" is no time of the day", text.escape_debug()),
            format!("hours and minutes from \"00:00\" to \"{last}\""),
        );
    }
    minutes
}

fn parse_time(text: &str) -> Option<u16> {
    let [h0, h1, b':', m0, m1] = *text.as_bytes() else { return None };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
    let (hours, minutes) = (digit(h0)? * 10 + digit(h1)?, digit(m0)? * 10 + digit(m1)?);
    (minutes < 60 && hours * 60 + minutes <= 24 * 60).then(|| hours * 60 + minutes)
}
