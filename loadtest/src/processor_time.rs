//! [`ProcessorTime`]: how much processor time a process has used, in all and by thread.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

/// Ticks of `/proc/PID/stat` in a second: `USER_HZ`, 100 on every Linux (`man 7 time`).
const TICKS_PER_SECOND: u64 = 100;

/// A process to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedProcess {
    /// The name in the report.
    pub name: String,
    /// Its process id.
    pub pid: u32,
}

/// The processor time of a process up to a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProcessorTime {
    /// User and system time in all, threads that ended included; in steps of 10 ms.
    pub(crate) total: Duration,
    /// Time on a processor by thread name, of the threads that live; in nanoseconds.
    pub(crate) threads: BTreeMap<String, Duration>,
}

impl ProcessorTime {
    /// Reads the time of a process.
    ///
    /// # Errors
    ///
    /// Fails if there is no such process, or this is no Linux.
    pub(crate) fn read(pid: u32) -> io::Result<Self> {
        let process = Path::new("/proc").join(pid.to_string());
        let total = total(&std::fs::read_to_string(process.join("stat"))?)
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
        let mut threads: BTreeMap<String, Duration> = BTreeMap::new();
        for thread in std::fs::read_dir(process.join("task"))? {
            let thread = thread?.path();
            // A thread may end between the listing and the reading.
            let (Ok(name), Ok(schedule)) = (
                std::fs::read_to_string(thread.join("comm")),
                std::fs::read_to_string(thread.join("schedstat")),
            ) else {
                continue;
            };
            let nanos = schedule.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or_default();
            *threads.entry(name.trim_end().to_owned()).or_default() += Duration::from_nanos(nanos);
        }
        Ok(Self { total, threads })
    }

    /// Returns the time used since an earlier reading.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let used = |(name, time): (&String, &Duration)| {
            let before = earlier.threads.get(name).copied().unwrap_or_default();
            (name.clone(), time.saturating_sub(before))
        };
        Self {
            total: self.total.saturating_sub(earlier.total),
            threads: self.threads.iter().map(used).collect(),
        }
    }

    /// Returns the best figure for the whole process: the sum over threads, which is finer, unless
    /// threads that ended make it too small by more than a tick each way.
    pub(crate) fn used(&self) -> Duration {
        let sum: Duration = self.threads.values().sum();
        let coarse_by = Duration::from_millis(2 * 1_000 / TICKS_PER_SECOND);
        if sum + coarse_by < self.total { self.total } else { sum }
    }
}

/// Reads user and system time from `/proc/PID/stat` (`man 5 proc_pid_stat`: fields 14 and 15).
fn total(stat: &str) -> Option<Duration> {
    // The second field is the name in parentheses, which may itself hold spaces and parentheses.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * (1_000 / TICKS_PER_SECOND)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_spaces_do_not_shift_the_fields() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 1 0 100 0 0";
        assert_eq!(total(stat), Some(Duration::from_secs(2)));
        assert_eq!(total("7 (a"), None);
    }

    #[test]
    fn this_process_has_a_time_and_threads() {
        let time = ProcessorTime::read(std::process::id()).expect("this process lives");
        assert!(!time.threads.is_empty());
        assert!(ProcessorTime::read(u32::MAX).is_err());
    }

    #[test]
    fn the_difference_counts_by_thread() {
        let time = |seconds: u64, threads: &[(&str, u64)]| ProcessorTime {
            total: Duration::from_secs(seconds),
            threads: threads.iter().map(|&(name, s)| (name.to_owned(), Duration::from_secs(s))).collect(),
        };
        let used = time(9, &[("shard-0", 5), ("journal", 2)]).since(&time(3, &[("shard-0", 2)]));
        assert_eq!(used, time(6, &[("shard-0", 3), ("journal", 2)]));
        assert_eq!(used.used(), Duration::from_secs(6));
        assert_eq!(time(5, &[("shard-0", 5)]).used(), Duration::from_secs(5));
    }
}
