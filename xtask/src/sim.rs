//! `cargo xtask sim`: the simulator over many seeds, with optimisation.
//!
//! The simulator stops at a seed that fails; this goes on behind it, so that all failing seeds are known at once.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, bail};
use clap::Args;

/// Failing seeds after which it ends: by then it is plain that something is broken.
const FAILING_MAX: usize = 20;

/// What the run can be asked for.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// How many seeds
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000)]
    seeds: u64,
    /// The first of them
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    first: u64,
}

/// Runs every seed and prints those that fail, each with the command that runs it again.
///
/// # Errors
///
/// Fails if the simulator does not compile, or ends without naming the seed that failed.
pub(crate) fn run(root: &Path, options: &Options) -> anyhow::Result<ExitCode> {
    let end = options.first.saturating_add(options.seeds);
    let mut next = options.first;
    let mut failing = Vec::new();
    while next < end && failing.len() < FAILING_MAX {
        let Some(seed) = simulate(root, next, end - next)? else { break };
        failing.push(seed);
        next = seed.saturating_add(1);
    }
    if failing.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("\nseeds that fail, up to {FAILING_MAX}:");
    for seed in failing {
        println!("  cargo run -p exchange-sim --release -- --first {seed} --seeds 1 --trace");
    }
    Ok(ExitCode::FAILURE)
}

/// Runs seeds until one fails, and returns it.
fn simulate(root: &Path, first: u64, seeds: u64) -> anyhow::Result<Option<u64>> {
    let mut command = Command::new("cargo");
    command.args(["run", "-p", "exchange-sim", "--release", "--locked", "--quiet", "--"]);
    command.args(["--first", &first.to_string(), "--seeds", &seeds.to_string()]);
    command.current_dir(root).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut simulator = command.spawn().context("cannot run cargo")?;
    let mut failing = None;
    if let Some(stdout) = simulator.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            println!("{line}");
            failing = seed_of(&line).or(failing);
        }
    }
    let status = simulator.wait()?;
    match (status.success(), failing) {
        (true, _) => Ok(None),
        (false, Some(seed)) if seed >= first => Ok(Some(seed)),
        (false, _) => bail!("the simulator ended with {status} and named no seed"),
    }
}

/// Returns the seed that a line complains about.
fn seed_of(line: &str) -> Option<u64> {
    let rest = line.strip_prefix("seed ")?;
    let digits = rest.find([',', ':'])?;
    rest.get(..digits)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_is_found_in_the_complaint() {
        assert_eq!(seed_of("seed 17, step 4: a cap was broken"), Some(17));
        assert_eq!(seed_of("seed 18: the node panicked (above)"), Some(18));
        assert_eq!(seed_of("200 seeds, 9 steps: every promise kept"), None);
        assert_eq!(seed_of("seed of doubt: none"), None);
    }
}
