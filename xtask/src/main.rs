//! The commands of this repository: `cargo xtask <command>`.
//!
//! `chaos` kills the exchange under load, again and again, and has the logs of all sides compared.
//! `ci` is the whole check, the same on a desk and on the build machine.
//! `demo` runs the exchange with simulated buyers and sells them sample leads.
//! `readme` runs the commands of the README.
//! `sim` runs the exchange in a simulated world.
//! `stages` measures what durability costs a sale, and how long a restart takes.
//! `tidy` holds the repository's rules.
//! `versus` measures the exchange beside its peers.
//! Each command is a module beside this file with one `run`.
#![expect(clippy::print_stdout, reason = "a command line speaks to its user")]

mod chaos;
mod ci;
mod demo;
mod folder;
mod http;
mod interrupt;
mod readme;
mod server;
mod sim;
mod stages;
mod tidy;
mod tree;
mod versus;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The commands of this repository.
#[derive(Parser, Debug)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Runs the released exchange under load while everything around it fails, and compares all logs.
    Chaos(chaos::Options),
    /// Sets up what the checks need and runs all of them.
    Ci,
    /// Starts an exchange with simulated buyers, sells sample leads and shows why each went as it did.
    Demo(demo::Options),
    /// Runs the commands of the README's path to a first buyer.
    Readme,
    /// Runs the exchange's node in simulated worlds, a seed each; prints the seeds that fail.
    Sim(sim::Options),
    /// Measures the stages of a sale with and without waiting for the disk, and times restarts.
    Stages(stages::Options),
    /// Checks the rules of the repository: layers, purity, names, sizes, links.
    Tidy,
    /// Measures the processor time of an auction beside the peers, in interleaved rounds.
    Versus(versus::Options),
}

fn main() -> anyhow::Result<ExitCode> {
    let root = repository_root();
    match Arguments::parse().command {
        Command::Chaos(options) => chaos::run(&root, &options),
        Command::Ci => ci::run(&root),
        Command::Demo(options) => demo::run(&root, &options),
        Command::Readme => readme::run(&root),
        Command::Sim(options) => sim::run(&root, &options),
        Command::Stages(options) => stages::run(&root, &options),
        Command::Tidy => tidy::run(&root),
        Command::Versus(options) => versus::run(&root, &options),
    }
}

/// Returns the folder above this crate.
fn repository_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
