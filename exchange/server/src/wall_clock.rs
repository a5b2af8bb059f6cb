//! The wall clock: the one place where this program reads the time of day.

use std::time::{SystemTime, UNIX_EPOCH};

use exchange_types::UtcMicros;

/// Returns the time of day.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads it")]
pub fn utc_now() -> UtcMicros {
    let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros),
    };
    UtcMicros(micros)
}
