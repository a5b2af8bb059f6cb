//! `cargo xtask versus`: processor time of an auction, beside peers, in one interleaved run.
//!
//! Absolute figures move with the machine and with what else runs on it; ratios of one run hold. So every round
//! measures every contender, one after the other, and ratios are taken within a round.
//! `docs/benchmarks.md` says how to read the result.

pub(crate) mod busy;
mod contender;
mod load;
pub(crate) mod machine;
mod programs;
mod report;
mod sample;
pub(crate) mod spread;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use crate::folder::Folder;
use contender::Contender;
use load::Load;
use programs::Programs;
use report::Report;

/// Auctions under way at a time.
pub(crate) const IN_FLIGHT: u32 = 64;
/// Buyers that are asked for every lead.
pub(crate) const BUYERS: u64 = 10;

/// What the comparison can be asked for.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// How often every contender is measured
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Measure each for three seconds instead of ten, which spreads more
    #[arg(long)]
    short: bool,
    /// File for the result as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Builds everything with optimisation, measures in rounds, and prints the table.
///
/// # Errors
///
/// Fails if something does not build or start, or if an auction was not complete: then there is no figure.
pub(crate) fn run(root: &Path, options: &Options) -> anyhow::Result<ExitCode> {
    println!("building the exchange, its peers, the buyers and the load with optimisation");
    let programs = Programs::build(root)?;
    let (warm_up, measured) = if options.short { (1, 3) } else { (2, 10) };
    let load = Load { warm_up: Duration::from_secs(warm_up), measured: Duration::from_secs(measured) };
    let machine = machine::describe();
    println!("{}", machine.text());
    let mut report = Report::new(machine, command_line());
    for round in 1..=options.rounds {
        for contender in Contender::ALL {
            // A folder each: nothing of one run is left for the next.
            let folder = Folder::create()?;
            let sample = load
                .run(root, &programs, contender, folder.path())
                .with_context(|| format!("{} in round {round}", contender.name()))?;
            folder.remove()?;
            println!("round {round}: {:<14} {}", contender.name(), sample.text());
            report.add(contender, sample);
        }
    }
    print!("\n{}", report.table());
    if let Some(file) = &options.json {
        let text = format!("{:#}\n", report.json());
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the command as it was given, for the report.
fn command_line() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    format!("cargo xtask {}", arguments.join(" "))
}
