//! `cargo xtask stages`: what durability costs a sale, stage by stage, and how long a restart takes.
//!
//! Two settings of the journal are measured in turn: one waits for the disk, one for the operating system. The times
//! are those that the exchange itself recorded, read from the accounts of the auctions. `docs/benchmarks.md` says how
//! to read the result.

mod market;
mod report;
mod restart;
mod times;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::{Args, ValueEnum};

use crate::chaos::programs::Programs;
use crate::folder::Folder;
use crate::interrupt::Interrupt;
use crate::versus::machine;
use market::{Buyers, Market, Place};
use report::{Report, Round};
use restart::Restarts;
use times::Times;

/// Of a hundred sales so many may have gone another way than by one post. They are left out; with more of them, what
/// is left would not be the exchange at work but a machine that is too busy.
const OTHERS_MAX_PERCENT: usize = 1;

/// What the measurement can be asked for.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Leads that each setting sells in each round; 0 to measure restarts alone
    #[arg(long, value_name = "NUMBER", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(..=100_000))]
    leads: u32,
    /// Leads a second
    #[arg(long, value_name = "NUMBER", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// How often every setting is measured
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// What the journal waits for; with `both`, the two are measured in turn
    #[arg(long, value_enum, default_value_t)]
    durability: Durability,
    /// Records in the journal with which restarts are timed; 0 to leave that out
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000)]
    records: u64,
    /// An exchange that is there already, instead of building it
    #[arg(long, value_name = "FILE")]
    exchange: Option<PathBuf>,
    /// Leave the folder with the journal of the restarts, to look into it
    #[arg(long)]
    keep: bool,
    /// File for the result as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What the journal waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Durability {
    /// The disk.
    Sync,
    /// The operating system.
    Os,
    /// Each in turn.
    #[default]
    Both,
}

/// What one setting of the journal is called in the configuration.
type Setting = &'static str;

const SYNC: Setting = "sync";
const OS: Setting = "os";

/// Builds the programs, sells in rounds, times restarts, and prints the tables.
///
/// # Errors
///
/// Fails if a program does not build, start or end as it should, or if leads were not sold as they have to be: then
/// there is no figure.
pub(crate) fn run(root: &Path, options: &Options) -> anyhow::Result<ExitCode> {
    println!("building the exchange, its buyers and the load with optimisation");
    let programs = Programs::build(root, options.exchange.as_deref())?;
    let interrupt = Interrupt::catch()?;
    let machine = machine::describe();
    println!("{}", machine.text());
    let mut report = Report::new(machine);
    if options.leads > 0 {
        for number in 1..=options.rounds {
            for setting in settings(options.durability, number) {
                let round = sell(root, &programs, options, setting, &interrupt)
                    .with_context(|| format!("durability {setting} in round {number}"))?;
                println!("round {number}: {}", round.text());
                report.add(round);
            }
        }
    }
    if options.records > 0 {
        let folder = Folder::create()?;
        let place = Place::create(root, &programs, folder.path(), OS)?;
        report.restarts = Some(Restarts::time(&place, options.records, &interrupt)?);
        if options.keep {
            println!("the journal stays in {}", folder.path().display());
        } else {
            folder.remove()?;
        }
    }
    print!("\n{}", report.text());
    if let Some(file) = &options.json {
        let text = format!("{:#}\n", report.json());
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns who is measured in a round, in this order. The order turns with every round: whatever one leaves behind in
/// the disk's queues meets the other as often.
fn settings(durability: Durability, round: u32) -> Vec<Setting> {
    match durability {
        Durability::Sync => vec![SYNC],
        Durability::Os => vec![OS],
        Durability::Both if round.is_multiple_of(2) => vec![OS, SYNC],
        Durability::Both => vec![SYNC, OS],
    }
}

/// Sells leads with a fresh exchange, and reads what it recorded of them.
fn sell(
    root: &Path,
    programs: &Programs,
    options: &Options,
    setting: Setting,
    interrupt: &Interrupt,
) -> anyhow::Result<Round> {
    let folder = Folder::create()?;
    let place = Place::create(root, programs, folder.path(), setting)?;
    let load_average = load_average();
    let buyers = Buyers::start(&place)?;
    let market = Market::open(&place, Some(&buyers), interrupt)?;
    market.sell_at(options.rate, options.leads)?;
    market.await_store(interrupt)?;
    let accounts = market.accounts_of_sold()?;
    let times: Vec<Times> = accounts.iter().filter_map(Times::of_account).collect();
    market.stop()?;
    buyers.stop()?;
    let leads = usize::try_from(options.leads)?;
    let others = leads.saturating_sub(times.len());
    ensure!(
        others * 100 <= leads * OTHERS_MAX_PERCENT,
        "{others} of {leads} leads were not sold by their first post; the logs are in {}",
        folder.path().display()
    );
    folder.remove()?;
    Ok(Round { setting, load_average, others, times })
}

/// Returns how many programs wanted a processor in the last minute, on average; empty where the system does not say.
fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_turns_with_every_round() {
        assert_eq!(settings(Durability::Both, 1), [SYNC, OS]);
        assert_eq!(settings(Durability::Both, 2), [OS, SYNC]);
        assert_eq!(settings(Durability::Both, 3), [SYNC, OS]);
        assert_eq!(settings(Durability::Os, 2), [OS]);
        assert_eq!(settings(Durability::Sync, 2), [SYNC]);
    }
}
