//! When a message is tried again, and when it is given up.

use exchange_types::{Nanos, UtcMicros};

/// Until the second attempt; each further wait is twice the one before.
const WAIT_MIN: Nanos = Nanos::from_secs(5);
/// The longest wait.
const WAIT_MAX: Nanos = Nanos::from_secs(3_600);
/// After so long a message is given up: a weekend without anybody who looks after the receiver's server.
const GIVEN_UP_AFTER: Nanos = Nanos::from_secs(72 * 3_600);

/// Returns when a message is tried again that has just failed after so many attempts before.
pub(super) fn next_attempt(attempts_before: u32, now: UtcMicros) -> UtcMicros {
    let factor = 1_u64.checked_shl(attempts_before).unwrap_or(u64::MAX);
    now.saturating_add(Nanos(WAIT_MIN.0.saturating_mul(factor)).min(WAIT_MAX))
}

/// Returns whether a message about something that happened then is tried no more.
pub(super) fn is_given_up(at: UtcMicros, now: UtcMicros) -> bool {
    now > at.saturating_add(GIVEN_UP_AFTER)
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
            let next = next_attempt(attempts, at);
            assert_eq!(next.0 - at.0, seconds * SECOND, "after {attempts} attempts");
        }
    }

    #[test]
    fn after_three_days_it_is_given_up() {
        let end = 72 * 3_600 * SECOND;
        assert!(!is_given_up(UtcMicros(0), UtcMicros(end)));
        assert!(is_given_up(UtcMicros(0), UtcMicros(end + 1)));
    }
}
