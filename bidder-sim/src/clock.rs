//! The one place that reads the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the Unix time in microseconds.
#[expect(clippy::disallowed_methods, reason = "this is the one place of the program that reads it")]
pub(crate) fn unix_micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
