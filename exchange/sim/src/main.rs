//! `exchange-sim`: runs seeds and says which broke a promise, and how to run it again.

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use exchange_sim::{Fault, Options, Promise, Report, run};

/// Failing seeds after which the rest is not run.
const FAILED_MAX: u64 = 20;
const USAGE: &str = "usage: exchange-sim [--seeds N] [--first S] [--trace] [--calm]";

/// What is asked on the command line.
#[derive(Clone, Copy)]
struct Arguments {
    first: u64,
    seeds: u64,
    trace: bool,
    calm: bool,
}

fn main() -> ExitCode {
    let Some(arguments) = read(std::env::args().skip(1)) else {
        return say(USAGE, ExitCode::from(2));
    };
    let mut sum = Sum::default();
    for seed in arguments.first..arguments.first.saturating_add(arguments.seeds) {
        let options =
            Options { seed, tie_seed: seed, spread: false, calm: arguments.calm, fault: Fault::None };
        let report = catch_unwind(AssertUnwindSafe(|| run(options)));
        let failed = match &report {
            Ok(report) if arguments.trace => {
                say(&report.trace.lines().join("\n"), ExitCode::SUCCESS);
                report.verdicts.broken().is_some()
            }
            Ok(report) => report.verdicts.broken().is_some(),
            Err(_) => true,
        };
        if failed {
            sum.failed = sum.failed.saturating_add(1);
            // The first one in full, of the others what it takes to run them again.
            let whole = sum.failed == 1 && !arguments.trace;
            say(&complaint(seed, report.as_ref().ok(), whole), ExitCode::FAILURE);
        }
        if sum.failed >= FAILED_MAX {
            return say("too many failures: the rest is not run", ExitCode::FAILURE);
        }
        if let Ok(report) = report {
            sum.add(&report);
        }
    }
    sum.tell(arguments.seeds)
}

/// What came of all seeds.
#[derive(Default)]
struct Sum {
    steps: u64,
    checks: u64,
    starts: u64,
    disk_failures: u64,
    clock_jumps: u64,
    failed: u64,
}

impl Sum {
    fn add(&mut self, report: &Report) {
        self.steps = self.steps.saturating_add(report.trace.step());
        self.starts = self.starts.saturating_add(report.starts);
        self.disk_failures = self.disk_failures.saturating_add(report.disk_failures);
        self.clock_jumps = self.clock_jumps.saturating_add(report.clock_jumps);
        let counts = Promise::CHECKED.iter().map(|promise| report.verdicts.count(*promise));
        self.checks = counts.fold(self.checks, u64::saturating_add);
    }

    fn tell(&self, seeds: u64) -> ExitCode {
        let Self { steps, checks, starts, disk_failures, clock_jumps, failed } = self;
        let text = format!(
            "{seeds} seeds, {starts} restarts, {disk_failures} failures of the disk, {clock_jumps} jumps of the \
             clock, {steps} steps, {checks} checks"
        );
        if *failed > 0 {
            return say(&format!("{text}: {failed} seeds broke a promise"), ExitCode::FAILURE);
        }
        say(&format!("{text}: every promise kept"), ExitCode::SUCCESS)
    }
}

fn read(mut given: impl Iterator<Item = String>) -> Option<Arguments> {
    let mut arguments = Arguments { first: 0, seeds: 200, trace: false, calm: false };
    while let Some(flag) = given.next() {
        match flag.as_str() {
            "--seeds" => arguments.seeds = given.next()?.parse().ok()?,
            "--first" => arguments.first = given.next()?.parse().ok()?,
            "--calm" => arguments.calm = true,
            "--trace" => arguments.trace = true,
            _ => return None,
        }
    }
    Some(arguments)
}

fn complaint(seed: u64, report: Option<&Report>, whole: bool) -> String {
    let Some(report) = report else {
        return format!("seed {seed}: the node panicked (above)\n{}", replay(seed));
    };
    let broken = report.verdicts.broken().map(ToString::to_string).unwrap_or_default();
    let latest = if whole { report.trace.latest().join("\n") } else { String::new() };
    format!("{latest}\nseed {seed}, step {}: {broken}\n{}", report.trace.step(), replay(seed))
}

fn replay(seed: u64) -> String {
    format!("again: cargo run -p exchange-sim -- --first {seed} --seeds 1 --trace")
}

/// Prints a text; a reader that went away is no failure of the run.
fn say(text: &str, code: ExitCode) -> ExitCode {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
    code
}
