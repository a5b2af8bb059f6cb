//! When an event is tried again, and when it is given up.

use exchange_types::{Nanos, UtcMicros};

/// Until the second attempt; each further wait is twice the one before.
const WAIT_MIN: Nanos = Nanos::from_secs(5);
/// The longest wait.
const WAIT_MAX: Nanos = Nanos::from_secs(3_600);
/// After so long an event is given up: a weekend without anybody who looks after the seller's server.
const GIVEN_UP_AFTER: Nanos = Nanos::from_secs(72 * 3_600);

/// Returns when an event is tried again that has just failed after so many attempts before; nothing where it is
/// given up.
pub(super) fn next_attempt(attempts_before: u32, at: UtcMicros, now: UtcMicros) -> Option<UtcMicros> {
    let factor = 1_u64.checked_shl(attempts_before).unwrap_or(u64::MAX);
    let wait = Nanos(WAIT_MIN.0.saturating_mul(factor)).min(WAIT_MAX);
    let next = now.saturating_add(wait);
    (next <= at.saturating_add(GIVEN_UP_AFTER)).then_some(next)
}

/// Returns from when on events are looked at: none that is older is tried again.
pub(super) fn oldest_wanted(now: UtcMicros) -> UtcMicros {
    let micros = i64::try_from(GIVEN_UP_AFTER.as_micros()).unwrap_or(i64::MAX);
    UtcMicros(now.0.saturating_sub(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn waits_double_up_to_an_hour() {
        let at = UtcMicros(1_000 * SECOND);
        for (attempts, seconds) in [
            (0, 5),
            (1, 10),
            (2, 20),
            (9, 2_560),
            (10, 3_600),
            (11, 3_600),
            (63, 3_600),
            (64, 3_600),
            (u32::MAX, 3_600),
        ] {
            let next = next_attempt(attempts, at, at).expect("not given up");
            assert_eq!(next.0 - at.0, seconds * SECOND, "after {attempts} attempts");
        }
    }

    #[test]
    fn after_three_days_it_is_given_up() {
        let at = UtcMicros(0);
        let end = 72 * 3_600 * SECOND;
        assert_eq!(next_attempt(20, at, UtcMicros(end - 3_600 * SECOND)), Some(UtcMicros(end)));
        assert_eq!(next_attempt(20, at, UtcMicros(end - 3_600 * SECOND + 1)), None);
        assert_eq!(oldest_wanted(UtcMicros(end)), at);
    }
}
