//! One value against its bounds. What is wrong is reported and gives way to the default.

use core::fmt::Display;
use core::time::Duration;
use std::path::PathBuf;

use exchange_types::Pace;

use crate::config::ByteCount;
use crate::config::findings::Findings;
use crate::config::given::{Given, Place};
use crate::config::length_of_time::{self, LengthOfTime};

/// Returns the place of a value, or the file as a whole where it was left to its default.
pub(super) fn place_of<T>(given: Option<&Given<T>>, file: &str, path: &str) -> Place {
    given.map_or_else(|| Place::whole_file(file, path), |given| given.place.clone())
}

/// Returns a whole number within its bounds.
pub(super) fn within<T>(
    given: Option<Given<i64>>,
    [min, max]: [T; 2],
    default: T,
    findings: &mut Findings,
) -> T
where
    T: TryFrom<i64> + PartialOrd + Copy + Display,
{
    let Some(Given { value, place }) = given else { return default };
    match T::try_from(value).ok().filter(|value| (min..=max).contains(value)) {
        Some(value) => value,
        None => out_of_range(&place, value, [min, max], default, findings),
    }
}

/// Returns a size within its bounds.
pub(super) fn size(
    given: Option<Given<String>>,
    range: [ByteCount; 2],
    default: ByteCount,
    findings: &mut Findings,
) -> ByteCount {
    let Some(Given { value, place }) = given else { return default };
    let [min, max] = range;
    match ByteCount::parse(&value) {
        Some(size) if (min..=max).contains(&size) => size,
        Some(size) => out_of_range(&place, size, range, default, findings),
        None => {
            findings.error(&place, format!("\"{}\" is no size", value.escape_debug()), ByteCount::EXAMPLE);
            default
        }
    }
}

/// Returns a length of time within its bounds.
pub(super) fn length(
    given: Option<Given<String>>,
    [min, max]: [Duration; 2],
    default: Duration,
    findings: &mut Findings,
) -> Duration {
    let Some(Given { value, place }) = given else { return default };
    match length_of_time::parse(&value) {
        Some(length) if (min..=max).contains(&length) => length,
        Some(length) => {
            let range = [LengthOfTime(min), LengthOfTime(max)];
            out_of_range(&place, LengthOfTime(length), range, default, findings)
        }
        None => {
            let message = format!("\"{}\" is no length of time", value.escape_debug());
            findings.error(&place, message, length_of_time::EXAMPLE);
            default
        }
    }
}

/// Returns so many in a length of time; an empty text stands for no limit.
pub(super) fn pace(given: Option<Given<String>>, findings: &mut Findings) -> Option<Pace> {
    let Given { value, place } = given.filter(|given| !given.value.is_empty())?;
    let pace = Pace::parse(&value);
    if pace.is_none() {
        findings.error(&place, format!("\"{}\" is no pace", value.escape_debug()), Pace::EXAMPLE);
    }
    pace
}

/// Returns one of some words.
pub(super) fn one_of<T: Copy>(
    given: Option<Given<String>>,
    words: &[(&str, T)],
    default: T,
    findings: &mut Findings,
) -> T {
    let Some(Given { value, place }) = given else { return default };
    if let Some(&(_, found)) = words.iter().find(|(word, _)| *word == value) {
        return found;
    }
    let valid: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
    let message = format!("\"{}\" is not known here", value.escape_debug());
    findings.error(&place, message, format!("valid: {}", valid.join(", ")));
    default
}

fn out_of_range<T>(
    place: &Place,
    value: impl Display,
    [min, max]: [impl Display; 2],
    default: T,
    findings: &mut Findings,
) -> T {
    findings.error(place, format!("{value} is out of range"), format!("from {min} to {max}"));
    default
}

/// Returns a path; an empty text stands for none.
pub(super) fn path(
    given: Option<Given<String>>,
    example: &'static str,
    findings: &mut Findings,
) -> Option<PathBuf> {
    let Given { value, place } = given?;
    if value.contains('\0') {
        findings.error(&place, "is no path", format!("a path such as \"{example}\""));
        return None;
    }
    (!value.is_empty()).then(|| PathBuf::from(value))
}
