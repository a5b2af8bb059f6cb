//! [`processor_time`]: how much processor time a process has used.

use std::fs;
use std::time::Duration;

/// Ticks of `/proc/PID/stat` in a second: `USER_HZ`, 100 on every Linux (`man 7 time`).
const TICKS_PER_SECOND: u64 = 100;

/// Returns user and system time of a process, which may have ended if it was not waited for yet.
pub(crate) fn processor_time(process: u32) -> Option<Duration> {
    read(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
}

/// Reads fields 14 and 15 (`man 5 proc_pid_stat`); the name before them may hold blanks and parentheses.
fn read(stat: &str) -> Option<Duration> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(Duration::from_millis((user + system) * (1_000 / TICKS_PER_SECOND)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_blanks_do_not_shift_the_fields() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 1 0 100 0 0";
        assert_eq!(read(stat), Some(Duration::from_secs(2)));
        assert_eq!(read("7 (a"), None);
    }
}
