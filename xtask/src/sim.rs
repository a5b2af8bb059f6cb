//! `cargo xtask sim`: the simulator over many seeds, with optimisation.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use clap::Args;

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

/// Runs every seed. The simulator says which fail, and how each is run again.
///
/// # Errors
///
/// Fails if cargo cannot be run.
pub(crate) fn run(root: &Path, options: &Options) -> anyhow::Result<ExitCode> {
    let mut command = Command::new("cargo");
    command.args(["run", "-p", "exchange-sim", "--release", "--locked", "--quiet", "--"]);
    command.args(["--first", &options.first.to_string(), "--seeds", &options.seeds.to_string()]);
    let status = command.current_dir(root).status().context("cannot run cargo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
