//! `exchange-sim`: runs seeds and says which broke a promise, and how to run it again.

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use exchange_sim::{Fault, Options, Promise, Report, run};

const USAGE: &str = "usage: exchange-sim [--seeds N] [--first S] [--trace]";

/// What is asked on the command line.
#[derive(Clone, Copy)]
struct Arguments {
    first: u64,
    seeds: u64,
    trace: bool,
}

fn main() -> ExitCode {
    let Some(arguments) = read(std::env::args().skip(1)) else {
        return say(USAGE, ExitCode::from(2));
    };
    let mut steps = 0_u64;
    let mut checks = 0_u64;
    for seed in arguments.first..arguments.first.saturating_add(arguments.seeds) {
        let options = Options { seed, tie_seed: seed, spread: false, fault: Fault::None };
        let Ok(report) = catch_unwind(AssertUnwindSafe(|| run(options))) else {
            return say(
                &format!("seed {seed}: the node panicked (above)\n{}", replay(seed)),
                ExitCode::FAILURE,
            );
        };
        if arguments.trace {
            say(&report.trace.lines().join("\n"), ExitCode::SUCCESS);
        }
        if report.verdicts.broken().is_some() {
            return say(&complaint(seed, &report), ExitCode::FAILURE);
        }
        steps = steps.saturating_add(report.trace.step());
        checks = Promise::CHECKED
            .iter()
            .fold(checks, |sum, promise| sum.saturating_add(report.verdicts.count(*promise)));
    }
    say(
        &format!("{} seeds, {steps} steps, {checks} checks: every promise kept", arguments.seeds),
        ExitCode::SUCCESS,
    )
}

fn read(mut given: impl Iterator<Item = String>) -> Option<Arguments> {
    let mut arguments = Arguments { first: 0, seeds: 200, trace: false };
    while let Some(flag) = given.next() {
        match flag.as_str() {
            "--seeds" => arguments.seeds = given.next()?.parse().ok()?,
            "--first" => arguments.first = given.next()?.parse().ok()?,
            "--trace" => arguments.trace = true,
            _ => return None,
        }
    }
    Some(arguments)
}

fn complaint(seed: u64, report: &Report) -> String {
    let broken = report.verdicts.broken().map(ToString::to_string).unwrap_or_default();
    let latest = report.trace.latest().join("\n");
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
