//! The commands of this repository: `cargo xtask <command>`.
//!
//! `ci` is the whole check, the same on a desk and on the build machine.
//! `tidy` holds the repository's rules.
//! Each command is a module beside this file with one `run`.
#![expect(clippy::print_stdout, reason = "a command line speaks to its user")]

mod ci;
mod tidy;
mod tree;

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
    /// Sets up what the checks need and runs all of them.
    Ci,
    /// Checks the rules of the repository: layers, purity, names, sizes, links.
    Tidy,
}

fn main() -> anyhow::Result<ExitCode> {
    let root = repository_root();
    match Arguments::parse().command {
        Command::Ci => ci::run(&root),
        Command::Tidy => tidy::run(&root),
    }
}

/// Returns the folder above this crate.
fn repository_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
