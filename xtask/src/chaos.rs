//! `cargo xtask chaos`: the exchange as it is released, under load, while everything around it fails.
//!
//! Buyers and sellers are processes of their own, each with its log. What they say is compared with the exchange's
//! journal and ledger by a reconciler that shares no code with it (`xtask/reconciler/`, in Python). Two rounds: one
//! of kills, drains and failing syncs, one with a disk that fills up. `docs/chaos.md` says how to read the report.

mod diary;
mod draws;
pub(crate) mod exchange;
mod journal_watch;
mod market;
mod plan;
pub(crate) mod process;
pub(crate) mod programs;
mod reconcile;
mod round;
mod small_disk;
mod tracer;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::folder::Folder;
use crate::interrupt::Interrupt;
use draws::Draws;
use programs::Programs;
use round::{Round, Setting};

/// Kills a minute, unless another number is asked for.
const KILLS_A_MINUTE: u32 = 7;
/// The part of the time that the round with the full disk takes.
const DISK_PART: u32 = 10;
/// It takes at least so long, to come to the points that matter.
const DISK_TIME_MIN: Duration = Duration::from_secs(15);
/// It takes at most so long: what is written at five hundred leads a second in this time leaves room on the disk.
const DISK_TIME_MAX: Duration = Duration::from_secs(30);

/// What the run can be asked for.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// How long leads come, all rounds together
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1440))]
    minutes: u32,
    /// How often the exchange is killed; seven times a minute unless it is given
    #[arg(long, value_name = "NUMBER")]
    kills: Option<u32>,
    /// Leads a second
    #[arg(long, value_name = "NUMBER", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// Fixes the leads, the buyers' decisions and the order of the faults
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// What the exchange's journal waits for
    #[arg(long, value_enum, default_value_t)]
    durability: Durability,
    /// File for the report in Markdown; the same as JSON goes beside it
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// An exchange that is there already, instead of building it
    #[arg(long, value_name = "FILE")]
    exchange: Option<PathBuf>,
}

/// What the exchange's journal waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Durability {
    /// The disk.
    #[default]
    Sync,
    /// The operating system.
    Os,
}

/// Builds the programs, runs the rounds, and has their logs compared.
///
/// # Errors
///
/// Fails if a process does not start or end as it should, or a log cannot be read; the folder with the logs stays
/// then, as it does after a broken promise.
pub(crate) fn run(root: &Path, options: &Options) -> anyhow::Result<ExitCode> {
    println!("building the exchange, its buyers and its sellers with optimisation");
    let programs = Programs::build(root, options.exchange.as_deref())?;
    let interrupt = Interrupt::catch()?;
    let folder = Folder::create()?;
    println!("logs go to {}", folder.path().display());
    let setting = Setting {
        root,
        programs: &programs,
        interrupt: &interrupt,
        rate: options.rate,
        seed: options.seed,
        durability: if options.durability == Durability::Sync { "sync" } else { "os" },
    };
    let folders = run_rounds(&setting, options, folder.path())?;
    let is_clean = reconcile::compare(root, &folders, options.report.as_deref())?;
    if is_clean {
        folder.remove()?;
        return Ok(ExitCode::SUCCESS);
    }
    println!("promises were broken; the logs stay in {}", folder.path().display());
    Ok(ExitCode::FAILURE)
}

fn run_rounds(setting: &Setting<'_>, options: &Options, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let all = Duration::from_mins(1) * options.minutes;
    let disk_time = (all / DISK_PART).clamp(DISK_TIME_MIN, DISK_TIME_MAX);
    let time = all.saturating_sub(disk_time);
    let kills = options.kills.unwrap_or(options.minutes.saturating_mul(KILLS_A_MINUTE));
    let steps = plan::steps(u64::from(kills), &mut Draws::new(options.seed));

    let folders = [folder.join("faults"), folder.join("full-disk")];
    let [faults, full_disk] = &folders;
    for folder in &folders {
        DirBuilder::new().mode(0o700).create(folder)?;
    }
    println!("round 1: {} faults in {} s", steps.len(), time.as_secs());
    Round { setting, folder: faults.clone(), time }.of_faults(&steps)?;
    println!("round 2: a full disk, {} s", disk_time.as_secs());
    Round { setting, folder: full_disk.clone(), time: disk_time }.of_a_full_disk()?;
    Ok(folders.into())
}
