//! What is done to the exchange, and when, drawn from the seed before the run begins.

use std::time::{Duration, Instant};

use super::draws::Draws;

/// One thing that is done to the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// SIGKILL, whenever.
    Kill,
    /// SIGKILL as soon as something was written to the journal.
    KillAtWrite,
    /// SIGKILL while the journal waits for a slow disk.
    KillAtSync,
    /// SIGTERM, and it drains.
    Drain,
    /// The disk fails to sync.
    SyncError,
    /// The disk syncs slowly for some seconds.
    SlowSync,
}

/// A fault and the time before it, in which the exchange is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) fault: Fault,
    /// The time before it in thousandths of the mean, from nothing to twice of it, so that a process is killed young
    /// and old.
    wait_thousandths: u32,
}

/// Hands out the waits of a run so that its steps fill the time, however long each of them takes.
#[derive(Debug)]
pub(crate) struct Pace {
    end: Instant,
    steps_left: u32,
    /// What the steps so far took, and how many they were.
    took: Duration,
    steps_done: u32,
}

const THOUSANDTHS: u64 = 1_000;
/// So many kills come with one of each other fault.
const KILLS_BESIDE_ONE: u64 = 12;

/// Returns the steps of a run with so many kills.
pub(crate) fn steps(kills: u64, draws: &mut Draws) -> Vec<Step> {
    let mut faults: Vec<Fault> = (0..kills).map(|_| kill(draws)).collect();
    let others = kills.div_ceil(KILLS_BESIDE_ONE).max(1);
    for _ in 0..others {
        faults.extend([Fault::Drain, Fault::SyncError, Fault::SlowSync]);
    }
    draws.shuffle(&mut faults);
    let step = |fault| Step {
        fault,
        wait_thousandths: u32::try_from(draws.below(2 * THOUSANDTHS)).unwrap_or_default(),
    };
    faults.into_iter().map(step).collect()
}

impl Pace {
    /// Starts a run of so many steps that is to end then.
    pub(crate) fn new(steps: usize, end: Instant) -> Self {
        let steps_left = u32::try_from(steps).unwrap_or(u32::MAX);
        Self { end, steps_left, took: Duration::ZERO, steps_done: 0 }
    }

    /// Returns how long to wait before a step that would begin now.
    pub(crate) fn wait(&self, step: Step, now: Instant) -> Duration {
        let for_each = self.end.saturating_duration_since(now) / self.steps_left.max(1);
        let mean = for_each.saturating_sub(self.took / self.steps_done.max(1));
        mean.saturating_mul(step.wait_thousandths) / u32::try_from(THOUSANDTHS).unwrap_or(u32::MAX)
    }

    /// Notes what a step took.
    pub(crate) fn done(&mut self, took: Duration) {
        self.took += took;
        self.steps_done += 1;
        self.steps_left = self.steps_left.saturating_sub(1);
    }
}

/// Half of the kills come at random, most of the others right after a write to the journal.
fn kill(draws: &mut Draws) -> Fault {
    match draws.below(10) {
        0..5 => Fault::Kill,
        5..9 => Fault::KillAtWrite,
        _ => Fault::KillAtSync,
    }
}

impl Fault {
    /// Returns what the diary and the report call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill -9 at random",
            Self::KillAtWrite => "kill -9 after a write to the journal",
            Self::KillAtSync => "kill -9 during a slow fsync",
            Self::Drain => "SIGTERM",
            Self::SyncError => "fsync error",
            Self::SlowSync => "slow fsync",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_has_its_kills_and_some_of_every_other_fault() {
        for (kills, others) in [(0, 1), (6, 1), (100, 9)] {
            let steps = steps(kills, &mut Draws::new(7));
            let count = |fault: &dyn Fn(Fault) -> bool| steps.iter().filter(|step| fault(step.fault)).count();
            let is_kill = |fault| matches!(fault, Fault::Kill | Fault::KillAtWrite | Fault::KillAtSync);
            assert_eq!(count(&is_kill), usize::try_from(kills).expect("few"));
            for other in [Fault::Drain, Fault::SyncError, Fault::SlowSync] {
                assert_eq!(count(&|fault| fault == other), others);
            }
        }
    }

    #[test]
    fn the_steps_fill_the_time() {
        let steps = |seed| steps(200, &mut Draws::new(seed));
        assert_eq!(steps(1), steps(1));
        assert_ne!(steps(1), steps(2));
        let (began, time) = (Instant::now(), Duration::from_mins(10));
        for took in [Duration::ZERO, Duration::from_secs(2), Duration::from_secs(4)] {
            let steps = steps(1);
            let mut pace = Pace::new(steps.len(), began + time);
            let mut now = began;
            for step in &steps {
                now += pace.wait(*step, now) + took;
                pace.done(took);
            }
            // Steps that take longer than there is time are made all the same, one after the other.
            let least = took * u32::try_from(steps.len()).expect("few");
            let all = now.saturating_duration_since(began);
            assert!(time.mul_f64(0.95) < all && all < time.max(least).mul_f64(1.05), "{took:?}: {all:?}");
        }
    }
}
