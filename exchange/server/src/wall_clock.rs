//! The wall clock: the one place where this program reads the time of day.

use core::time::Duration;
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

/// Returns how long before `now` a file's time lies; nothing where it lies after it.
pub fn since(time: SystemTime, now: UtcMicros) -> Duration {
    let micros = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    let now = u128::try_from(now.0).unwrap_or(0);
    Duration::from_micros(u64::try_from(now.saturating_sub(micros)).unwrap_or(u64::MAX))
}
